import t from 'tap'
import {
  type Advertisement,
  decodeAdvertisement,
  encodeAdvertisement,
  hostLabel,
  isFingerprint,
  userName,
} from '../../common/advertisement.ts'

const key = `SHA256:${'A'.repeat(43)}`
const full: Advertisement = {
  id: '525400fffe123456',
  eui64: '525400fffe654321',
  host: 'NixOS',
  user: 'nixos',
  hostKeys: [key, `SHA256:${'b'.repeat(43)}`],
  boot: '0a1b2c3d',
  agent: '1.0.0',
  os: 'NixOS 26.05',
  flake: '/iso/devos',
}
const decode = (...strings: string[]) =>
  decodeAdvertisement(['txtvers=1', 'id=525400fffe123456', ...strings].map((s) => Buffer.from(s)))

t.test(
  'the record is written as promised, txtvers first, no key twice (RFC 6763 6.7, 6.4)',
  (t) => {
    t.same(encodeAdvertisement(full).map(String), [
      'txtvers=1',
      'id=525400fffe123456',
      'eui64=525400fffe654321',
      'host=NixOS',
      'user=nixos',
      `hostkey=${key}`,
      `hostkey2=SHA256:${'b'.repeat(43)}`,
      'boot=0a1b2c3d',
      'agent=1.0.0',
      'os=NixOS 26.05',
      'flake=/iso/devos',
    ])
    t.same(decodeAdvertisement(encodeAdvertisement(full)), full)
    t.end()
  },
)

t.test('nothing empty and no string above 255 bytes is written (RFC 6763 section 6.1)', (t) => {
  const flake = `/${'ä'.repeat(125)}`
  const strings = encodeAdvertisement({ ...full, hostKeys: [], os: undefined, boot: '', flake })
  t.same(
    strings.map((s) => String(s).split('=')[0]),
    ['txtvers', 'id', 'eui64', 'host', 'user', 'agent'],
  )
  t.end()
})

t.test(
  'keys compare without case, the first wins, unknown ones are ignored (RFC 6763 6.4)',
  (t) => {
    t.match(decode('HOST=NixOS', 'host=other', 'colour=red', 'novalue', '=x', ''), {
      host: 'NixOS',
    })
    t.equal(decode('host=-bad', 'host=good')?.host, '', 'a later one does not repair the first')
    t.end()
  },
)

t.test('a record without version 1 and a well-formed id is not an agent', (t) => {
  for (const strings of [
    [],
    ['txtvers=1'],
    ['id=525400fffe123456'],
    ['txtvers=2', 'id=525400fffe123456'],
    ['txtvers=1', 'id=525400FFFE123456'],
    ['txtvers=1', 'id=525400fffe12345'],
    ['txtvers=1', 'id=525400fffe1234567'],
    ['txtvers=1', 'id=525400fffe123456\n'],
    ['txtvers=1', 'id=../../etc/passwd'],
    ['txtvers=1', 'id=', 'id=525400fffe123456'],
  ])
    t.equal(decodeAdvertisement(strings.map((s) => Buffer.from(s))), undefined, strings.join())
  t.end()
})

t.test('values that could act on a terminal, a shell or ssh are dropped', (t) => {
  const nothing = {
    id: '525400fffe123456',
    eui64: '525400fffe123456',
    host: '',
    user: '',
    hostKeys: [],
    boot: '',
    agent: '',
    os: undefined,
    flake: undefined,
  }
  const keys = ['eui64', 'host', 'user', 'hostkey', 'boot', 'agent', 'os', 'flake']
  for (const value of ['\x1b[2J', 'a\nb', '\u202eevil', '-oProxyCommand=x', '', 'a\0b', '\u2028'])
    for (const each of keys)
      if (each !== 'os' || !value.startsWith('-')) t.same(decode(`${each}=${value}`), nothing, each)
  for (const pair of ['user=$(id)', 'user=a b', 'host=a.b', 'flake=relative', 'boot=0A1B2C3D'])
    t.same(decode(pair), nothing, pair)
  t.same(decode('__proto__=x', 'constructor=y', 'toString=z'), nothing)
  t.same(decodeAdvertisement([...encodeAdvertisement(nothing), Buffer.from([0xff, 0xfe])]), nothing)
  t.end()
})

t.test('64 KiB of the same key is read within a moment, and few of its values are kept', (t) => {
  const flood = Array.from({ length: 16_000 }, () => 'a=')
  const keys = Array.from({ length: 1_000 }, (_, index) => `hostkey${index || ''}=${key}`)
  const begin = process.cpuUsage()
  t.equal(decode(...flood, ...keys)?.hostKeys.length, 8, 'hostkey, hostkey2 to hostkey8')
  // Processor time in microseconds: others run beside it.
  t.ok(process.cpuUsage(begin).user < 250_000, 'not quadratic')
  t.end()
})

t.test('host labels (RFC 1123 section 2.1), login names and fingerprints', (t) => {
  for (const good of ['NixOS', 'a', '3com', 'nixos-1ae4b7', 'a'.repeat(63)])
    t.match(good, hostLabel)
  for (const bad of ['', '-a', 'a-', 'a.b', 'a_b', 'ä', 'a\n', 'a'.repeat(64)])
    t.notMatch(bad, hostLabel, bad)
  for (const good of ['nixos', '_ssh', 'a.b-c']) t.match(good, userName)
  for (const bad of ['', '-l', '1a', 'a b', 'a@b', 'a\n', 'a'.repeat(33)])
    t.notMatch(bad, userName, bad)
  t.ok(isFingerprint(key))
  for (const bad of [`${key}A`, key.slice(0, -1), `MD5:${'A'.repeat(43)}`, `${key}\n`])
    t.notOk(isFingerprint(bad), bad)
  t.end()
})
