import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Socket as TcpSocket } from 'node:net'
import { fileURLToPath } from 'node:url'
import ssh2 from 'ssh2'
import { isIPv4, withZone } from '../../common/address.ts'
import { mdnsGroup, mdnsPort } from '../../common/contract.ts'
import { decodeMessage } from '../../common/decode.ts'
import { encodeMessage } from '../../common/encode.ts'
import { ownIPv4, ownLinkLocal, readLinks } from '../../common/links.ts'
import { fakeHostKey } from '../fakes/host-key.ts'
import { type RogueMachine, rogueMachines } from '../fakes/injections.ts'
import { greet, type Lie, lies } from '../fakes/lies.ts'
import { attacks } from '../fakes/packets.ts'

/** A machine that means harm: a program that a test runs in a namespace, on the link `in0`. */
export const rogueProgram = fileURLToPath(import.meta.url)
const link = 'in0'

/**
 * `rogue attack NAME ADDRESS...`, `rogue lie NAME GREETING`, `rogue inject` (many machines, each on a
 * card of its own), or `rogue watch` (who connects to port 22).
 */
if (process.argv[1] === rogueProgram) {
  const [verb, name = '', ...rest] = process.argv.slice(2)
  if (verb === 'attack') await attack(name, rest)
  else if (verb === 'inject') await inject()
  else if (verb === 'watch') await serve('never speaks', () => say('connected'))
  else await lie(lies[name] ?? (() => []), rest[0])
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

async function ownAddresses(): Promise<{ IPv4: string | undefined; IPv6: string }> {
  const own = (await readLinks()).find((each) => each.name === link)
  const linkLocal = own && ownLinkLocal(own)
  if (!linkLocal) throw new Error(`no address to speak from on ${link}`)
  return { IPv4: ownIPv4(own), IPv6: linkLocal }
}

async function open(address: string, port: number, card = link): Promise<Socket> {
  const type = isIPv4(address) ? 'udp4' : 'udp6'
  const socket = createSocket({ type, reuseAddr: true })
  socket.bind(port, withZone(address, card))
  await once(socket, 'listening')
  socket.setMulticastInterface(isIPv4(address) ? address : `::%${card}`)
  return socket
}

/** By family and port. */
async function openAll(speakers: string[], ports: readonly number[]): Promise<Map<string, Socket>> {
  const sockets = new Map<string, Socket>()
  for (const speaker of speakers)
    for (const port of ports)
      sockets.set(`${isIPv4(speaker) ? 'IPv4' : 'IPv6'} ${port}`, await open(speaker, port))
  return sockets
}

function send(socket: Socket, bytes: Buffer, to: string, port: number, card = link): Promise<void> {
  // A full queue, or a packet that the kernel will not send, is no end of the attack.
  return new Promise((resolve) => socket.send(bytes, port, withZone(to, card), () => resolve()))
}

/** Sends the packets to each target in turn; says `done` when the agent answers after all of them. */
async function attack(name: string, targets: string[]): Promise<void> {
  const { packets, ports = [mdnsPort], burst = false } = attacks[name] ?? { packets: () => [] }
  const own = await ownAddresses()
  const sockets = await openAll([own.IPv6, ...(own.IPv4 ? [own.IPv4] : [])], ports)
  const asker = await open(own.IPv6, 0)
  const direct = targets.find((each) => !isIPv4(each)) ?? ''
  let sent = 0
  for (const packet of packets()) {
    const to = targets[sent % targets.length] ?? ''
    const port = ports[Math.floor(sent / targets.length) % ports.length] ?? 0
    const socket = sockets.get(`${isIPv4(to) ? 'IPv4' : 'IPv6'} ${port}`)
    if (socket) await send(socket, packet, to, mdnsPort)
    sent++
    if (!burst && sent % 100 === 0) await untilAnswered(asker, direct)
  }
  say(`sent ${sent}`)
  await untilAnswered(asker, direct)
  say('done')
  process.exit(0)
}

/** Asks a one-shot question, again while the agent probes or its buffer is full, until it is answered. */
async function untilAnswered(asker: Socket, to: string): Promise<void> {
  const question = { name: '_ssh._tcp.local', type: 'PTR', internet: true, unicast: false }
  const bytes = encodeMessage({ id: 47, questions: [question] })
  const again = setInterval(() => void send(asker, bytes, to, mdnsPort), 100)
  await send(asker, bytes, to, mdnsPort)
  await once(asker, 'message')
  clearInterval(again)
}

async function joinGroup(): Promise<Socket> {
  const group = createSocket({ type: 'udp6', reuseAddr: true })
  group.bind(mdnsPort, `${mdnsGroup.IPv6}%${link}`)
  await once(group, 'listening')
  group.addMembership(mdnsGroup.IPv6, `::%${link}`)
  return group
}

/** Each machine answers every query, at the group's address and at its own, and whoever connects to its port 22. */
async function inject(): Promise<void> {
  const speakers = await Promise.all(
    rogueMachines.map(async (machine) => {
      const socket = await open(machine.address, mdnsPort, machine.card)
      const answer = async (bytes: Buffer, from: RemoteInfo) => {
        const asker = from.address.replace(/%.*/, '')
        if (decodeMessage(bytes).response) return
        for (const packet of machine.packets)
          await send(socket, packet, asker, from.port, machine.card)
      }
      socket.on('message', answer)
      return answer
    }),
  )
  const group = await joinGroup()
  group.on('message', (bytes, from) => {
    for (const answer of speakers) void answer(bytes, from)
  })
  const doors = new Map(rogueMachines.map((each) => [each.address, openDoor(each)]))
  const server = createServer((socket) => {
    socket.on('error', () => {})
    doors.get(socket.localAddress?.replace(/%.*/, '') ?? '')?.(socket)
  })
  await once(server.listen(22, '::'), 'listening')
  say('ready')
}

/** A client has said what it is and can, and waits: what it says then is longer than its identification. */
const longestOpening = 255

/** How a machine receives whoever connects: with bytes and nothing more, or with a host key of its own. */
function openDoor({ greeting, identification }: RogueMachine): (socket: TcpSocket) => void {
  if (greeting)
    return (socket) => {
      socket.write(greeting)
      socket.on('data', () => socket.bytesRead > longestOpening && socket.end())
    }
  const { private: key } = fakeHostKey()
  // Bytes are taken as they are, which the types leave out.
  const ident = identification as unknown as string
  const server = new ssh2.Server({ hostKeys: [key], ident }, (connection) => {
    connection.on('error', () => {})
    connection.on('authentication', (attempt) => attempt.reject())
  })
  return (socket) => server.injectSocket(socket)
}

/** Answers every query, whatever it asks, with all of its lies; and whoever connects, with a greeting. */
async function lie(make: Lie, greeting: string | undefined): Promise<void> {
  const { IPv6: own } = await ownAddresses()
  const speaker = await open(own, mdnsPort)
  const group = await joinGroup()
  group.on('message', (bytes, from) => {
    if (decodeMessage(bytes).response || from.address.startsWith(own)) return
    void answer(from.port, from.address.replace(/%.*/, ''))
  })
  async function answer(port: number, address: string): Promise<void> {
    for (const packet of make(own)) await send(speaker, packet, address, port)
  }
  await serve(greeting, () => {})
}

/** Listens on port 22, of all addresses. */
async function serve(greeting: string | undefined, connected: () => void): Promise<void> {
  if (greeting !== undefined && greeting !== 'no server') {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      connected()
      greet(greeting, socket)
    })
    await once(server.listen(22, '::'), 'listening')
  }
  say('ready')
}
