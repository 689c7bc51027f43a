import { keyFingerprint } from '../../common/advertisement.ts'
import { describeError } from '../../common/cli.ts'
import { type ExitStatus, exitStatus } from '../../common/contract.ts'
import { Failure } from '../../common/failure.ts'
import { locateQuickly } from '../locate.ts'
import type { Console } from '../options.ts'
import type { SearchOptions } from '../search.ts'
import { type Dialled, readDialled } from '../ssh/dialled.ts'
import { hostKeyAlias, knownHostsFile } from '../ssh/known-hosts.ts'
import { authorities, isVouchedFor } from '../trust/authorities.ts'
import { remember } from '../trust/establish.ts'
import { introduction, refusal } from '../trust/explain.ts'
import { isTrusted, judge, type Remembered, type Shown } from '../trust/judge.ts'
import { readKnownHosts } from '../trust/known-hosts-file.ts'
import { keyType, type Line } from '../trust/known-hosts-lines.ts'
import { keysFor, namesakesOf, remembered } from '../trust/machines.ts'
import { vouchedKey } from '../trust/refusal.ts'

/** What ssh asks of its KnownHostsCommand: %H, %t and %K; `NONE` while it puts key types in order. */
export interface Asked {
  host: string
  type: string
  key: string
}

/**
 * `scanner known-hosts NAME HOST TYPE KEY`, which ssh runs: lines of known_hosts about HOST, with the
 * keys that are remembered of the machine's identity. A first key is remembered; another than
 * before is not given out, and why is said.
 */
export async function knownHosts(
  options: SearchOptions & { name: string },
  asked: Asked,
  console_: Console,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const machine = await whoIsMeant(options, console_, signal)
  if (machine === undefined) return exitStatus.failed
  const file = await knownHostsFile()
  const lines = await readKnownHosts(file)
  const namesakes = namesakesOf(lines, options.name, machine.id)
  const refused =
    isPlainKey(asked) && (await settle({ ...machine, namesakes }, asked, lines, file, console_))
  // ssh_config(5): a status that is not 0 ends the connection, whatever StrictHostKeyChecking says.
  if (refused) process.stderr.write(describeError('scanner', refused))
  else
    for (const line of linesAbout(machine, asked, await readKnownHosts(file)))
      process.stdout.write(`${line}\n`)
  return refused ? refused.exitStatus : exitStatus.done
}

/** Whom the `scanner proxy` of the same ssh has dialled; without one it is looked for. */
async function whoIsMeant(
  options: SearchOptions & { name: string },
  console_: Console,
  signal: AbortSignal,
): Promise<Dialled | undefined> {
  const dialled = readDialled(process.ppid)
  if (dialled) return dialled
  const machine = await locateQuickly(options, console_, signal)
  return (
    machine && {
      name: machine.name,
      id: machine.id,
      boot: machine.agent?.boot ?? null,
      announced: machine.announcedKeys,
    }
  )
}

/** A certificate is no introduction: an authority vouches for it, or nobody does. */
function isPlainKey({ type, key }: Asked): boolean {
  return keyType(key) === type && !type.includes('-cert-')
}

/** Remembers a first key; gives why another one is refused. */
async function settle(
  { id, name, boot, announced, namesakes }: Dialled & { namesakes: Remembered[] },
  { key, type }: Asked,
  lines: readonly Line[],
  file: string,
  console_: Console,
) {
  const shown: Shown = {
    key: keyFingerprint(Buffer.from(key, 'base64')),
    boot: boot ?? '',
    announced,
    namesakes,
  }
  const before = remembered(lines, id)
  const verdict = judge(before, shown)
  if (!isTrusted(verdict)) return refusal(verdict, { id, name }, shown, before)
  if (verdict !== 'new') return undefined
  if (isVouchedFor({ id }, lines)) return uncertified({ id, name })
  await remember({ id, name, boot: shown.boot }, [key], file)
  for (const line of introduction('new', { id, name }, shown.key, type, process.stderr.isTTY))
    console_.say(line)
  return undefined
}

/** Where an authority vouches for installers a plain key that nobody knows is no introduction. */
function uncertified({ id, name }: { id: string; name: string | null }): Failure {
  return new Failure(
    `a certificate authority is trusted for ${hostKeyAlias(id)}, and ${name ?? id} shows no certificate`,
    {
      exitStatus: exitStatus.identityMismatch,
      advice: `'scanner ssh ${id}' says more, and how to let it in all the same`,
    },
  )
}

/**
 * What is remembered of it. The authorities are for the order of key types only: ssh takes none of their
 * certificates under HOST, which is no name on them; the key that one vouches for is given as a plain
 * line instead. ssh has checked the authority's signature when it read %K.
 */
function linesAbout({ id }: Dialled, { host, type, key }: Asked, lines: readonly Line[]): string[] {
  const alias = hostKeyAlias(id)
  const vouching = type === 'NONE' ? authorities(lines, alias) : []
  const vouched = type.includes('-cert-') ? vouchedKey(key, lines, alias, new Date()) : undefined
  return [
    ...vouching.map((each) => `@cert-authority ${host} ${each.type} ${each.key}`),
    ...(vouched ? [`${host} ${vouched.type} ${vouched.key}`] : []),
    ...keysFor(lines, id, host),
  ]
}
