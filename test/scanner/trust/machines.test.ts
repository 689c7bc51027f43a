import { createHmac } from 'node:crypto'
import t from 'tap'
import { keyFingerprint } from '../../../common/advertisement.ts'
import { formatKnownHosts, parseKnownHosts } from '../../../scanner/trust/known-hosts-lines.ts'
import {
  fitting,
  forgetting,
  idsCalled,
  keysFor,
  knownMachines,
  namesakesOf,
  remembered,
  remembering,
  typesOf,
} from '../../../scanner/trust/machines.ts'

/** A public key in base64, of any type, that nobody has the private half of. */
function publicKey(filling: string, type = 'ssh-ed25519'): string {
  const strings = [type, filling.repeat(32)].flatMap((text) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(text.length)
    return [length, Buffer.from(text)]
  })
  return Buffer.concat(strings).toString('base64')
}
const print = (key: string) => keyFingerprint(Buffer.from(key, 'base64'))

const [one, two, rsa] = [publicKey('1'), publicKey('2'), publicKey('3', 'ssh-rsa')]
const a = '525400fffe123456'
const b = '525400fffe00000b'
const note = { name: 'NixOS', boot: '0a1b2c3d', since: '2026-11-27' }
const parse = parseKnownHosts
const fileOf = (...lines: string[]) => parse(`${lines.join('\n')}\n`)

t.test('what is remembered is read back, and all that was there before stays as it was', (t) => {
  const foreign =
    '# mine \xff\n@cert-authority installer-* ssh-ed25519 AAAA\n\n|1|x|y ssh-rsa no key\n'
  const lines = remembering(parse(foreign), a, [one, rsa], note)
  const comment = 'boot=0a1b2c3d name=NixOS since=2026-11-27'
  t.equal(
    formatKnownHosts(lines),
    `${foreign}installer-${a} ssh-ed25519 ${one} ${comment}\ninstaller-${a} ssh-rsa ${rsa} ${comment}\n`,
  )
  const again = parse(formatKnownHosts(lines))
  t.same(remembered(again, a), { keys: [print(one), print(rsa)], boot: '0a1b2c3d' })
  t.equal(remembered(again, b), undefined)
  t.same(typesOf(again, a), ['ssh-ed25519', 'ssh-rsa'])
  t.same(keysFor(again, a, '[nixos.installer]:2222'), [
    `[nixos.installer]:2222 ssh-ed25519 ${one}`,
    `[nixos.installer]:2222 ssh-rsa ${rsa}`,
  ])
  const keys = [
    { type: 'ssh-ed25519', fingerprint: print(one) },
    { type: 'ssh-rsa', fingerprint: print(rsa) },
  ]
  t.same(knownMachines(again), [{ id: a, ...note, keys }])
  t.equal(formatKnownHosts(forgetting(again, a)), foreign)
  t.end()
})

t.test('new keys take the place of all old ones, and of one machine only', (t) => {
  const both = remembering(remembering([], a, [one, rsa], note), b, [two], note)
  const again = remembering(both, a, [two], { ...note, boot: 'ffffffff', name: null })
  t.same(remembered(again, a), { keys: [print(two)], boot: 'ffffffff' })
  t.same(remembered(again, b), remembered(both, b))
  t.same(
    knownMachines(again).map(({ id, name }) => [id, name]),
    [
      [a, null],
      [b, 'NixOS'],
    ],
  )
  t.end()
})

t.test('an unfinished last line, as of an editor, is finished', (t) => {
  const lines = remembering(parse('# mine'), a, [one], { name: null, boot: '', since: null })
  t.equal(formatKnownHosts(lines), `# mine\ninstaller-${a} ssh-ed25519 ${one}\n`)
  t.end()
})

t.test('a line that ssh has hashed is known and forgotten by its id, but in no list', (t) => {
  const salt = Buffer.from('salt')
  const hash = createHmac('sha1', salt).update(`installer-${a}`).digest('base64')
  const lines = fileOf(`|1|${salt.toString('base64')}|${hash} ssh-ed25519 ${one}`)
  t.same(remembered(lines, a), { keys: [print(one)], boot: '' })
  t.equal(remembered(lines, b), undefined)
  t.same(knownMachines(lines), [])
  t.same(forgetting(lines, b), lines)
  t.same(forgetting(lines, a), [])
  t.end()
})

