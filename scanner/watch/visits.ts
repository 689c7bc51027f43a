import { splitZone } from '../../common/address.ts'
import { sleep } from '../../common/schedule.ts'
import type { Machine } from '../machine.ts'
import { probeSsh } from '../sources/ssh.ts'
import { type Input, scanKey } from './evidence.ts'
import { growingIntervals } from './intervals.ts'

/** Connections under way at once. */
const maxVisits = 16
const firstRetryMs = 500

/**
 * Visits each machine's ssh server: once when it answers, else again at growing intervals. A machine
 * that has booted anew, or has come back, is visited anew.
 */
export class Visits {
  readonly #learn: (input: Input) => void
  /** The longest time between two visits to a machine whose server does not answer. */
  readonly #longestRetryMs: number
  readonly #signal: AbortSignal
  readonly #underWay = new Map<string, Visit>()
  /** Those who have been visited at least once. */
  readonly #visited = new Set<string>()
  #active = 0
  readonly #waiting: (() => void)[] = []

  constructor(learn: (input: Input) => void, longestRetryMs: number, signal: AbortSignal) {
    this.#learn = learn
    this.#longestRetryMs = longestRetryMs
    this.#signal = signal
  }

  /** Begins and ends visits, so that those go on which are of present machines without an answer. */
  update(machines: readonly Machine[]): void {
    const wanted = new Map(
      machines.filter((each) => !each.ssh.reachable).map((each) => [visitKey(each), each]),
    )
    for (const [key, visit] of this.#underWay) {
      const machine = wanted.get(key)
      if (machine) visit.machine = machine
      else {
        visit.controller.abort()
        this.#underWay.delete(key)
      }
    }
    const present = new Set(machines.map(visitKey))
    for (const key of this.#visited) if (!present.has(key)) this.#visited.delete(key)
    for (const [key, machine] of wanted) {
      if (this.#underWay.has(key) || this.#signal.aborted) continue
      const visit = { machine, controller: new AbortController() }
      this.#underWay.set(key, visit)
      void this.#repeat(key, visit)
    }
  }

  /** Whether the first visit to the machine is still to come, or under way. */
  isPending(machine: Machine): boolean {
    return !machine.ssh.reachable && !this.#visited.has(visitKey(machine))
  }

  end(): void {
    for (const { controller } of this.#underWay.values()) controller.abort()
    this.#underWay.clear()
  }

  async #repeat(key: string, visit: Visit): Promise<void> {
    const { signal } = visit.controller
    for (const interval of growingIntervals(firstRetryMs, this.#longestRetryMs)) {
      await this.#turn()
      const reached = signal.aborted || (await this.#tryAll(visit.machine, signal))
      this.#active--
      this.#waiting.shift()?.()
      if (signal.aborted) return
      this.#visited.add(key)
      if (reached) return
      await sleep(interval, signal)
      if (signal.aborted) return
    }
  }

  /** Waits until fewer than the most are on their way. */
  async #turn(): Promise<void> {
    while (this.#active >= maxVisits)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#active++
  }

  async #tryAll({ links, port }: Machine, signal: AbortSignal): Promise<boolean> {
    for (const link of links)
      for (const { address } of link.addresses) {
        const bare = splitZone(address).address
        const sighting = await probeSsh(link.interface, bare, port, signal)
        if (signal.aborted) return false
        const lifetimeMs = Number.POSITIVE_INFINITY
        this.#learn({ kind: 'heard', key: scanKey(sighting), sighting, lifetimeMs })
        if (sighting.ssh?.reachable) return true
      }
    return false
  }
}

interface Visit {
  /** As it was last known. */
  machine: Machine
  controller: AbortController
}

/** Another boot, another card or another port is another visit. */
function visitKey({ id, agent, links, port }: Machine): string {
  return JSON.stringify([id, agent?.boot, port, links.map((each) => [each.interface, each.mac])])
}
