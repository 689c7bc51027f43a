import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Packet } from 'dns-packet'
import multicastDns from 'multicast-dns'
import { isIPv4, normalizeAddress, withZone } from './address.ts'
import { mdnsGroup, mdnsPort } from './contract.ts'
import { decodeMessage, isPlausible, isResponse, toMessage } from './decode.ts'
import { encodeMessage } from './encode.ts'
import { errorCode, errorMessage, Failure } from './failure.ts'
import type { Message } from './message.ts'
import { Recall } from './recall.ts'

/**
 * The one door to the mDNS wire. multicast-dns 7.2 decodes the responses that arrive and emits them;
 * sockets, memberships and what is sent are ours, because by itself the package joins by IPv4
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
  readonly family: 'IPv4' | 'IPv6'
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

/**
 * Receives what is sent to the mDNS group on one link, and sends from port 5353.
 * Bound to `ff02::fb%interface` an IPv6 socket hears its own link only, and it cannot take
 * unicast answers away from another program on port 5353. IPv4 has no zones: there the links of
 * `otherIPv4`, own addresses, are shut out, and the caller checks the source address besides
 * (RFC 6762 section 11).
 */
export function openGroup(
  interface_: string,
  family: 'IPv4' | 'IPv6',
  ownIPv4?: string,
  otherIPv4: readonly string[] = [],
): Promise<Door> {
  const group = mdnsGroup[family]
  return openDoor(
    interface_,
    family,
    undefined,
    groupOf(family, interface_),
    mdnsPort,
    (socket) => {
      socket.addMembership(group, family === 'IPv6' ? `::%${interface_}` : ownIPv4)
      for (const address of otherIPv4) shutOut(socket, address)
      steerMulticast(socket, interface_, family, ownIPv4)
    },
  )
}

/**
 * A socket on one of the link's own addresses: what it receives was sent to this address, on
 * this link, and what it sends comes from it, so that a stateful firewall at the other end
 * recognises the answer. Port 5353 to answer direct questions (RFC 6762 section 5.5), port 0
 * to ask as a one-shot querier (section 5.1).
 */
export function openUnicast(interface_: string, address: string, port: number): Promise<Door> {
  const family = isIPv4(address) ? 'IPv4' : 'IPv6'
  return openDoor(interface_, family, address, withZone(address, interface_), port, (socket) =>
    steerMulticast(socket, interface_, family, address),
  )
}

function groupOf(family: 'IPv4' | 'IPv6', interface_: string): string {
  return family === 'IPv6' ? `${mdnsGroup.IPv6}%${interface_}` : mdnsGroup.IPv4
}

/** No machine has this address (RFC 5737). */
const nobody = '192.0.2.255'

/**
 * A socket in a group hears it on every link of the machine (ip(7), IP_MULTICAST_ALL). On a link
 * where it is a member for one source only, it hears that source only: here nobody.
 */
function shutOut(socket: Socket, ownAddress: string): void {
  try {
    socket.addSourceSpecificMembership(nobody, mdnsGroup.IPv4, ownAddress)
  } catch {
    // That link is gone, or the system has no such memberships: the source address has to do.
  }
}

/** Largest receive buffer that is worth asking for: the default loses half of 1,000 answers. */
const receiveBufferBytes = 4 * 1024 * 1024

/** Names the link for outgoing multicast: a cable without a router has no route to choose it by. */
function steerMulticast(
  socket: Socket,
  interface_: string,
  family: 'IPv4' | 'IPv6',
  ownIPv4: string | undefined,
): void {
  socket.setMulticastInterface(family === 'IPv6' ? `::%${interface_}` : (ownIPv4 ?? '0.0.0.0'))
  // RFC 6762 section 11: responses are sent with hop limit 255, and queries as well.
  socket.setMulticastTTL(255)
  socket.setTTL(255)
  socket.setMulticastLoopback(true)
}

async function openDoor(
  interface_: string,
  family: 'IPv4' | 'IPv6',
  local: string | undefined,
  bindTo: string,
  port: number,
  prepare: (socket: Socket) => void,
): Promise<Door> {
  const socket = createSocket({
    type: family === 'IPv6' ? 'udp6' : 'udp4',
    reuseAddr: port !== 0,
    recvBufferSize: receiveBufferBytes,
    // We send to addresses only, and these are spelled right.
    lookup: (address, _options, found) => found(null, address, family === 'IPv6' ? 6 : 4),
  })
  try {
    // With an address, which needs no looking up, it listens at once.
    const listening = once(socket, 'listening')
    socket.bind(port, bindTo)
    await listening
    prepare(socket)
  } catch (cause) {
    socket.close()
    throw doorFailure(interface_, port, cause)
  }
  return makeDoor(socket, interface_, family, local)
}

function doorFailure(interface_: string, port: number, cause: unknown): Failure {
  if (errorCode(cause) === 'EADDRINUSE')
    return new Failure(
      `UDP port ${port} on ${interface_} is held by a program that shares it with nobody`,
      {
        advice: `see which one: ss -ulpn 'sport = :${port}'`,
        cause,
      },
    )
  if (/^(EINVAL|ENODEV|EADDRNOTAVAIL)$/.test(errorCode(cause) ?? ''))
    return new Failure(`${interface_}, or its address, is gone`, { cause })
  return new Failure(`no mDNS socket on ${interface_}: ${errorMessage(cause)}`, {
    cause,
  })
}

function makeDoor(
  socket: Socket,
  interface_: string,
  family: 'IPv4' | 'IPv6',
  local: string | undefined,
): Door {
  const group = groupOf(family, interface_)
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
      const address = to ? withZone(to.address, interface_) : group
      return new Promise((resolve, reject) => {
        socket.send(bytes, to?.port ?? mdnsPort, address, (error) =>
          error ? reject(error) : resolve(),
        )
      })
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
