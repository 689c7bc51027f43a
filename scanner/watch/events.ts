import { splitZone } from '../../common/address.ts'
import { staticLinkLocal } from '../../common/contract.ts'
import type { Machine } from '../machine.ts'

/** What happened to a machine; for `lost`, as it was last known. */
export interface MachineEvent {
  event: 'found' | 'changed' | 'lost'
  machine: Machine
  /** Its former id, when what was heard since tells a better one. */
  formerId?: string
}

export interface Comparison {
  events: MachineEvent[]
  /** The present machines, each with the moment at which it was first seen in this watch. */
  machines: Machine[]
}

/**
 * What happened between two looks. A machine is the one it was when it has the same id, or the same
 * address: who announced nothing at first had an id that was made up.
 */
export function compare(before: readonly Machine[], after: readonly Machine[]): Comparison {
  const formers = pair(before, after)
  const events: MachineEvent[] = []
  const machines = after.map((machine): Machine => {
    const former = formers.get(machine)
    if (former === undefined) {
      events.push({ event: 'found', machine })
      return machine
    }
    const { firstSeen } = former.firstSeen < machine.firstSeen ? former : machine
    const present = { ...machine, firstSeen }
    const renamed = former.id === machine.id ? {} : { formerId: former.id }
    if (substance(former) !== substance(machine))
      events.push({ event: 'changed', machine: present, ...renamed })
    return present
  })
  const kept = new Set(formers.values())
  for (const machine of before) if (!kept.has(machine)) events.push({ event: 'lost', machine })
  return { events, machines }
}

/** Which of the former machines each present one is: those with one id first, then by their addresses. */
function pair(before: readonly Machine[], after: readonly Machine[]): Map<Machine, Machine> {
  const pairs = new Map<Machine, Machine>()
  const free = new Set(before)
  const match = (marksOf: (machine: Machine) => string[]) => {
    const marked = new Map<string, Machine>()
    for (const machine of free) for (const mark of marksOf(machine)) marked.set(mark, machine)
    for (const machine of after) {
      if (pairs.has(machine)) continue
      const former = marksOf(machine)
        .map((mark) => marked.get(mark))
        .find((each) => each !== undefined && free.has(each))
      if (former === undefined) continue
      pairs.set(machine, former)
      free.delete(former)
    }
  }
  match((machine) => [machine.id])
  match(ownAddresses)
  return pairs
}

/** Addresses that are of one machine only, with the operator's interface. */
function ownAddresses({ links }: Machine): string[] {
  return links.flatMap((link) =>
    link.addresses
      .filter(({ address }) => splitZone(address).address !== staticLinkLocal)
      .map(({ address }) => `${link.interface} ${address}`),
  )
}

/** All of a machine that counts as a change of it: not the moments. */
function substance({ firstSeen: _, lastSeen: __, ...rest }: Machine): string {
  return JSON.stringify(rest)
}
