import { firstLine } from '../../../common/command.ts'
import type { Machine } from '../../machine.ts'
import { sshCommandLine } from '../../ssh/target.ts'
import type { Check } from '../check.ts'
import { isMissing } from '../doors/missing.ts'
import { runRemotely } from '../doors/ssh.ts'
import { consoleFix, type Finding, fix } from '../finding.ts'
import { examine, ownHostsFile, readOwnHosts } from './identity.ts'
import { oneVisited } from './ssh.ts'

/** Whether the machine that NAME means lets us in. */
export const logins: Check = {
  layer: 'login',
  async run(context, signal) {
    const machine = await oneVisited(context)
    if (machine === undefined) return []
    const identity = await examine(machine, await readOwnHosts(), context.name ?? '', signal)
    // Nobody logs in to a machine that may be another.
    if (identity.level === 'fail') return []
    try {
      return await tryLogin(machine, identity.code === 'key-new', signal)
    } catch (error) {
      // Without ssh the check of the keys has said what there is to say.
      if (isMissing(error)) return []
      throw error
    }
  },
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
async function tryLogin(
  machine: Machine,
  isStranger: boolean,
  signal: AbortSignal,
): Promise<Finding[]> {
  const typed = {
    own: [],
    destination: undefined,
    options: [...quietly, ...(isStranger ? toStranger : [])],
    command: ['installer-agent', 'status', '--json'],
  }
  const words = sshCommandLine(machine, typed, ownHostsFile(), 'refuse')
  const { status, stdout, stderr } = await runRemotely(words, signal)
  return judgeLogin(machine, status, stdout, stderr)
}

/** ssh(1), EXIT STATUS: 255 if an error occurred. */
const sshFailed = 255

/** What is to be said of how ssh ended, and of what was said there. Pure. */
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
        reason: `${who} lets no key of yours in as ${user}: set a password at its console with passwd, and copy a key by it`,
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

/** A machine has few things to complain of, and says them in a sentence. */
const mostComplaints = 8
const maxComplaintCharacters = 200

function complaintsIn(stdout: string): string[] {
  try {
    const { links } = JSON.parse(stdout) as { links?: { complaints?: unknown }[] }
    const all = (links ?? []).flatMap(({ complaints }) =>
      Array.isArray(complaints) ? complaints : [],
    )
    const sentences = all.filter((each) => typeof each === 'string').slice(0, mostComplaints)
    return sentences.map((each) => each.slice(0, maxComplaintCharacters))
  } catch {
    return []
  }
}
