import { spawnSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { type CommandResult, commandEnvironment, runCommand } from '../../common/command.ts'
import { type Link, ownLinkLocal, parseLinks } from '../../common/links.ts'
import {
  type InstallerFiles,
  makeKeys,
  startAgent,
  startSshServer,
  stop,
} from '../../scanner/demo/installer.ts'
import {
  connect,
  createNamespace,
  type Namespace,
  runInside,
  untilSaid,
} from '../../scanner/demo/namespace.ts'
import { isInWorld, isRoot } from '../../scanner/demo/world.ts'
import { type Heard, type WireRequest, wireProgram } from './wire.ts'

/** Machines made of namespaces, cables between them, and the real programs on them. */

const program = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
export const scannerProgram = program('scanner/main.js')

/** Why a test that needs namespaces, and these commands, is skipped; false when it can run. */
export function skipWithout(...commands: string[]): string | false {
  if (!isInWorld()) return 'the system allows no namespaces of our own'
  const missing = commands.filter((command) => !isInstalled(command))
  return missing.length > 0 && `not installed: ${missing.join(', ')}`
}

/** The same for tests with daemons that begin as root. */
export function skipWithoutRoot(...commands: string[]): string | false {
  return skipWithout(...commands) || (!isRoot() && 'needs root')
}

export function isInstalled(command: string): boolean {
  const found = spawnSync('sh', ['-c', 'command -v "$0"', command], { env: commandEnvironment() })
  return found.status === 0
}

/** A machine that ends with the test. */
export async function machine(t: Test): Promise<Namespace> {
  const namespace = await createNamespace()
  t.teardown(() => namespace.end())
  // tap's hooks are for the tests, not for the programs that they run. Machines may share a /run, so
  // an agent shows its status only where it is told.
  const environment = ['env', '-u', 'NODE_OPTIONS', 'INSTALLER_AGENT_STATUS_SOCKET=none']
  return { ...namespace, enter: [...namespace.enter, ...environment] }
}

/** An operator's machine, and installers on cables from it: interface `op0` here, `in0` there. */
export interface Lab {
  operator: Namespace
  files: InstallerFiles
  /** Makes a folder of the test's own. */
  newFolder(name: string): Promise<string>
  /** Runs `scanner` on the operator's machine, with a state folder of the test's own. */
  scanner(args: readonly string[], environment?: NodeJS.ProcessEnv): Promise<CommandResult>
}

export async function makeLab(t: Test): Promise<Lab> {
  const operator = await machine(t)
  const root = t.testdir()
  const newFolder = async (name: string) => {
    await mkdir(join(root, name))
    return join(root, name)
  }
  const files = await makeKeys(await newFolder('keys'))
  return {
    operator,
    files,
    newFolder,
    scanner: (args, environment = {}) =>
      runNode(operator, scannerProgram, args, {
        XDG_STATE_HOME: files.folder,
        XDG_CACHE_HOME: files.folder,
        ...environment,
      }),
  }
}

/** Options that make ssh use the lab's key and nothing of the user's. */
export function sshOptions({ files }: Lab): string[] {
  return ['-F', 'none', '-o', 'IdentitiesOnly=yes', '-i', files.identity]
}

/** Runs a program of ours in a namespace. */
export function runNode(
  { enter }: Namespace,
  path: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<CommandResult> {
  const [first = '', ...rest] = enter
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  return runCommand(first, [...rest, 'env', ...variables, process.execPath, path, ...args])
}

export interface InstallerOptions {
  /** The operator's end of the cable. */
  link?: string
  mac?: string
  /** Options of `installer-agent run`. */
  agent?: readonly string[]
  /** IPv4 address with prefix length. */
  ipv4?: string
  files?: InstallerFiles
}

export interface Installer {
  namespace: Namespace
  /** Ends the agent with SIGTERM. */
  stopAgent(): Promise<void>
}

/** A machine at the far end of a new cable from the operator's. */
export async function plug(
  t: Test,
  lab: Lab,
  { link = 'op0', mac }: Pick<InstallerOptions, 'link' | 'mac'> = {},
): Promise<Namespace> {
  const namespace = await machine(t)
  const far = { namespace, interface: 'in0', ...(mac && { mac }) }
  await connect({ namespace: lab.operator, interface: link }, far)
  return namespace
}

/** Boots an installer at the far end of a new cable: sshd, and our agent unless it is left out. */
export async function bootInstaller(
  t: Test,
  lab: Lab,
  { agent = [], ipv4, files = lab.files, ...cable }: InstallerOptions = {},
): Promise<Installer> {
  const namespace = await plug(t, lab, cable)
  if (ipv4) await runInside(namespace, 'ip', ['address', 'add', ipv4, 'dev', 'in0'])
  await startSshServer(namespace, files)
  const running = await startAgent(namespace, files, agent)
  return { namespace, stopAgent: () => stop(running) }
}

/** The addresses of an interface, each with its prefix length. */
export async function addressesOf(namespace: Namespace, link: string): Promise<string[]> {
  const shown = await runInside(namespace, 'ip', ['-o', 'address', 'show', 'dev', link])
  return [...shown.matchAll(/inet6? (\S+)/g)].map(([, address = '']) => address)
}

/** Starts a daemon in a namespace and waits for a line that says that it is ready. */
export async function startDaemon(
  namespace: Namespace,
  args: readonly string[],
  ready: RegExp,
): Promise<void> {
  await untilSaid(namespace.start(args), ready)
}

/** DAD takes 1 to 2 s; the rest is for a machine with other work. */
const settledWithinMs = 20_000

/**
 * Waits until every link has a link-local address that has passed DAD. It looks again and again: an
 * event that comes while `ip monitor` still starts would be waited for in vain.
 */
export async function addressesSettled(namespace: Namespace): Promise<void> {
  const until = performance.now() + settledWithinMs
  const isSettled = (link: Link) => link.loopback || link.enslaved || ownLinkLocal(link)
  for (;;) {
    const links = parseLinks(await runInside(namespace, 'ip', ['-j', '-d', 'address', 'show']))
    if (links.every(isSettled)) return
    if (performance.now() > until)
      throw new Error(
        `not settled: ${links.filter((each) => !isSettled(each)).map(({ name }) => name)}`,
      )
    await wait(50)
  }
}

/** Lets a machine listen, and ask, on a link; gives what it hears until `wanted` says that it is enough. */
export async function hear(
  namespace: Namespace,
  request: WireRequest,
  wanted: (heard: Heard) => boolean,
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<Heard> {
  const child = namespace.start([process.execPath, wireProgram, JSON.stringify(request)])
  try {
    for await (const line of createInterface({ input: child.stderr })) {
      if (line === '"listening"') void meanwhile()
      else if (!line.startsWith('{')) throw new Error(line)
      else {
        const heard = JSON.parse(line) as Heard
        if (wanted(heard)) return heard
      }
    }
    throw new Error('the listener ended')
  } finally {
    child.kill('SIGKILL')
  }
}
