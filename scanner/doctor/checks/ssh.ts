import type { Machine } from '../../machine.ts'
import { addressesToDial } from '../../ssh/target.ts'
import type { Check, Context } from '../check.ts'
import { type Answer, knock } from '../doors/knock.ts'
import { consoleFix, type Finding, fix, rootFix } from '../finding.ts'

/** Installers that are gone to; of more the rest is like them. */
const mostVisited = 16
/** Addresses of one machine that are tried. */
const mostAddresses = 4

/** Those that the user means: of several that NAME fits none is touched. */
export async function visited({ look, name }: Context): Promise<Machine[]> {
  const { meant } = await look
  return name !== undefined && meant.length > 1 ? [] : meant.slice(0, mostVisited)
}

/** The machine that NAME means, where its server answers: only to that one keys are shown. */
export async function oneVisited(context: Context): Promise<Machine | undefined> {
  const [machine] = context.name === undefined ? [] : await visited(context)
  return machine?.ssh.reachable ? machine : undefined
}

/** Whether an ssh server answers. */
export const sshServers: Check = {
  layer: 'ssh',
  async run(context, signal) {
    const judged = (await visited(context)).map(async (machine) => {
      if (machine.ssh.reachable) return answers(machine)
      const addresses = addressesToDial(machine, '').slice(0, mostAddresses)
      return judgeAnswers(
        machine,
        addresses,
        await Promise.all(addresses.map((each) => knock(each, machine.port, signal))),
      )
    })
    return Promise.all(judged)
  },
}

/** How its server is called in a sentence. */
const who = ({ name, id }: Pick<Machine, 'name' | 'id'>) => name ?? id

function answers(machine: Machine): Finding {
  const { id, ssh, target, port } = machine
  const reason = `${who(machine)} answers by ssh at ${target}, port ${port} (${ssh.banner ?? 'no banner'})`
  return { level: 'ok', code: 'ssh', machine: id, reason }
}

/** Why there is no ssh server, by how each address answered. Pure. */
export function judgeAnswers(
  machine: Pick<Machine, 'name' | 'id' | 'port'>,
  addresses: readonly string[],
  answers: readonly Answer[],
): Finding {
  const { id, port } = machine
  const fail = { level: 'fail', machine: id } as const
  const tried = addresses.map((each, index) => `${each}: ${answers[index]}`).join(', ')
  if (answers.includes('open'))
    return {
      ...fail,
      code: 'ssh-mute',
      reason: `${who(machine)} takes a connection on port ${port} and says nothing of ssh: its server hangs, or it is another program`,
      fix: consoleFix(true, ['systemctl', 'restart', 'sshd']),
    }
  if (answers.includes('refused'))
    return {
      ...fail,
      code: 'ssh-refused',
      reason: `${who(machine)} refuses port ${port}: no ssh server runs there`,
      fix: consoleFix(true, ['systemctl', 'start', 'sshd']),
    }
  const refused = answers.find((each) => each === 'EPERM' || each === 'EACCES')
  if (refused)
    return {
      ...fail,
      code: 'ssh-forbidden',
      reason: `a firewall on this machine does not let connections out to ${who(machine)} (${tried})`,
      fix: rootFix(['nft', 'list', 'ruleset']),
    }
  if (answers.includes('silent'))
    return {
      ...fail,
      code: 'ssh-filtered',
      reason: `${who(machine)} is there and does not answer on port ${port} (${tried}): a firewall drops it`,
      fix: consoleFix(
        true,
        ['iptables', '-I', 'INPUT', '-p', 'tcp', '--dport', String(port), '-j', 'ACCEPT'],
        ['ip6tables', '-I', 'INPUT', '-p', 'tcp', '--dport', String(port), '-j', 'ACCEPT'],
      ),
    }
  return {
    ...fail,
    code: 'ssh-unreachable',
    reason: `${who(machine)} was found, and cannot be reached (${tried})`,
    fix: fix(['ip', 'neighbour', 'show']),
  }
}
