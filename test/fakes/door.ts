import { EventEmitter } from 'node:events'
import type { Packet } from 'dns-packet'
import type { Arrival, Destination, Door } from '../../common/mdns.ts'
import type { Message } from '../../common/message.ts'
import { fakeMessage } from './message.ts'

/** An mDNS socket without a network: keeps what is sent, and hears what the test says. */
export interface FakeDoor extends Door {
  readonly sent: { message: Partial<Message>; to: Destination | undefined }[]
  closed: boolean
  /** The kernel sends nothing. */
  refuses: boolean
  arrive(message: Partial<Message>, address: string, port?: number): void
}

export function fakeDoor(family: 'IPv4' | 'IPv6' = 'IPv6'): FakeDoor {
  const listeners: ((arrival: Arrival) => void)[] = []
  const door: FakeDoor = {
    interface: 'eno1',
    family,
    local: undefined,
    transport: new EventEmitter() as Door['transport'],
    errors: { malformed: 0, socket: 0 },
    sent: [],
    closed: false,
    refuses: false,
    onMessage: (listener) => listeners.push(listener),
    async send(message, to) {
      if (door.refuses) throw new Error('ENETUNREACH')
      if (!Buffer.isBuffer(message)) door.sent.push({ message, to })
    },
    close: () => {
      door.closed = true
    },
    arrive(message, address, port = 5353) {
      const heard = fakeMessage(message)
      const packet = { answers: heard.answers, additionals: heard.additionals } as Packet
      for (const listener of listeners) listener({ message: heard, packet, address, port })
    },
  }
  return door
}
