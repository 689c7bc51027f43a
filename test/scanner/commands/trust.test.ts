import t from 'tap'
import { hostKeysIn, only } from '../../../scanner/commands/trust.ts'
import type { KnownMachine } from '../../../scanner/trust/machines.ts'

const ed25519 = 'AAAAC3NzaC1lZDI1NTE5AAAAIBv2rmx4mUfqUgX4X2GzHQvPzKxyXVzJmGwUgX2YBv0p'
const other = 'AAAAC3NzaC1lZDI1NTE5AAAAIAv2rmx4mUfqUgX4X2GzHQvPzKxyXVzJmGwUgX2YBv0p'

t.test(
  'host keys are found in a .pub file, in known_hosts, and in what ssh-keyscan prints',
  (t) => {
    for (const [text, keys] of [
      [`ssh-ed25519 ${ed25519} root@nixos\n`, [ed25519]],
      [`ssh-ed25519 ${ed25519}`, [ed25519]],
      [`installer-525400fffe123456 ssh-ed25519 ${ed25519} boot=0a1b2c3d\r\n`, [ed25519]],
      [
        `# fe80::1%eno1:22 SSH-2.0-OpenSSH_9.2\n[fe80::1%eno1]:22 ssh-ed25519 ${ed25519}\n\n|1|a|b ssh-ed25519 ${other}\n`,
        [ed25519, other],
      ],
      [`ssh-ed25519 ${ed25519}\nhost ssh-ed25519 ${ed25519}\n`, [ed25519]],
      [`# ssh-ed25519 ${ed25519}\n`, []],
      [`ssh-rsa ${ed25519}\n`, []],
      [`ssh-ed25519 ${ed25519.slice(0, 20)}!\n`, []],
      [`${ed25519}\n`, []],
      ['ssh-ed25519\n', []],
      ['-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE=\n', []],
      ['', []],
    ] as const)
      t.same(hostKeysIn(text), keys, JSON.stringify(text))
    t.end()
  },
)

t.test(
  'a name that fits one remembered machine is that one; others are listed, or nobody is',
  (t) => {
    const made = (id: string, name: string | null): KnownMachine => ({
      id,
      name,
      boot: '',
      since: null,
      keys: [],
    })
    const [a, b] = [made('525400fffe123456', 'NixOS'), made('525400fffe00000b', 'NixOS')]
    t.equal(only([a, made('525400fffe00000b', null)], 'nixos.local'), a)
    t.equal(only([a, b], '00:0b'), b)
    t.throws(() => only([a, b], 'NixOS'), {
      exitStatus: 4,
      message:
        /^'NixOS' fits 2 remembered machines\nNixOS 525400fffe123456\nNixOS 525400fffe00000b$/,
    })
    t.throws(() => only([a, b], 'nas'), {
      exitStatus: 3,
      message: "no remembered machine fits 'nas'",
    })
    t.throws(() => only([made('525400fffe00000b', null)], ''), { message: 'the name is empty' })
    t.end()
  },
)
