import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv4, withZone } from './address.ts'
import { mdnsGroup, mdnsPort } from './contract.ts'
import { errorCode, errorMessage, Failure } from './failure.ts'

/** Sockets for mDNS, each on one link; what goes through them is for mdns.ts to read and to write. */

export type Family = 'IPv4' | 'IPv6'

/**
 * Receives what is sent to the mDNS group on one link, and sends from port 5353.
 * Bound to `ff02::fb%interface` an IPv6 socket hears its own link only, and it cannot take
 * unicast answers away from another program on port 5353. IPv4 has no zones: there the links of
 * `otherIPv4`, own addresses, are shut out, and the caller checks the source address besides
 * (RFC 6762 section 11).
 */
export function openGroupSocket(
  interface_: string,
  family: Family,
  ownIPv4?: string,
  otherIPv4: readonly string[] = [],
): Promise<Socket> {
  const group = mdnsGroup[family]
  return openSocket(interface_, family, groupOn(interface_, family), mdnsPort, (socket) => {
    socket.addMembership(group, family === 'IPv6' ? `::%${interface_}` : ownIPv4)
    for (const address of otherIPv4) shutOut(socket, address)
    steerMulticast(socket, interface_, family, ownIPv4)
  })
}

/**
 * A socket on one of the link's own addresses: what it receives was sent to this address, on
 * this link, and what it sends comes from it, so that a stateful firewall at the other end
 * recognises the answer. Port 5353 to answer direct questions (RFC 6762 section 5.5), port 0
 * to ask as a one-shot querier (section 5.1).
 */
export function openUnicastSocket(
  interface_: string,
  address: string,
  port: number,
): Promise<Socket> {
  const family = familyOf(address)
  return openSocket(interface_, family, withZone(address, interface_), port, (socket) =>
    steerMulticast(socket, interface_, family, address),
  )
}

/** The group as an address on a link. */
export function groupOn(interface_: string, family: Family): string {
  return family === 'IPv6' ? `${mdnsGroup.IPv6}%${interface_}` : mdnsGroup.IPv4
}

/** Sends to an address, with zone where it needs one. Rejects when the kernel refuses. */
export function sendTo(
  socket: Socket,
  bytes: Buffer,
  address: string,
  port = mdnsPort,
): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(bytes, port, address, (error) => (error ? reject(error) : resolve()))
  })
}

export const familyOf = (address: string): Family => (isIPv4(address) ? 'IPv4' : 'IPv6')

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
  family: Family,
  ownIPv4: string | undefined,
): void {
  socket.setMulticastInterface(family === 'IPv6' ? `::%${interface_}` : (ownIPv4 ?? '0.0.0.0'))
  // RFC 6762 section 11: responses are sent with hop limit 255, and queries as well.
  socket.setMulticastTTL(255)
  socket.setTTL(255)
  socket.setMulticastLoopback(true)
}

async function openSocket(
  interface_: string,
  family: Family,
  bindTo: string,
  port: number,
  prepare: (socket: Socket) => void,
): Promise<Socket> {
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
    throw socketFailure(interface_, port, cause)
  }
  return socket
}

function socketFailure(interface_: string, port: number, cause: unknown): Failure {
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
