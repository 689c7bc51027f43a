import { setMaxListeners } from 'node:events'
import type { ResourceRecord } from '../../common/message.ts'
import { sleep } from '../../common/schedule.ts'
import { announcedKey, announceGapsMs, flushWholeSets, goodbye, withdrawn } from './announce.ts'
import { repeatMs } from './answer.ts'
import { isClaimed } from './claims.ts'
import type { Voice } from './voice.ts'

/** One telling of what is due; a `rescue` is not needed when somebody else does it. */
interface Wave {
  rescue: boolean
}

/** What is announced: the records that may be given out now, and which names they are of. */
export interface Announced {
  records(): readonly ResourceRecord[]
  isHeld(name: string): boolean
}

/**
 * Tells the group what is new and what is gone (RFC 6762 sections 8.3, 8.4 and 10.1), each as soon
 * as a second has passed since it last heard of it (section 6).
 */
export class Announcer {
  readonly #announced: Announced
  readonly #voice: Voice
  /** Which wave is to tell of what next: a later one takes over from an earlier. */
  readonly #waveOf = new Map<string, Wave>()
  #stop = makeStop()

  constructor(announced: Announced, voice: Voice) {
    this.#announced = announced
    this.#voice = voice
  }

  /** `gone` is no longer true; `told` is called as it is told. */
  tell(news: readonly ResourceRecord[], gone: readonly ResourceRecord[], told: () => void): void {
    if (news.length + gone.length > 0)
      void this.#run({ rescue: false }, [...news, ...gone], gone, announceGapsMs, told)
  }

  /** Others would forget these too soon: they are told again after a while (RFC 6762 section 6.6). */
  rescue(records: readonly ResourceRecord[], delayMs: number): void {
    const lost = records.filter((record) => !this.#waveOf.has(announcedKey(record)))
    if (lost.length > 0) void this.#run({ rescue: true }, lost, [], [delayMs], () => {})
  }

  /** Another machine has told the group of the record. */
  heardElsewhere(record: ResourceRecord): void {
    const key = announcedKey(record)
    if (this.#waveOf.get(key)?.rescue) this.#waveOf.delete(key)
  }

  /** Nothing more is told of what was under way. */
  clear(): void {
    this.#stop.abort()
    this.#stop = makeStop()
    this.#waveOf.clear()
  }

  async #run(
    wave: Wave,
    records: readonly ResourceRecord[],
    gone: readonly ResourceRecord[],
    gapsMs: readonly number[],
    told: () => void,
  ): Promise<void> {
    const { signal } = this.#stop
    const keys = new Set(records.map(announcedKey))
    for (const key of keys) this.#waveOf.set(key, wave)
    const isDue = (record: ResourceRecord) => this.#waveOf.get(announcedKey(record)) === wave
    const due = () => this.#announced.records().filter(isDue)
    let lost = gone
    for (const gap of gapsMs) {
      await this.#untilRepeatable(performance.now() + gap, () => [...due(), ...lost], signal)
      if (signal.aborted) return
      const spoken = this.#announced.records()
      const farewell = goodbye(withdrawn(lost, spoken)).map((each) => this.#unclaimed(each))
      const answers = [...due(), ...farewell]
      if (answers.length === 0) break
      if (gap === 0) told()
      await this.#voice.multicast(flushWholeSets(spoken, { response: true, answers }))
      this.#voice.forget(farewell)
      lost = []
    }
    for (const key of keys) if (this.#waveOf.get(key) === wave) this.#waveOf.delete(key)
  }

  /** Waits until a time of the steady clock, and for as long as the records were said within a second. */
  async #untilRepeatable(
    earliest: number,
    records: () => readonly ResourceRecord[],
    signal: AbortSignal,
  ): Promise<void> {
    const left = () => {
      const repeatable = records().map((record) => this.#voice.lastSaid(record) + repeatMs)
      return Math.max(earliest, ...repeatable) - performance.now()
    }
    for (let wait = left(); wait > 0 && !signal.aborted; wait = left()) await sleep(wait, signal)
  }

  /** Nobody is told to forget what the new holder of a name says of it. */
  #unclaimed(record: ResourceRecord): ResourceRecord {
    const isLost = isClaimed(record) && !this.#announced.isHeld(record.name)
    return isLost ? { ...record, flush: false } : record
  }
}

/** Each telling under way listens to it: in a storm of events these are more than Node thinks right. */
function makeStop(): AbortController {
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  return stop
}
