import jsqr from 'jsqr'
import t from 'tap'
import { formatBanner, sshUri } from '../../../agent/console/banner.ts'
import { asIssueFile, issueText } from '../../../agent/console/issue.ts'
import { qrLines } from '../../../agent/console/qr.ts'
import { fakeLinkStatus, fakeStatus } from '../../fakes/status.ts'

const fingerprint = `SHA256:${'kR9+/'.repeat(8)}abc`
const hostKeys = [
  { algorithm: 'ssh-ed25519', fingerprint },
  { algorithm: 'ssh-rsa', fingerprint: `SHA256:${'B'.repeat(43)}` },
]
const uri = `ssh://nixos@nixos-123456.local#${fingerprint}`
const lines = (text: string) => text.trimEnd().split('\n')

/** What a camera would see of the lines on a black console: eight pixels a module, some black around. */
function decode(text: readonly string[]): string | undefined {
  const scale = 8
  const margin = 5
  const width = Math.max(...text.map((line) => line.length)) + 2 * margin
  const height = text.length * 2 + 2 * margin
  const isLight = (x: number, y: number) => {
    const block = text[Math.floor((y - margin) / 2)]?.[x - margin] ?? ' '
    return block === '█' || block === ((y - margin) % 2 === 0 ? '▀' : '▄')
  }
  const pixels = new Uint8ClampedArray(width * height * scale * scale * 4)
  for (let y = 0; y < height * scale; y++)
    for (let x = 0; x < width * scale; x++) {
      const light = isLight(Math.floor(x / scale), Math.floor(y / scale)) ? 255 : 0
      pixels.set([light, light, light, 255], (y * width * scale + x) * 4)
    }
  const options = { inversionAttempts: 'dontInvert' } as const
  return jsqr.default(pixels, width * scale, height * scale, options)?.data
}

t.test('the code beside the text leads to this machine and names its key', (t) => {
  const text = issueText(fakeStatus(), hostKeys, 80)
  const code = lines(text)
    .filter((line) => /^[█▀▄]/.test(line))
    .map((line) => line.slice(0, 41))
  t.equal(decode(code), uri)
  t.equal(code.length, 21, 'version 5: 37 modules and two on each side, two a line')
  t.end()
})

t.test('whatever is in it, the code can be read', (t) => {
  for (const length of [1, 17, 60, 106, 107, 200])
    t.equal(decode(qrLines('ssh://'.padEnd(length, 'aB3-.'))), 'ssh://'.padEnd(length, 'aB3-.'))
  t.end()
})

t.test('it fits a console of 80 columns and 25 lines, with the login prompt', (t) => {
  const text = lines(issueText(fakeStatus(), hostKeys, 80))
  t.ok(text.length <= 25, `${text.length} lines`)
  t.ok(
    text.every((line) => line.length <= 80),
    'no line is broken',
  )
  t.match(text.join('\n'), /^[\x20-\x7e\n█▀▄]+$/)
  for (const part of [
    'scanner ssh NixOS',
    'ssh nixos@nixos-123456.local',
    'NixOS.local',
    'eno1  fe80::5054:ff:fe12:3456  fe80::47',
    'ssh nixos@fe80::5054:ff:fe12:3456%IF  (IF: your own interface there)',
    `ED25519 ${fingerprint}`,
    `RSA     SHA256:${'B'.repeat(43)}`,
    '+--[ED25519 256]--+',
  ])
    t.ok(text.join('\n').includes(part), part)
  t.end()
})

t.test('where it does not fit side by side, the text is below the code', (t) => {
  const text = formatBanner(fakeStatus(), hostKeys, qrLines(uri), 60)
  t.match(text[21], /^Ready to be installed/)
  t.ok(text.every((line) => line.length <= 72))
  t.end()
})

t.test('another port, and a name that was lost', (t) => {
  const link = fakeLinkStatus({
    hostname: 'nixos-123456.local',
    names: [
      { name: 'NixOS.local', family: 'IPv6', state: 'lost' },
      { name: 'nixos-123456.local', family: 'IPv6', state: 'held' },
    ],
  })
  const source = fakeStatus({ port: 2222, links: [link] })
  const text = issueText(source, hostKeys, 80)
  t.match(text, 'scanner ssh nixos-123456')
  t.match(text, 'ssh -p 2222 nixos@nixos-123456.local')
  t.notMatch(text, 'NixOS.local')
  t.equal(sshUri(source, hostKeys), `ssh://nixos@nixos-123456.local:2222#${fingerprint}`)
  t.end()
})

t.test('names that are not held yet are not promised', (t) => {
  const names = fakeLinkStatus().names.map((name) => ({ ...name, state: 'probing' as const }))
  const source = fakeStatus({ links: [fakeLinkStatus({ names })] })
  const text = issueText(source, hostKeys, 80)
  t.notMatch(text, '.local')
  t.notMatch(text, '█', 'a link-local address means nothing to a phone')
  t.match(text, 'scanner ssh 525400fffe123456')
  t.equal(sshUri(source, hostKeys), undefined)
  t.end()
})

t.test('without a name the code has an address that means the same everywhere', (t) => {
  const usable = { state: 'usable', ours: false } as const
  const at = (address: string, kind: 'gua' | 'ipv4') =>
    fakeStatus({
      links: [fakeLinkStatus({ names: [], addresses: [{ address, kind, ...usable }] })],
    })
  t.equal(sshUri(at('2001:db8::7', 'gua'), []), 'ssh://nixos@[2001:db8::7]')
  t.equal(sshUri(at('192.0.2.7', 'ipv4'), []), 'ssh://nixos@192.0.2.7')
  t.end()
})

t.test('no cable, many links, an interface with any name', (t) => {
  const unplugged = fakeStatus({ links: [fakeLinkStatus({ names: [], addresses: [] })] })
  t.match(issueText(unplugged, [], 80), /No link with an address yet/)
  t.match(issueText(fakeStatus({ links: [] }), [], 80), /No link with an address yet/)

  const links = Array.from({ length: 16 }, (_, index) =>
    fakeLinkStatus({ interface: `eth${index}` }),
  )
  const many = issueText(fakeStatus({ links }), hostKeys, 80)
  t.match(many, 'and 10 more: installer-agent status')
  t.notMatch(many, 'eth6')

  const long = { address: '2001:db8:1111:2222:3333:4444:5555:6666', kind: 'gua' } as const
  const wide = fakeLinkStatus({
    interface: 'enp0s31f6u1u2i3',
    addresses: Array(4).fill({ ...long, state: 'usable', ours: false }),
  })
  t.ok(lines(issueText(fakeStatus({ links: [wide] }), hostKeys, 80)).every((l) => l.length <= 80))

  const odd = fakeStatus({ links: [fakeLinkStatus({ interface: '\\4\x1b[2J' })] })
  const text = issueText(odd, hostKeys, 80)
  t.match(text, '\\4?[2J  fe80')
  t.match(asIssueFile(text), '\\\\4?[2J  fe80', "no escape of agetty's")
  t.end()
})
