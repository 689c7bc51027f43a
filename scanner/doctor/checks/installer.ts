import { defaultHostname } from '../../../common/contract.ts'
import { nearest } from '../../../common/nearest.ts'
import { printableWord } from '../../../common/printable.ts'
import { choose } from '../../choose.ts'
import type { Machine } from '../../machine.ts'
import type { Check } from '../check.ts'
import { type Finding, fix } from '../finding.ts'
import type { Look } from '../look.ts'
import { count } from './link.ts'

/** Whether somebody is found, and NAME means one machine. */
export const installers: Check = {
  layer: 'installer',
  run: async ({ look, name }) => [judgeFound(await look, name)],
}

/** What is to be said of who was found, and whom NAME means. Pure. */
export function judgeFound(
  { machines, meant }: Pick<Look, 'machines' | 'meant'>,
  name: string | undefined,
): Finding {
  const [first] = meant
  if (first && (name === undefined || meant.length === 1))
    return {
      level: 'ok',
      code: 'found',
      reason: `found ${count(meant.length, 'installer')}: ${listed(meant)}`,
      ...(meant.length === 1 && { machine: first.id }),
    }
  if (first)
    return {
      level: 'fail',
      code: 'ambiguous',
      reason: `'${name}' fits ${count(meant.length, 'machine')}: ${listed(meant)}; name one by its id`,
      fix: fix(['scanner', 'doctor', first.id]),
    }
  return name === undefined ? nobody(machines) : unknown(machines, name)
}

/** More names than these nobody reads in one line. */
const mostListed = 8

function listed(machines: readonly Machine[]): string {
  const more = machines.length - mostListed
  const shown = machines.slice(0, mostListed).map(called)
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(', ')
}

/** How people call a machine, and what tells it from others. */
function called({ name, id, target }: Machine): string {
  return `${printableWord(name ?? 'without a name')} (${id}, ${target})`
}

function nobody(machines: readonly Machine[]): Finding {
  const others =
    machines.length > 0
      ? `of ${count(machines.length, 'machine')} none says that it is one ('scanner find --all' lists them)`
      : 'is it booted (a minute after power-on), and on this cable, switch or Wi-Fi?'
  return {
    level: 'fail',
    code: 'none-found',
    reason: `no installer was found: ${others}`,
    fix: fix(['scanner', 'find', '--wait']),
  }
}

function unknown(machines: readonly Machine[], name: string): Finding {
  const [other] = choose(machines, name)
  if (other)
    return {
      level: 'fail',
      code: 'no-installer',
      reason: `'${name}' is there, ${called(other)}, and does not say that it is an installer`,
      fix: fix(['scanner', 'ssh', '--all', other.target]),
    }
  const near = nearest(name.replace(/\.local$/i, ''), namesOf(machines))
  const found = machines.filter((each) => each.installer)
  const list = found.length > 0 ? listed(found) : 'none'
  return {
    level: 'fail',
    code: 'not-found',
    reason: `no installer fits '${name}'; found: ${list}`,
    fix: near
      ? fix(['scanner', 'doctor', near])
      : fix(['scanner', 'wait', name, '--for', 'announced']),
  }
}

function namesOf(machines: readonly Machine[]): string[] {
  const found = machines.filter((each) => each.installer)
  return found.flatMap(({ name, id, links }) => [
    name ?? defaultHostname,
    id,
    ...links.flatMap(({ mac }) => mac ?? []),
  ])
}