t.test('what a person has put into one line is taken apart', (t) => {
  const lines = fileOf(
    `installer-${a},installer-${b},nas.local ssh-ed25519 ${one} by hand`,
    `installer-* ssh-ed25519 ${two}`,
    `installer-${a},!installer-${b} ssh-ed25519 ${two}`,
  )
  t.same(remembered(lines, b)?.keys, [print(one), print(two)], 'as ssh sees it')
  t.equal(
    formatKnownHosts(forgetting(lines, a)),
    [
      `installer-${b},nas.local ssh-ed25519 ${one} by hand`,
      `installer-* ssh-ed25519 ${two}`,
      '',
    ].join('\n'),
    'of others nothing is forgotten',
  )
  t.end()
})

t.test('a comment that somebody has edited tells what fits, and nothing else', (t) => {
  const told = (comment: string) => {
    const [machine] = knownMachines(fileOf(`installer-${a} ssh-ed25519 ${one} ${comment}`))
    return machine && [machine.name, machine.boot, machine.since]
  }
  const none = [null, '', null]
  t.same(told(''), none)
  t.same(told('since=2026-01-02   name=nas  boot=00000000'), ['nas', '00000000', '2026-01-02'])
  t.same(told('my server name=nas, I think'), none)
  t.same(told('xname=nas'), none)
  for (const hostile of [
    'name=\x1b[2J',
    'name=-oProxyCommand=x',
    `name=${'a'.repeat(64)}`,
    'name=../../etc',
    'name=n\u202eas',
    'boot=0A1B2C3D',
    'boot=0a1b2c3d4',
    'boot=$(id)',
    'since=yesterday',
    'since=2026-11-27T00:00:00Z;rm',
  ])
    t.same(told(hostile), none, JSON.stringify(hostile))
  t.end()
})

t.test('only whole ids, of plain lines, are machines', (t) => {
  const lines = fileOf(
    `installer-${a}0 ssh-ed25519 ${one}`,
    `installer-../../etc ssh-ed25519 ${one}`,
    `@revoked installer-${a} ssh-ed25519 ${one}`,
    `@cert-authority installer-${b} ssh-ed25519 ${one}`,
    `installer-${b} ssh-rsa ${one}`,
    `# installer-${b} ssh-ed25519 ${one}`,
  )
  t.same(knownMachines(lines), [])
  t.equal(remembered(lines, b), undefined)
  const upper = fileOf(`installer-${a.toUpperCase()} ssh-ed25519 ${one}`)
  t.match(knownMachines(upper), [{ id: a }], 'in whatever case, as ssh sees it')
  t.end()
})

t.test('who had a name is told, the latest last, each once', (t) => {
  const renamed = remembering(parse(''), a, [one], { ...note, name: 'nas' })
  const lines = remembering(remembering(renamed, b, [one, rsa], note), a, [two, rsa], note)
  t.same(idsCalled(lines, 'nixos.local'), [b, a])
  t.same(idsCalled(lines, 'nas'), [])
  t.same(idsCalled(lines, a), [])
  t.end()
})

t.test('a NAME means a remembered machine by its name, id, MAC, or EUI-64 address', (t) => {
  const lines = [
    [a, 'NixOS'],
    [b, 'nas'],
    ['525400fffe0a000b', 'nas'],
  ].reduce((all, [id = '', name = '']) => remembering(all, id, [one], { ...note, name }), parse(''))
  const machines = knownMachines(lines)
  for (const [name, ids] of [
    ['NixOS', [a]],
    ['nixos.LOCAL.', [a]],
    [a.toUpperCase(), [a]],
    ['52:54:00:12:34:56', [a]],
    ['52-54-00-12-34-56', [a]],
    ['3456', [a]],
    ['34:56', [a]],
    ['456', []],
    ['fe80::5054:ff:fe12:3456%eno1', [a]],
    ['fe80::5054:ff:fe12:3456', [a]],
    ['fe80::3456', []],
    ['fe80::47%eno1', []],
    ['192.0.2.7', []],
    ['nas', [b, '525400fffe0a000b']],
    ['000b', [b, '525400fffe0a000b']],
    ['nobody', []],
    ['', []],
  ] as const)
    t.same(
      fitting(machines, name)
        .map(({ id }) => id)
        .sort(),
      [...ids].sort(),
      name,
    )
  t.same(namesakesOf(lines, 'NixOS', a), [], 'it is no namesake of itself')
  t.same(namesakesOf(lines, 'NixOS', b), [{ keys: [print(one)], boot: '0a1b2c3d' }])
  t.end()
})
