import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commandEnvironment } from '../../common/command.ts'
import { exitStatus } from '../../common/contract.ts'
import { Failure } from '../../common/failure.ts'
import { sleep } from '../../common/schedule.ts'
import { makeKeys, startAgent, startSshServer, stop } from '../demo/installer.ts'
import { connect, createNamespace, type Namespace, runInside } from '../demo/namespace.ts'
import { isInWorld, isRoot, runInWorld } from '../demo/world.ts'
import { ownFile } from '../own-files.ts'

const scannerProgram = ownFile('scanner/main.js')
/** As a shell has it for SIGINT. */
const interruptedStatus = 128 + 2
const say = (line: string) => process.stdout.write(`${line}\n`)

/**
 * `scanner demo`: a virtual cable with a live installer at its far end, and the real `find` and `ssh`
 * against it. Gives the status of the first of them that failed.
 */
export async function demo(shell: boolean, signal: AbortSignal): Promise<number> {
  if (process.platform !== 'linux')
    throw new Failure(`the demo makes network namespaces, which ${process.platform} has not`, {
      advice: "run it on Linux; 'scanner find' looks for real installers here as well",
    })
  if (!isInWorld()) return runInWorld(scannerProgram, ['demo', ...(shell ? ['--shell'] : [])])
  const folder = await mkdtemp(join(tmpdir(), 'scanner-demo-'))
  const cleanUp = () => rm(folder, { recursive: true, force: true })
  // Ctrl-C may come at any step: whatever is under way ends with this process.
  const interrupted = once(signal, 'abort').then(() => interruptedStatus)
  try {
    return await Promise.race([play(folder, shell), interrupted])
  } catch (error) {
    // What Ctrl-C ended may be seen to have ended before the signal itself is.
    await sleep(50, signal)
    if (signal.aborted) return interruptedStatus
    throw error
  } finally {
    await cleanUp()
  }
}

async function play(folder: string, shell: boolean): Promise<number> {
  const operator = await createNamespace()
  const installer = await createNamespace()
  await connect(
    { namespace: operator, interface: 'op0' },
    { namespace: installer, interface: 'in0' },
  )
  say(
    `1. A virtual cable, ${isRoot() ? 'made as root' : 'rootless'}: op0 (this machine) <-> in0 (the installer). No router, no IPv4.`,
  )

  const files = await makeKeys(folder)
  const server = await startSshServer(installer, files)
  say(`2. At the far end a machine boots: ${server}, and`)
  say('   $ installer-agent run')
  const agent = await startAgent(installer, files)
  for (const address of await linkLocals(installer)) say(`   in0 has ${address}`)

  say('\n3. On this machine:\n   $ scanner find')
  const found = await runScanner(operator, folder, ['find'])
  if (found !== exitStatus.done) return found

  const command = ['printf "   a shell on the installer: %s@in0, %s\\n" "$(id -un)" "$(uname -sr)"']
  say('\n4. $ scanner ssh NixOS -- uname -sr')
  const options = ['-F', 'none', '-i', files.identity, '-o', 'IdentitiesOnly=yes']
  const opened = await runScanner(operator, folder, ['ssh', 'NixOS', ...options, '--', ...command])
  if (opened !== exitStatus.done) return opened
  if (shell) await runScanner(operator, folder, ['ssh', 'NixOS', ...options])

  await stop(agent)
  const left = await linkLocals(installer)
  say(`\n5. The agent stopped with a goodbye; in0 keeps ${left.join(', ') || 'nothing'}.`)
  say(
    "   Nothing is left behind. With a real installer on the cable: 'scanner find', 'scanner ssh NixOS'.",
  )
  return exitStatus.done
}

/** The program as a user runs it, with a state folder of its own. */
async function runScanner(
  namespace: Namespace,
  folder: string,
  args: readonly string[],
): Promise<number> {
  const [first = '', ...rest] = [...namespace.enter, process.execPath, scannerProgram, ...args]
  const env = { ...commandEnvironment(), XDG_STATE_HOME: folder }
  const child = spawn(first, rest, { stdio: 'inherit', env })
  const [status] = (await once(child, 'close')) as [number | null]
  return status ?? exitStatus.failed
}

async function linkLocals(namespace: Namespace): Promise<string[]> {
  const shown = await runInside(namespace, 'ip', ['-6', '-o', 'address', 'show', 'dev', 'in0'])
  return [...shown.matchAll(/inet6 (\S+)/g)].map(([, address = '']) => address)
}
