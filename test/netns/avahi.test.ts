import t from 'tap'
import { startSshServer } from '../../scanner/demo/installer.ts'
import { runInside } from '../../scanner/demo/namespace.ts'
import {
  addressesSettled,
  bootInstaller,
  makeLab,
  plug,
  runNode,
  scannerProgram,
  skipWithoutRoot,
  startDaemon,
} from './lab.ts'
import { startAvahi } from './responders.ts'

const skip = skipWithoutRoot('ip', 'avahi-daemon', 'avahi-browse', 'dbus-daemon', 'ssh-keygen')
const mac = '52:54:00:12:34:56'
const eui64 = 'fe80::5054:ff:fe12:3456'
const held = /\tfe80::(47|5054:ff:fe12:3456)$/m

t.test(
  'avahi on the operator sees our agent: avahi-browse and avahi-resolve',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    await bootInstaller(t, lab, { mac })
    await startAvahi(lab, lab.operator, 'operator')

    const browsed = await runInside(lab.operator, 'avahi-browse', ['-rpt', '_ssh._tcp'])
    const [, link, family, name, , , host, address, port, txt] = (
      browsed.match(/^=.*$/m)?.[0] ?? ''
    ).split(';')
    t.same(
      [link, family, name, host, address, port],
      ['op0', 'IPv6', 'NixOS', 'NixOS.local', address, '22'],
      browsed,
    )
    // Of the addresses of a host avahi shows one, and not the first.
    t.ok([eui64, 'fe80::47'].includes(address ?? ''))
    t.match(txt, '"id=525400fffe123456"')
    const installers = await runInside(lab.operator, 'avahi-browse', [
      '-pt',
      '_nixos-installer._sub._ssh._tcp',
    ])
    t.match(installers, /;NixOS;/, 'the subtype')
    const sftp = await runInside(lab.operator, 'avahi-browse', ['-pt', '_sftp-ssh._tcp'])
    t.match(sftp, /;NixOS;/)

    t.match(await runInside(lab.operator, 'avahi-resolve', ['-6', '-n', 'NixOS.local']), held)
    t.match(
      await runInside(lab.operator, 'avahi-resolve', ['-6', '-n', 'nixos-123456.local']),
      held,
    )
    t.match(await runInside(lab.operator, 'avahi-resolve', ['-a', `${eui64}`]), 'NixOS.local')
  },
)

t.test('find works beside avahi on the operator and takes nothing from it', { skip }, async (t) => {
  const lab = await makeLab(t)
  await bootInstaller(t, lab, { mac })
  await startAvahi(lab, lab.operator, 'operator')
  const { status, stdout } = await lab.scanner(['find'])
  t.equal(status, 0)
  t.match(stdout, /^NixOS .* mdns service neighbour static ssh$/m)
  t.match(await runInside(lab.operator, 'avahi-resolve', ['-6', '-n', 'NixOS.local']), held)
})

t.test('find sees an installer that avahi publishes, without our agent', { skip }, async (t) => {
  const lab = await makeLab(t)
  const namespace = await plug(t, lab, { mac })
  await addressesSettled(namespace)
  await addressesSettled(lab.operator)
  await startSshServer(namespace, lab.files)
  await startAvahi(lab, namespace, 'nixos')
  const publish = [
    'avahi-publish',
    '-s',
    'nixos',
    '_ssh._tcp',
    '22',
    '--subtype',
    '_nixos-installer._sub._ssh._tcp',
  ]
  await startDaemon(namespace, publish, /Established under name/)

  const { status, stdout, stderr } = await lab.scanner(['find', '--json'])
  t.equal(status, 0, stderr)
  const [installer] = (JSON.parse(stdout) as { installers: object[] }).installers
  t.match(installer, {
    name: 'nixos',
    hostname: 'nixos.local',
    id: '525400fffe123456',
    user: 'nixos',
    target: `${eui64}%op0`,
    agent: null,
    ssh: { reachable: true },
  })
  for (const source of ['mdns', 'service']) {
    const alone = await runNode(lab.operator, scannerProgram, ['find', '--source', source])
    t.match(alone.stdout, `${eui64}%op0`, source)
  }
})
