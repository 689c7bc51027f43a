import { execFileSync } from 'node:child_process'
import t from 'tap'
import { parseNixVersion, type Tool, tools, toolTarget } from '../../../scanner/ssh/tools.ts'
import { fakeMachine } from '../../fakes/machine.ts'

const address = 'fe80::5054:ff:fe12:3456'
const lla = `${address}%eno1`
const form = (tool: Tool, dialled = lla, over = {}, nix = '2.31.3') =>
  toolTarget(fakeMachine(over), dialled, tool, parseNixVersion(`nix (Nix) ${nix}`))

t.test('each tool in its own words', (t) => {
  const alias = '525400fffe123456.installer'
  for (const [tool, linkLocal, ipv4, global] of [
    ['ssh', `nixos@${lla}`, 'nixos@192.0.2.7', 'nixos@2001:db8::7'],
    ['scp', `nixos@[${lla}]`, 'nixos@192.0.2.7', 'nixos@[2001:db8::7]'],
    ['rsync', `nixos@[${lla}]`, 'nixos@192.0.2.7', 'nixos@[2001:db8::7]'],
    [
      'nix',
      `ssh-ng://nixos@[${address}%25eno1]`,
      'ssh-ng://nixos@192.0.2.7',
      'ssh-ng://nixos@[2001:db8::7]',
    ],
    ['deploy-rs', alias, alias, alias],
    ['nixos-anywhere', `nixos@${alias}`, `nixos@${alias}`, `nixos@${alias}`],
    [
      'ansible',
      `NixOS ansible_host=${lla} ansible_user=nixos`,
      'NixOS ansible_host=192.0.2.7 ansible_user=nixos',
      'NixOS ansible_host=2001:db8::7 ansible_user=nixos',
    ],
    [
      'url',
      `ssh://nixos@[${address}%25eno1]:22`,
      'ssh://nixos@192.0.2.7:22',
      'ssh://nixos@[2001:db8::7]:22',
    ],
  ] as const) {
    t.equal(form(tool).text, linkLocal, tool)
    t.equal(form(tool, '192.0.2.7').text, ipv4, tool)
    t.equal(form(tool, '2001:db8::7').text, global, tool)
    t.equal(form(tool).hint, undefined, `${tool}: nothing is left out`)
    t.equal(form(tool).isAlias, form(tool).text.includes('.installer'))
  }
  t.end()
})

t.test('a port and a user that are not the usual ones', (t) => {
  const over = { port: 2222, user: 'root' }
  for (const [tool, text, hint] of [
    ['ssh', `-p 2222 root@${lla}`, undefined],
    ['scp', `-P 2222 root@[${lla}]`, undefined],
    ['rsync', `root@[${lla}]`, /add -e 'ssh -p 2222'/],
    ['nix', `ssh-ng://root@[${address}%25eno1]`, /NIX_SSHOPTS='-p 2222'/],
    ['deploy-rs', '525400fffe123456.installer', /--ssh-opts '-p 2222'/],
    ['nixos-anywhere', 'root@525400fffe123456.installer', /--ssh-port 2222/],
    ['ansible', `NixOS ansible_host=${lla} ansible_user=root ansible_port=2222`, undefined],
    ['url', `ssh://root@[${address}%25eno1]:2222`, undefined],
  ] as const) {
    const given = form(tool, lla, over)
    t.equal(given.text, text)
    if (hint) t.match(given.hint, hint)
    else t.equal(given.hint, undefined)
  }
  t.end()
})

t.test('a store URL depends on the version of nix and on the name of the link', (t) => {
  const raw = `ssh-ng://nixos@[${address}%eno1]`
  const rfc6874 = `ssh-ng://nixos@[${address}%25eno1]`
  const alias = 'ssh-ng://nixos@525400fffe123456.installer'
  for (const [said, plainLink, hyphen] of [
    ['nix (Nix) 2.3.16', alias, alias],
    ['nix (Nix) 2.4', raw, alias],
    ['nix (Nix) 2.8.0', raw, alias],
    ['nix (Nix) 2.30.2', raw, alias],
    ['nix (Nix) 2.31.0', rfc6874, rfc6874.replace('eno1', 'br-lan')],
    ['nix (Nix) 2.32.2', rfc6874, rfc6874.replace('eno1', 'br-lan')],
    ['nix (Nix) 2.33.0pre20261101_abcdef', rfc6874, rfc6874.replace('eno1', 'br-lan')],
    ['nix (Determinate Nix 3.11.2) 2.31.1', rfc6874, rfc6874.replace('eno1', 'br-lan')],
    ['nix (Lix, like Nix) 2.91.1', alias, alias],
    ['', alias, alias],
  ] as const) {
    const nix = parseNixVersion(said)
    t.equal(toolTarget(fakeMachine(), lla, 'nix', nix).text, plainLink, said)
    t.equal(toolTarget(fakeMachine(), `${address}%br-lan`, 'nix', nix).text, hyphen, said)
  }
  t.end()
})

t.test('a link whose name a shell, an inventory or a URL would read is not written out', (t) => {
  for (const zone of ['$(reboot)', 'a b', "it's", '"', 'a\u001b[2J', 'a;b', '#', '{{x}}', '%25']) {
    for (const tool of tools.filter((each) => each !== 'url')) {
      const { text, isAlias } = form(tool, `${address}%${zone}`)
      t.notOk(text.includes(zone), `${tool} ${JSON.stringify(zone)}`)
      t.ok(isAlias)
    }
    const { text } = form('url', `${address}%${zone}`)
    t.match(text, /^ssh:\/\/nixos@\[fe80::5054:ff:fe12:3456%25[\w.%-]+\]:22$/, text)
  }
  t.end()
})

t.test('a URL keeps to the grammar of RFC 6874', (t) => {
  // IP-literal of RFC 3986 with the ZoneID of RFC 6874: unreserved characters and percent-encoded ones.
  const zoneId = '%25(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+'
  const grammar = new RegExp(String.raw`^ssh://[a-z]+@\[[0-9a-f:]+(?:${zoneId})?\]:\d+$`)
  for (const zone of ['eno1', 'br-lan', 'eth0.10', 'wlp3s0', '$(x)', 'ü', "a!*'()"])
    t.match(form('url', `${address}%${zone}`).text, grammar)
  t.match(form('url', '2001:db8::1').text, grammar)
  t.end()
})

t.test('ssh itself reads what is written for it', (t) => {
  const asRead = (words: string) => {
    const args = ['-T', '-G', '-F', 'none', ...words.split(' ')]
    const lines = execFileSync('ssh', args, { encoding: 'utf8', input: '' }).split('\n')
    return ['user', 'hostname', 'port'].map((key) =>
      lines.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1),
    )
  }
  t.same(asRead(form('ssh').text), ['nixos', lla, '22'])
  t.same(asRead(form('ssh', lla, { port: 2222 }).text), ['nixos', lla, '2222'])
  t.same(asRead(form('ssh', '2001:db8::7').text), ['nixos', '2001:db8::7', '22'])
  t.end()
})
