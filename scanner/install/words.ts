import type { Machine } from '../machine.ts'
import { shellWord, shellWords } from '../remote/shell-words.ts'
import { formatSize } from './disk-table.ts'
import type { Mount, Volume } from './disks.ts'
import { installedAlias } from './installed-keys.ts'
import { formatElapsed, type Job, type Order } from './job.ts'
import { isOf } from './mounts.ts'
import type { Situation } from './survey.ts'

/** Which machine it is, so that it is not the wrong one. */
export function machineLine({ id, name, links, agent }: Machine): string {
  const cards = links.map((link) => `${link.mac ?? 'unknown card'} on ${link.interface}`)
  return [name ?? 'a machine without a name', `id ${id}`, ...cards, agent?.os]
    .filter(Boolean)
    .join(', ')
}

/** What is to be done where, before it is asked whether that is meant. */
export function describeInstall(
  machine: Machine,
  { volumes, mounts }: Situation,
  target: string,
  order: Order,
): string {
  const below = mounts.filter(
    (mount) => mount.target === target || mount.target.startsWith(`${target}/`),
  )
  return [
    `Installing on ${machineLine(machine)}`,
    ...below.map(
      (mount) =>
        `  ${mountLine(
          mount,
          volumes.find((each) => isOf(mount, each)),
        )}`,
    ),
    `  ${orderLine(order)}`,
  ].join('\n')
}

function mountLine({ target, source, type }: Mount, volume: Volume | undefined): string {
  const label = volume?.label && `'${volume.label}'`
  const size = volume && formatSize(volume.bytes)
  return [target, source, type, label, size, volume?.model].filter(Boolean).join('  ')
}

export function orderLine({ command, directory }: Order): string {
  return directory === '/' ? command : `${command}   (in ${directory})`
}

/** An install that is there already, in words. */
export function jobLine(job: Job): string {
  const { command, isRunning, status, seconds } = job
  const elapsed = formatElapsed(seconds)
  if (isRunning) return `running for ${elapsed}: ${command}`
  const end = status === undefined ? 'killed' : `ended with status ${status}`
  return `${end} after ${elapsed}: ${command}`
}

/** The command line by which a new system is reached, under the name of its own host keys. */
export function reachLine({ id, target, port }: Machine, knownHosts: string): string {
  // ssh takes several files there, with spaces between them.
  const file = /\s/.test(knownHosts) ? `"${knownHosts}"` : knownHosts
  const options = [`HostKeyAlias=${installedAlias(id)}`, `UserKnownHostsFile=${file}`]
  const words = [...options, 'StrictHostKeyChecking=yes'].flatMap((each) => ['-o', each])
  return shellWords(['ssh', ...words, ...(port === 22 ? [] : ['-p', `${port}`]), `root@${target}`])
}

/** The order as a line to be pasted into a shell there. */
export function pasteLine(
  { command, directory }: Order,
  usesSudo: boolean,
  isShellLine: boolean,
): string {
  const run = isShellLine && usesSudo ? shellWords(['sh', '-c', command]) : command
  return `cd ${shellWord(directory)} && ${usesSudo ? 'sudo ' : ''}${run}`
}
