import { join } from 'node:path'
import type { Machine } from '../../machine.ts'
import { scanCertificates } from '../../ssh/keyscan.ts'
import { hostKeyAlias, stateFolder } from '../../ssh/known-hosts.ts'
import { authorities } from '../../trust/authorities.ts'
import { shownKey } from '../../trust/establish.ts'
import { refusal } from '../../trust/explain.ts'
import { isTrusted, judge, type Remembered, type Shown, type Verdict } from '../../trust/judge.ts'
import { readKnownHosts } from '../../trust/known-hosts-file.ts'
import type { Line } from '../../trust/known-hosts-lines.ts'
import { namesakesOf, remembered } from '../../trust/machines.ts'
import { whyRefused } from '../../trust/refusal.ts'
import type { Check } from '../check.ts'
import { consoleFix, type Finding } from '../finding.ts'
import { visited } from './ssh.ts'

/** Whether an installer is who it was, by its host key. */
export const identities: Check = {
  layer: 'identity',
  async run(context, signal) {
    const there = (await visited(context)).filter(({ ssh }) => ssh.reachable)
    if (there.length === 0) return []
    const lines = await readOwnHosts()
    const judged = there.map((machine) => examine(machine, lines, context.name ?? '', signal))
    return Promise.all(judged)
  },
}

/** The keys that are remembered; nothing is made where there is none. */
export function readOwnHosts(): Promise<Line[]> {
  return readKnownHosts(ownHostsFile())
}

export function ownHostsFile(): string {
  return join(stateFolder(), 'known_hosts')
}

/** What is to be said of one whose server has answered. */
export async function examine(
  machine: Machine,
  lines: readonly Line[],
  name: string,
  signal: AbortSignal,
): Promise<Finding> {
  if (machine.ssh.hostKeys.length > 1) return impostor(machine)
  const alias = hostKeyAlias(machine.id)
  if (authorities(lines, alias).length > 0) {
    const certificates = await scanCertificates(machine.target, machine.port)
    const shown = { fingerprints: machine.ssh.hostKeys, certificates }
    return judgeVouched(machine, whyRefused(shown, lines, alias, new Date()))
  }
  const key = await shownKey(machine, lines, signal)
  const before = remembered(lines, machine.id)
  if (key === undefined) return noKey(machine)
  const shown: Shown = {
    key,
    boot: machine.agent?.boot ?? '',
    announced: machine.announcedKeys,
    namesakes: namesakesOf(lines, name, machine.id),
  }
  return judgeIdentity(machine, judge(before, shown), shown, before)
}

/** At the console stands what the machine itself shows; to believe it here would be to believe anybody. */
const compare = consoleFix(false, ['installer-agent', 'issue'])

/** What is to be said of a verdict about a host key. Pure. */
export function judgeIdentity(
  machine: Pick<Machine, 'id' | 'name'>,
  verdict: Verdict,
  shown: Shown,
  before: Remembered | undefined,
): Finding {
  const about = { machine: machine.id }
  const who = machine.name ?? machine.id
  if (verdict === 'known')
    return {
      ...about,
      level: 'ok',
      code: 'key-known',
      reason: `${who} shows the host key that is remembered`,
    }
  if (isTrusted(verdict))
    return {
      ...about,
      level: 'ok',
      code: 'key-new',
      reason: `${who} has not been spoken to before: its host key ${shown.key} will be remembered`,
    }
  const { message, advice } = refusal(verdict, machine, shown, before)
  const reason = `${message}; ${advice ?? ''}`
  return { ...about, level: 'fail', code: `key-${verdict}`, reason, fix: compare }
}

/** `reason` is why no certificate authority that is trusted vouches for it. */
function judgeVouched({ id, name }: Machine, reason: string | undefined): Finding {
  const who = name ?? id
  if (reason === undefined)
    return {
      level: 'ok',
      code: 'key-vouched',
      machine: id,
      reason: `a trusted certificate authority vouches for ${who}`,
    }
  return {
    level: 'fail',
    code: 'key-not-vouched',
    machine: id,
    reason: `a certificate authority is trusted for ${hostKeyAlias(id)}, and ${who} is refused: ${reason}`,
    fix: compare,
  }
}

/** One machine has one host key of a type. */
function impostor({ id, name, ssh }: Machine): Finding {
  const reason = `${name ?? id} shows ${ssh.hostKeys.length} different host keys: another machine on the link claims to be it (${ssh.hostKeys.join(', ')})`
  return { level: 'fail', code: 'impostor', machine: id, reason, fix: compare }
}

function noKey({ id, name }: Machine): Finding {
  return {
    level: 'warn',
    code: 'no-host-key',
    machine: id,
    reason: `${name ?? id} answers by ssh, and its host key could not be read: it may be busy`,
  }
}
