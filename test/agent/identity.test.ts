import t from 'tap'
import { keyKind, readHostKeys } from '../../agent/host-keys.ts'
import { machineId, parseOsRelease, readIdentity } from '../../agent/identity.ts'
import { fakeLink } from '../fakes/link.ts'
import { fakeOptions } from '../fakes/options.ts'

t.test('the machine is named by its first card on a bus, however links are listed', (t) => {
  const usb = fakeLink({ index: 9, mac: '52:54:00:00:00:09' })
  const card = fakeLink({ index: 3, mac: '52:54:00:00:00:03' })
  const bridge = fakeLink({ index: 2, mac: '52:54:00:00:00:02', physical: false })
  const loopback = fakeLink({ index: 1, mac: undefined, loopback: true, multicast: false })
  const links = [loopback, bridge, usb, card]
  t.equal(machineId(links), '525400fffe000003')
  t.equal(machineId(links.reverse()), '525400fffe000003')
  t.equal(machineId([{ ...card, running: false, enslaved: true }, usb]), '525400fffe000003')
  t.equal(machineId([loopback, bridge]), '525400fffe000002', 'a virtual one for want of others')
  t.equal(machineId([loopback]), undefined)
  t.end()
})

t.test('the system is named as os-release(5) writes it', (t) => {
  for (const [text, expected] of [
    ['NAME=NixOS\nVERSION_ID="26.05"\nPRETTY_NAME="NixOS 26.05 (Yarara)"\n', 'NixOS 26.05'],
    ["ID=x\nNAME='Debian GNU/Linux'\nVERSION_ID=12", 'Debian GNU/Linux 12'],
    ['PRETTY_NAME="Arch Linux"\nNAME="Arch"\n', 'Arch Linux'],
    ['NAME=Arch', 'Arch'],
    ['BUILD_NAME=no\n#NAME=no\n', undefined],
    ['', undefined],
  ] as const)
    t.equal(parseOsRelease(text), expected, JSON.stringify(text))
  t.end()
})

const ecdsa =
  'AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBNvBIiG72r3o90BXhHeXVhsv+lxYwQYEHJTfWvUB5ytRNUO4vwJu6Y4StMS2YDUoIo+bQIvS6enh2hltJmoFUcU='
const ed25519 = 'AAAAC3NzaC1lZDI1NTE5AAAAIG52ZppW0OkveNSwND28RaSS2741M6kMqMT5eU/5d5LJ'

t.test('host keys have the fingerprints that ssh-keygen -l prints, ed25519 first', async (t) => {
  const folder = t.testdir({
    'ssh_host_ecdsa_key.pub': `ecdsa-sha2-nistp256 ${ecdsa} root@nixos\n`,
    'ssh_host_ed25519_key.pub': `ssh-ed25519 ${ed25519} root@nixos\n`,
    ssh_host_ed25519_key: 'the private key is not read',
    'ssh_host_ed25519_key-cert.pub': `ssh-ed25519-cert-v01@openssh.com ${ecdsa}\n`,
    'ssh_host_rsa_key.pub': '',
    sshd_config: '',
  })
  const expected = [
    'SHA256:FEg/J9fFIU17YXzoKTbMt0Lb0v7AMDjgyZimj5f6xKU',
    'SHA256:Fri3Iweo3EIHRV/bjgVoS1FBZT7y5yXT2CTo0OUjvNg',
  ]
  const keys = readHostKeys(folder)
  t.same(
    keys.map((key) => key.fingerprint),
    expected,
  )
  t.same(
    keys.map((key) => keyKind(key.algorithm)),
    ['ED25519', 'ECDSA'],
  )
  t.same(readHostKeys(`${folder}/none`), [])
  const identity = readIdentity(fakeOptions({ hostKeys: folder, flake: '/iso/devos' }))
  t.match(identity, { host: 'NixOS', user: 'nixos', hostKeys: expected, flake: '/iso/devos' })
  t.match(identity.boot, /^[0-9a-f]{8}$/)
})
