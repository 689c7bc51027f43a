import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeKeys } from '../../scanner/demo/installer.ts'
import { runInside } from '../../scanner/demo/namespace.ts'
import { addressesSettled, bootInstaller, makeLab, plug, skipWithout, sshOptions } from './lab.ts'

const skip = skipWithout('ip', 'ping', 'ssh', 'ssh-keygen')

t.test('ssh NAME runs a command there and passes its status through', { skip }, async (t) => {
  const lab = await makeLab(t)
  await bootInstaller(t, lab, { mac: '52:54:00:12:34:56' })
  const options = sshOptions(lab)
  const cases: [string[], number, RegExp][] = [
    [['ssh', 'NixOS', ...options, '--', 'uname', '-s'], 0, /^Linux$/],
    [['ssh', ...options, 'nixos.local', 'ip', '-o', 'link', 'show', 'in0'], 0, / in0@/],
    [['ssh', '525400fffe123456', ...options, 'exit 7'], 7, /^$/],
    [['ssh', '3456', ...options, '--timeout', '10s', '--', 'exit', '3'], 3, /^$/],
    [['ssh', 'fe80::47%op0', ...options, '--', 'echo', '-n', '-e', 'x'], 0, /^x$/],
    [['ssh', 'NixOS', ...options, '-p', '2', 'true'], 255, /^$/],
  ]
  for (const [args, status, stdout] of cases) {
    const result = await lab.scanner(args)
    t.equal(result.status, status, `${args.join(' ')}: ${result.stderr}`)
    t.match(result.stdout.trim(), stdout)
  }
  const known = await readFile(join(lab.files.folder, 'installer-discovery', 'known_hosts'), 'utf8')
  t.equal(known.trim().split('\n').length, 1, 'one entry, whatever the name and address')
})

t.test('on two links only the zone tells them apart', { skip }, async (t) => {
  const lab = await makeLab(t)
  const other = await makeKeys(await lab.newFolder('other'))
  await bootInstaller(t, lab, { link: 'op0', mac: '52:54:00:00:00:0a' })
  await bootInstaller(t, lab, {
    link: 'op1',
    mac: '52:54:00:00:00:0b',
    files: { ...other, identity: lab.files.identity },
  })
  const show = ['--', 'cat', '/sys/class/net/in0/address', ';', 'ip', '-o', 'link', 'show', 'in0']
  for (const [zone, mac] of [
    ['op0', '52:54:00:00:00:0a'],
    ['op1', '52:54:00:00:00:0b'],
  ]) {
    const result = await lab.scanner(['ssh', `fe80::47%${zone}`, ...sshOptions(lab), ...show])
    t.equal(result.status, 0, result.stderr)
    t.match(result.stdout, mac, `fe80::47%${zone}`)
  }

  const ambiguous = await lab.scanner(['ssh', 'NixOS', ...sshOptions(lab), 'true'])
  t.equal(ambiguous.status, 4)
  t.match(ambiguous.stderr, /'NixOS' fits 2 machines/)
  t.match(ambiguous.stderr, /%op0[\s\S]*%op1/, 'both are listed')
  t.notMatch(ambiguous.stderr, /Permanently added/, 'none is touched')
  const byMac = await lab.scanner(['ssh', '00:0b', ...sshOptions(lab), ...show])
  t.match(byMac.stdout, '52:54:00:00:00:0b')
})

t.test('even of one MAC, and so of one address', { skip }, async (t) => {
  const lab = await makeLab(t)
  const mac = '52:54:00:00:00:0c'
  const identity = lab.files.identity
  for (const link of ['op0', 'op1']) {
    const files = { ...(await makeKeys(await lab.newFolder(link))), identity }
    const { namespace } = await bootInstaller(t, lab, { link, mac, files })
    await runInside(namespace, 'ip', ['link', 'set', 'in0', 'alias', `behind-${link}`])
  }
  const show = ['--', 'ip', 'link', 'show', 'in0']
  for (const link of ['op0', 'op1']) {
    const state = { XDG_STATE_HOME: await lab.newFolder(`state-${link}`) }
    const name = `fe80::5054:ff:fe00:c%${link}`
    const { stdout, stderr } = await lab.scanner(['ssh', name, ...sshOptions(lab), ...show], state)
    t.match(stdout, `behind-${link}`, stderr)
  }
  t.equal((await lab.scanner(['ssh', 'NixOS', ...sshOptions(lab), 'true'])).status, 4)
})

t.test('another machine under a known identity is refused', { skip }, async (t) => {
  const lab = await makeLab(t)
  const mac = '52:54:00:12:34:56'
  const first = await bootInstaller(t, lab, { mac })
  t.equal((await lab.scanner(['ssh', 'NixOS', ...sshOptions(lab), 'true'])).status, 0)
  first.namespace.end()
  const stranger = await makeKeys(await lab.newFolder('stranger'))
  await bootInstaller(t, lab, {
    link: 'op1',
    mac,
    files: { ...stranger, identity: lab.files.identity },
  })
  const refused = await lab.scanner(['ssh', 'NixOS', ...sshOptions(lab), 'true'])
  t.equal(refused.status, 5)
  t.match(refused.stderr, /NixOS has another host key than before/)
  t.equal(refused.stdout, '', 'nothing was run there')
})

t.test('found but no ssh server is status 6, nobody there is 3', { skip }, async (t) => {
  const lab = await makeLab(t)
  await plug(t, lab, { mac: '52:54:00:12:34:56' })
  await addressesSettled(lab.operator)
  const closed = await lab.scanner(['ssh', '--all', '12:34:56', ...sshOptions(lab), 'true'])
  t.equal(closed.status, 6)
  t.match(closed.stderr, /no ssh server answers on port 22\n.*still be booting/)
  const nobody = await lab.scanner(['ssh', 'NixOS', '--timeout', '500ms', 'true'])
  t.equal(nobody.status, 3)
})

t.test('--wait: for a machine that still boots', { skip }, async (t) => {
  const lab = await makeLab(t)
  const opened = lab.scanner(['ssh', 'NixOS', '--wait', ...sshOptions(lab), '--', 'exit 7'])
  await bootInstaller(t, lab, { mac: '52:54:00:12:34:56' })
  const { status, stderr } = await opened
  t.equal(status, 7, stderr)
  const nobody = await lab.scanner(['ssh', 'other', '--wait', '--timeout', '500ms', 'true'])
  t.equal(nobody.status, 3, nobody.stderr)
})
