import { execFileSync } from 'node:child_process'
import t from 'tap'
import { splitSshArguments } from '../../../scanner/ssh/arguments.ts'
import { addressesToDial, nameOf, sshCommandLine, userOf } from '../../../scanner/ssh/target.ts'
import { fakeMachine } from '../../fakes/machine.ts'

const file = '/home/nixos/.local/state/installer-discovery/known_hosts'
const commandLine = (typed: string, over = {}, knownHosts = file) =>
  sshCommandLine(fakeMachine(over), splitSshArguments(typed.split(' ')), knownHosts)
const safe = [
  ['-o', 'HostKeyAlias=installer-525400fffe123456'],
  ['-o', `UserKnownHostsFile="${file}"`],
  ['-o', 'HashKnownHosts=no'],
  ['-o', 'StrictHostKeyChecking=accept-new'],
].flat()
const target = 'fe80::5054:ff:fe12:3456%eno1'

t.test('the users options come first, then the identity, the address and the command', (t) => {
  const port = ['-p', '22']
  const user = ['-l', 'nixos']
  for (const [typed, expected] of [
    ['NixOS', [...safe, ...port, ...user, target]],
    ['root@NixOS', [...safe, ...port, '-l', 'root', target]],
    ['@NixOS', [...safe, ...port, ...user, target]],
    ['NixOS uptime -p', [...safe, ...port, ...user, target, '--', 'uptime', '-p']],
    ['NixOS -- -x', [...safe, ...port, ...user, target, '--', '-x']],
    ['-tp 2222 NixOS', ['-tp', '2222', ...safe, ...user, target]],
    ['-l root NixOS', ['-l', 'root', ...safe, ...port, target]],
    ['-i -l NixOS', ['-i', '-l', ...safe, ...port, ...user, target]],
  ] as const)
    t.same(commandLine(typed), expected, typed)
  t.end()
})

/** What ssh itself makes of a command line: `ssh -G` prints it and connects nowhere. */
function understood(args: string[]): Record<string, string> {
  const text = execFileSync('ssh', ['-T', '-G', '-F', '/dev/null', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return Object.fromEntries(text.split('\n').map((line) => line.split(/ (.*)/s).slice(0, 2)))
}

t.test('ssh understands what was meant', (t) => {
  const told = { hostname: target, user: 'nixos', port: '22' }
  for (const [typed, expected] of [
    ['NixOS -- -p 99', told],
    ['NixOS -i -l -p 23 -- -x', { ...told, port: '23' }],
    ['root@NixOS -oPort=24', { ...told, user: 'root', port: '24' }],
    ['-l root NixOS', { ...told, user: 'root' }],
    ['NixOS -o HostKeyAlias=mine', { ...told, hostkeyalias: 'mine' }],
  ] as const) {
    const alias = { hostkeyalias: 'installer-525400fffe123456', userknownhostsfile: file }
    const strict = { stricthostkeychecking: 'accept-new' }
    const all = { ...alias, ...strict, hashknownhosts: 'no', ...expected }
    t.match(understood(commandLine(typed)), all, typed)
  }
  for (const path of ['/a b/%n/é', "/it's/#1", '/a"b/$x', '/a\\"b\\\\c'])
    t.equal(understood(commandLine('NixOS', {}, path)).userknownhostsfile, path, path)
  t.end()
})

t.test('with an authority a new key is refused, unless the user says otherwise', (t) => {
  const strict = (typed: string) =>
    understood(sshCommandLine(fakeMachine(), splitSshArguments(typed.split(' ')), file, 'refuse'))
      .stricthostkeychecking
  t.equal(strict('NixOS'), 'true')
  t.equal(strict('-oStrictHostKeyChecking=accept-new NixOS'), 'accept-new')
  t.end()
})

t.test('what was heard is never an option, even if it got past the checks at the door', (t) => {
  const evil = '-oProxyCommand=touch_x'
  t.equal(understood(commandLine('NixOS -- ls', { id: evil })).proxycommand, undefined)
  const args = commandLine('NixOS', { user: evil, id: evil })
  t.same(
    args.flatMap((word, index) => (word.includes(evil) ? [[args[index - 1], word]] : [])),
    [
      ['-o', `HostKeyAlias=installer-${evil}`],
      ['-l', evil],
    ],
    'it is the value of an option',
  )
  t.end()
})

t.test('user and name of a destination part at the last @, as in ssh', (t) => {
  for (const [destination, user, name] of [
    ['NixOS', undefined, 'NixOS'],
    ['root@NixOS', 'root', 'NixOS'],
    ['a@b@NixOS', 'a@b', 'NixOS'],
    ['@NixOS', undefined, 'NixOS'],
    ['root@', 'root', ''],
    ['root@fe80::47%eno1', 'root', 'fe80::47%eno1'],
  ] as const) {
    t.equal(userOf(destination), user, destination)
    t.equal(nameOf(destination), name, destination)
  }
  t.equal(userOf(undefined), undefined)
  t.end()
})

t.test('a zone in the name says on which link, for a machine that is on two', (t) => {
  const [eno1] = fakeMachine().links
  const eno2 = {
    interface: 'eno2',
    mac: '52:54:00:12:34:57',
    eui64: '525400fffe123457',
    addresses: [
      { address: 'fe80::5054:ff:fe12:3457%eno2', kind: 'eui64' as const },
      { address: 'fe80::47%eno2', kind: 'static' as const },
    ],
  }
  const links = eno1 ? [eno1, eno2] : []
  const dialled = (name: string) => commandLine(name, { links }).at(-1)
  t.equal(dialled('NixOS'), 'fe80::5054:ff:fe12:3456%eno1')
  t.equal(dialled('fe80::47%eno1'), 'fe80::5054:ff:fe12:3456%eno1')
  t.equal(dialled('fe80::47%eno2'), 'fe80::5054:ff:fe12:3457%eno2')
  t.equal(dialled('root@fe80::5054:ff:fe12:3457%eno2'), 'fe80::5054:ff:fe12:3457%eno2')
  t.end()
})

t.test(
  'all addresses are dialled best first, the static one last, and by a zone only those there',
  (t) => {
    const [eno1] = fakeMachine().links
    const eno2 = {
      interface: 'eno2',
      mac: '52:54:00:12:34:57',
      eui64: '525400fffe123457',
      addresses: [
        { address: 'fe80::5054:ff:fe12:3457%eno2', kind: 'eui64' as const },
        { address: 'fe80::1%eno2', kind: 'lla' as const },
        { address: '2001:db8::1', kind: 'gua' as const },
        { address: '192.0.2.7', kind: 'ipv4' as const },
      ],
    }
    const links = eno1 ? [eno1, eno2] : []
    const first = 'fe80::5054:ff:fe12:3456%eno1'
    const second = ['fe80::5054:ff:fe12:3457%eno2', 'fe80::1%eno2', '2001:db8::1', '192.0.2.7']
    const dialled = (name: string, over = {}) =>
      addressesToDial(fakeMachine({ links, ...over }), name)
    t.same(dialled('NixOS'), [first, ...second, 'fe80::47%eno1'])
    t.same(dialled('NixOS', { target: '192.0.2.7' }), [
      '192.0.2.7',
      first,
      ...second.slice(0, 3),
      'fe80::47%eno1',
    ])
    t.same(dialled('NixOS', { target: 'fe80::47%eno1' }).at(-1), 'fe80::47%eno1')
    t.same(dialled('fe80::47%eno1'), [first, '192.0.2.7', 'fe80::47%eno1'])
    t.same(dialled('fe80::1%eno2'), second)
    t.end()
  },
)
