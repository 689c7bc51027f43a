import { errorMessage } from '../../common/failure.ts'
import type { Log } from '../../common/log.ts'
import type { Destination, Door } from '../../common/mdns.ts'
import { type Message, type ResourceRecord, recordKey } from '../../common/message.ts'
import { packMessage } from '../../common/pack.ts'
import { Recall } from '../../common/recall.ts'

/** IP and UDP headers. */
const headerBytes = { IPv4: 28, IPv6: 48 }

/** A message, or its datagrams. */
export type Said = Partial<Message> | readonly Buffer[]

/** What is asked for again and again, in the few forms that it has at different times. */
const maxPacked = 32

/** Says things on one link in one family, and remembers what the group has heard. */
export class Voice {
  /** To the group; undefined while the link cannot be spoken on. */
  group: Door | undefined
  mtu = 1280
  sent = 0
  readonly #log: Log
  readonly #packed = new Recall<Buffer[]>(maxPacked)
  /** When a record last went to the group, in milliseconds of a steady clock. */
  readonly #saidAt = new Map<string, number>()

  constructor(log: Log) {
    this.#log = log
  }

  /** To the group: query or response, in as many datagrams as it takes. */
  async multicast(message: Partial<Message>): Promise<void> {
    if (!this.group || !(await this.send(this.group, message)) || !message.response) return
    for (const record of [...(message.answers ?? []), ...(message.additionals ?? [])])
      this.#saidAt.set(recordKey(record), performance.now())
  }

  /** A message as datagrams that the link carries whole. */
  pack({ family }: Door, message: Partial<Message>): Buffer[] {
    const maxBytes = this.mtu - headerBytes[family]
    const { response, questions, authorities, answers = [], additionals = [] } = message
    const pack = () => packMessage(message, maxBytes)
    if (!response || questions || authorities) return pack()
    const form = [answers, additionals].map((records) => records.map(formKey).join())
    return this.#packed.get(`${maxBytes} ${form.join(' + ')}`, pack)
  }

  /** False when the kernel refuses: that is a note, for its next event sets things right. */
  async send(door: Door, message: Said, to?: Destination): Promise<boolean> {
    try {
      const parts = isPacked(message) ? message : this.pack(door, message)
      for (const part of parts) await door.send(part, to)
      this.sent++
      return true
    } catch (error) {
      this.#log.debug({ error: errorMessage(error) }, 'could not send')
      return false
    }
  }

  /** When the group last heard the record, in milliseconds of a steady clock; -Infinity for never. */
  lastSaid(record: ResourceRecord): number {
    return this.#saidAt.get(recordKey(record)) ?? Number.NEGATIVE_INFINITY
  }

  /** How long ago that was, in milliseconds. */
  since(record: ResourceRecord): number {
    return performance.now() - this.lastSaid(record)
  }

  /** These are no longer ours to say. */
  forget(records: readonly ResourceRecord[]): void {
    for (const record of records) this.#saidAt.delete(recordKey(record))
  }
}

function formKey(record: ResourceRecord): string {
  return `${record.flush} ${record.ttl} ${recordKey(record)}`
}

function isPacked(message: Said): message is readonly Buffer[] {
  return Array.isArray(message)
}
