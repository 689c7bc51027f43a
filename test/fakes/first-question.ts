import { createSocket, type RemoteInfo } from 'node:dgram'
import { mdnsPort } from '../../common/contract.ts'
import type { FirstQuestion } from '../../scanner/sources/first-question.ts'

interface Datagram extends Partial<RemoteInfo> {
  bytes: Buffer
  address: string
}

/** A first question on a link that every machine has, to which these have come; its socket is not bound. */
export function fakeFirst(...datagrams: Datagram[]): FirstQuestion {
  const heard = datagrams.map(({ bytes, address, port = mdnsPort }): [Buffer, RemoteInfo] => [
    bytes,
    { address, port, family: 'IPv6', size: bytes.length },
  ])
  const socket = createSocket('udp6')
  const value = { socket, family: 'IPv6' as const, local: undefined, heard, release: () => {} }
  const askers = [{ status: 'fulfilled' as const, value }]
  return {
    link: 'lo',
    own: ['::1'],
    id: 1,
    questions: [],
    askedAt: 0,
    askers,
    listeners: [],
  }
}
