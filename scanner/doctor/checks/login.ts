import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { firstLine } from '../../../common/command.ts'
import { Failure } from '../../../common/failure.ts'
import type { Machine } from '../../machine.ts'
import { hostKeyAlias } from '../../ssh/known-hosts.ts'
import { sshCommandLine } from '../../ssh/target.ts'
import { authorities } from '../../trust/authorities.ts'
import { remembered } from '../../trust/machines.ts'
import type { Check } from '../check.ts'
import { askKeyAgent, readSshSettings, runRemotely } from '../doors/ssh.ts'
import { consoleFix, type Finding, fix } from '../finding.ts'
import { ownHostsFile, readOwnHosts } from './identity.ts'
import { visited } from './ssh.ts'

/** Keys to log in with, and whether they do, where one machine is meant. */
export const logins: Check = {
  layer: 'login',
  async run(context, signal) {
    const [machine, ...others] = await visited(context)
    const one = machine?.ssh.reachable && others.length === 0 ? machine : undefined
    try {
      const settings = await readSshSettings(one?.target ?? 'installer', signal)
      const keys = judgeKeys(await readKeys(settings, signal))
      return [...keys, ...(one ? await tryLogin(one, signal) : [])]
    } catch (error) {
      if (!(error instanceof Failure) || signal.aborted) throw error
      return [
        {
          level: 'warn',
          code: 'no-ssh',
          reason: `${error.message}: the scanner's own client is used; ${error.advice ?? ''}`,
        },
      ]
    }
  },
}

/** What there is to log in with. */
export interface Keys {
  /** Key files that ssh would use, and who may read them. */
  files: readonly { path: string; isOpen: boolean }[]
  /** `none`: there is no agent to ask. */
  agent: 'keys' | 'empty' | 'gone' | 'none'
}

async function readKeys(
  settings: ReadonlyMap<string, string[]>,
  signal: AbortSignal,
): Promise<Keys> {
  const paths = (settings.get('identityfile') ?? []).map((path) =>
    path.replace(/^~(?=\/)/, homedir()),
  )
  const files = await Promise.all(paths.map(readKeyFile))
  const hasAgent = Boolean(process.env.SSH_AUTH_SOCK)
  const agent = hasAgent ? await askKeyAgent(signal).catch(() => 'none' as const) : 'none'
  return { files: files.flat(), agent }
}

/** Others than the owner may read it: ssh ignores such a key. */
const othersMask = 0o077

async function readKeyFile(path: string): Promise<Keys['files']> {
  const file = await stat(path).catch(() => undefined)
  return file?.isFile() ? [{ path, isOpen: (file.mode & othersMask) !== 0 }] : []
}

/** Pure. */
export function judgeKeys({ files, agent }: Keys): Finding[] {
  const open = files.filter(({ isOpen }) => isOpen)
  const wrong: Finding[] = [
    ...open.map(
      ({ path }): Finding => ({
        level: 'warn',
        code: 'key-open',
        reason: `others may read ${path}: ssh does not use it`,
        fix: fix(['chmod', '600', path]),
      }),
    ),
    ...(agent === 'gone'
      ? [
          {
            level: 'warn',
            code: 'agent-gone',
            reason: 'SSH_AUTH_SOCK names an agent that does not answer: its keys are not used',
            fix: fix(['unset', 'SSH_AUTH_SOCK']),
          } as const,
        ]
      : []),
    ...(files.length === 0 && agent !== 'keys' ? [noKey(agent)] : []),
  ]
  if (wrong.length > 0) return wrong
  const held = agent === 'keys' ? ['an agent with keys'] : []
  const all = [...files.map(({ path }) => path), ...held]
  return [{ level: 'ok', code: 'keys', reason: `to log in with there is ${all.join(', ')}` }]
}

function noKey(agent: Keys['agent']): Finding {
  const why = agent === 'empty' ? 'the agent is empty, and there is no key file' : 'there is no key'
  return {
    level: 'warn',
    code: 'no-key',
    reason: `${why} to log in with: a live ISO lets in by key only, unless a password was set at its console`,
    fix: agent === 'empty' ? fix(['ssh-add']) : fix(['ssh-keygen', '-t', 'ed25519']),
  }
}

