import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { commandEnvironment, runCommand } from '../../common/command.ts'
import { scannerProgram, skipWithout, skipWithoutRoot } from './lab.ts'

const skip = skipWithout('ip', 'ping', 'ssh', 'ssh-keygen', 'unshare')

/** What the demo could leave behind: folders, links, processes. */
async function leftovers(): Promise<string[]> {
  const folders = (await readdir(tmpdir())).filter((name) => name.startsWith('scanner-demo-'))
  const links = await runCommand('ip', ['-o', 'link', 'show', 'type', 'veth'])
  const processes = await runCommand('pgrep', ['-f', 'scanner-demo-'])
  return [...folders, links.stdout, processes.stdout].filter((each) => each !== '')
}

const environment = {
  ...commandEnvironment(),
  INSTALLER_DISCOVERY_WORLD: undefined,
  NODE_OPTIONS: undefined,
}

t.test('the demo finds and enters an installer, and leaves nothing behind', { skip }, async (t) => {
  const before = await leftovers()
  const child = spawn(process.execPath, [scannerProgram, 'demo'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let shown = ''
  child.stdout.on('data', (chunk) => (shown += chunk))
  let complaints = ''
  child.stderr.on('data', (chunk) => (complaints += chunk))
  const [status] = await once(child, 'close')
  t.equal(status, 0, complaints)
  t.match(shown, /^NixOS +fe80::\S+%op0 .* mdns service neighbour static ssh$/m)
  t.match(shown, /a shell on the installer: \S+@in0/)
  t.match(shown, /in0 keeps fe80::(?!47\/)\S+\/64\./, 'the static address is gone with the agent')
  t.same(await leftovers(), before)
})

t.test('Ctrl-C ends it at once, with nothing left', { skip }, async (t) => {
  const before = await leftovers()
  // A session of its own, whose group gets the signal as from a terminal.
  const child = spawn(process.execPath, [scannerProgram, 'demo'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  for await (const line of createInterface({ input: child.stdout }))
    if (line.startsWith('2.')) break
  process.kill(-(child.pid ?? 0), 'SIGINT')
  const [status] = await once(child, 'close')
  t.equal(status, 130)
  t.same(await leftovers(), before)
})

const confined = ['--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all']

/** As a user without any privilege; skipped where such a user may make no namespaces. */
function skipRootless(): string | false {
  const allowed = () =>
    spawnSync('setpriv', [...confined, 'unshare', '--user', '--net', 'true']).status === 0
  return (
    skipWithoutRoot('setpriv', 'unshare', 'ssh', 'ping') ||
    (!allowed() && 'users may make no namespaces here')
  )
}

t.test('rootless it does the same', { skip: skipRootless() }, async (t) => {
  const folder = join(tmpdir(), `scanner-rootless-${process.pid}`)
  t.teardown(() => runCommand('rm', ['-rf', folder]))
  // The checkout may lie where nobody else may look.
  const root = fileURLToPath(new URL('../../../', import.meta.url))
  await mkdir(folder)
  for (const part of ['dist', 'node_modules', 'package.json'])
    await cp(join(root, part), join(folder, part), { recursive: true, verbatimSymlinks: true })
  await runCommand('chmod', ['-R', 'a+rX', folder])
  const program = join(folder, 'dist', 'scanner', 'main.js')
  const env = ['env', '-u', 'INSTALLER_DISCOVERY_WORLD', '-u', 'NODE_OPTIONS', 'HOME=/nonexistent']
  const args = [...confined, '--bounding-set=-all', ...env, process.execPath, program, 'demo']
  const { status, stdout, stderr } = await runCommand('setpriv', args)
  t.equal(status, 0, stderr)
  t.match(stdout, /rootless/)
  t.match(stdout, /a shell on the installer: nobody@in0/)
})
