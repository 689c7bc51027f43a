import ssh2 from 'ssh2'

/** A pair that ssh2 can read: now and then it makes one that it cannot (1.17, ed25519). */
export function fakeHostKey(): { private: string; public: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519')
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair
  }
}