/** ssh(1): nobody is asked, nothing is opened beside, nothing is written. */
const quietly = [
  ...['BatchMode=yes', 'ConnectTimeout=4', 'ClearAllForwardings=yes', 'ForwardAgent=no'],
  ...['ForwardX11=no', 'PermitLocalCommand=no', 'RemoteCommand=none', 'RequestTTY=no'],
  ...['UpdateHostKeys=no', 'LogLevel=ERROR', 'ControlPath=none'],
].flatMap((each) => ['-o', each])
/** A stranger is only asked whether it lets us in: nothing is remembered, and nothing is told to it. */
const toStranger = ['UserKnownHostsFile=/dev/null', 'StrictHostKeyChecking=no'].flatMap((each) => [
  '-o',
  each,
])

/** One connection tells whether we are let in, and what the agent there says of itself. */
async function tryLogin(machine: Machine, signal: AbortSignal): Promise<Finding[]> {
  const lines = await readOwnHosts()
  const isKnown =
    remembered(lines, machine.id) !== undefined ||
    authorities(lines, hostKeyAlias(machine.id)).length > 0
  const typed = {
    own: [],
    destination: undefined,
    options: [...quietly, ...(isKnown ? [] : toStranger)],
    command: ['installer-agent', 'status', '--json'],
  }
  const words = sshCommandLine(machine, typed, ownHostsFile(), 'refuse')
  const { status, stdout, stderr } = await runRemotely(words, signal)
  return judgeLogin(machine, status, stdout, stderr)
}

/** ssh(1), EXIT STATUS: 255 if an error occurred. */
const sshFailed = 255

/** Pure. */
export function judgeLogin(
  machine: Pick<Machine, 'id' | 'name' | 'user' | 'target'>,
  status: number | null,
  stdout: string,
  stderr: string,
): Finding[] {
  const { id, user, target } = machine
  const who = machine.name ?? id
  const about = { machine: id }
  if (status !== sshFailed && status !== null) {
    const reason = `${user} is let in at ${who}`
    return [{ ...about, level: 'ok', code: 'login', reason }, ...judgeFarSide(who, id, stdout)]
  }
  if (/permission denied/i.test(stderr))
    return [
      {
        ...about,
        level: 'fail',
        code: 'key-refused',
        reason: `${who} lets no key of yours in as ${user}: set a password at its console (passwd), then`,
        fix: fix(['ssh-copy-id', `${user}@${target}`]),
      },
    ]
  const said = firstLine(stderr) || 'ssh ended without a word'
  if (/host key/i.test(stderr))
    // The check of the identity says why.
    return [
      {
        ...about,
        level: 'fail',
        code: 'login-untrusted',
        reason: `ssh does not trust ${who}: ${said}`,
        fix: consoleFix(false, ['installer-agent', 'issue']),
      },
    ]
  return [
    {
      ...about,
      level: 'fail',
      code: 'login-failed',
      reason: `ssh to ${who} failed: ${said}`,
      fix: fix(['scanner', 'ssh', id, '-v']),
    },
  ]
}

/** What `installer-agent status --json` says on the machine; nothing where there is no agent. */
function judgeFarSide(who: string, id: string, stdout: string): Finding[] {
  return complaintsIn(stdout).map((complaint) => ({
    level: 'warn',
    code: 'far-side',
    machine: id,
    reason: `${who} says of itself: ${complaint}`,
    fix: fix(['scanner', 'ssh', id, '--', 'installer-agent', 'status']),
  }))
}

/** A machine has few things to complain of. */
const mostComplaints = 8

function complaintsIn(stdout: string): string[] {
  try {
    const { links } = JSON.parse(stdout) as { links?: { complaints?: unknown }[] }
    const all = (links ?? []).flatMap(({ complaints }) =>
      Array.isArray(complaints) ? complaints : [],
    )
    return all.filter((each) => typeof each === 'string').slice(0, mostComplaints)
  } catch {
    return []
  }
}
