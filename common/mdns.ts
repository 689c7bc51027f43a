import type { RemoteInfo, Socket } from 'node:dgram'
import type { Packet } from 'dns-packet'
import multicastDns from 'multicast-dns'
import { normalizeAddress, withZone } from './address.ts'
import { mdnsPort } from './contract.ts'
import { decodeMessage, isPlausible, isResponse, toMessage } from './decode.ts'
import { encodeMessage } from './encode.ts'
import {
  type Family,
  familyOf,
  groupOn,
  openGroupSocket,
  openUnicastSocket,
  sendTo,
} from './mdns-socket.ts'
import type { Message } from './message.ts'
import { Recall } from './recall.ts'

/**
 * The one door to the mDNS wire. multicast-dns 7.2 decodes the responses that arrive and emits them;
 * sockets (mdns-socket.ts), memberships and what is sent are ours, because by itself the package joins by IPv4
 * interface only, polls the interfaces every 5 s, and its codec neither says QU nor compresses names.
 * Queries are decoded past it: the same ones come again and again, and are remembered.
 */

/** A message and who sent it; the address carries no zone, the door's link is the zone. */
export interface Arrival {
  message: Message
  /** A response as the codec has it, with names that are no text and so are left out of the message. */
  packet?: Packet
  address: string
  port: number
  /** Of a short query all its bytes but the id: the same text is the same question. */
  asked?: string | undefined
}

export interface Destination {
  address: string
  port: number
}

export interface Door {
  readonly interface: string
  readonly family: Family
  /** The own address that the socket is bound to; undefined for the group's socket. */
  readonly local: string | undefined
  /** The multicast-dns instance, for packages that build on one (bonjour-service). */
  readonly transport: multicastDns.MulticastDNS
  /** What arrived and was no DNS message, and what the kernel refused. */
  readonly errors: { malformed: number; socket: number }
  onMessage(listener: (arrival: Arrival) => void): void
  /** Sends to the group, or to one machine. Rejects when the kernel refuses (link gone, no route). */
  send(message: Partial<Message> | Buffer, to?: Destination): Promise<void>
  close(): void
}

/** The group's door on a link: see `openGroupSocket`. */
export async function openGroup(
  interface_: string,
  family: Family,
  ownIPv4?: string,
  otherIPv4: readonly string[] = [],
): Promise<Door> {
  return doorOf(await openGroupSocket(interface_, family, ownIPv4, otherIPv4), interface_, family)
}

/** The door of one of the link's own addresses: see `openUnicastSocket`. */
export async function openUnicast(
  interface_: string,
  address: string,
  port: number,
): Promise<Door> {
  const socket = await openUnicastSocket(interface_, address, port)
  return doorOf(socket, interface_, familyOf(address), address)
}

/** A door of a socket that is open; `local` is the own address that it is bound to. */
export function doorOf(socket: Socket, interface_: string, family: Family, local?: string): Door {
  const group = groupOn(interface_, family)
  const transport = multicastDns({
    socket,
    type: family === 'IPv6' ? 'udp6' : 'udp4',
    ip: group,
    interface: interface_,
    port: mdnsPort,
    bind: false,
    multicast: false,
  })
  const listeners: ((arrival: Arrival) => void)[] = []
  const door: Door = {
    interface: interface_,
    family,
    local,
    transport,
    errors: { malformed: 0, socket: 0 },
    onMessage: (listener) => listeners.push(listener),
    send(message, to) {
      const bytes = Buffer.isBuffer(message) ? message : encodeMessage(message)
      return sendTo(socket, bytes, to ? withZone(to.address, interface_) : group, to?.port)
    },
    close: () => transport.destroy(),
  }
  const deliver = (arrival: Arrival | undefined) => {
    if (!arrival) door.errors.malformed++
    else for (const listener of listeners) listener(arrival)
  }
  transport.on('packet', (packet: Packet, from: RemoteInfo) => {
    const arrival = readArrival(() => toMessage(packet), from)
    deliver(arrival && { ...arrival, packet })
  })
  sift(socket, deliver)
  const count = (error: Error) => door.errors['syscall' in error ? 'socket' : 'malformed']++
  transport.on('warning', count)
  transport.on('error', count)
  return door
}

/**
 * Puts a check before the transport's own listener, which decodes whatever it is given, and leaves it
 * the responses.
 */
function sift(socket: Socket, deliver: (arrival: Arrival | undefined) => void): void {
  const queries = new Recall<Message>(maxQueries)
  const listeners = socket.listeners('message') as ((bytes: Buffer, from: RemoteInfo) => void)[]
  socket.removeAllListeners('message')
  socket.on('message', (bytes, from) => {
    if (!isPlausible(bytes)) return deliver(undefined)
    if (!isResponse(bytes)) return deliver(readQuery(bytes, from, queries))
    for (const listener of listeners) listener(bytes, from)
  })
}

/** Few programs on a link ask again and again, each in its own words. */
const maxQueries = 64
/** A question, or some. One with many known answers is another each time. */
const maxRememberedBytes = 512

function readQuery(bytes: Buffer, from: RemoteInfo, queries: Recall<Message>): Arrival | undefined {
  const read = () => decodeMessage(bytes)
  if (bytes.length > maxRememberedBytes) return readArrival(read, from)
  const asked = bytes.toString('latin1', 2)
  const recall = () => ({ ...queries.get(asked, read), id: bytes.readUInt16BE(0) })
  const arrival = readArrival(recall, from)
  return arrival && { ...arrival, asked }
}

/** How senders are spelled. */
const senders = new Recall<string | undefined>(256)

/** A packet can decode and still hold fields of the wrong form; it then is no arrival. */
function readArrival(read: () => Message, from: RemoteInfo): Arrival | undefined {
  try {
    const address = senders.get(from.address, () => normalizeAddress(from.address))
    return address ? { message: read(), address, port: from.port } : undefined
  } catch {
    return undefined
  }
}
