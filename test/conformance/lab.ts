import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { mdnsGroup, mdnsPort } from '../../common/contract.ts'
import {
  connect,
  createNamespace,
  type Namespace,
  runInside,
} from '../../scanner/demo/namespace.ts'
import { addressText } from './bytes.ts'
import { Capture } from './capture.ts'
import { type LinkKind, must, need } from './check.ts'
import { type DnsRecord, keyOf, type Question, sameName, type } from './dns.ts'
import { type Parts, query, question } from './encode.ts'
import type { Packet } from './pcap.ts'
import { type Peer, type Program, peerMac, secondMac } from './peers.ts'
import { Speaker, type Utterance } from './speaker.ts'

export type Family = Packet['family']

/** The hosts that the tester plays: the fourth is on no subnet of the link, the last has 169.254. */
const hosts = {
  IPv6: ['fe80::a1', 'fe80::a2', 'fe80::a3', '2001:db8:99::9'],
  IPv4: ['192.0.2.1', '192.0.2.2', '192.0.2.3', '203.0.113.9', '169.254.1.1'],
} as const
export const offLink = 3
const ipv4Prefix = [24, 24, 24, 32, 16]
/** The peer's own addresses; two links with one prefix. */
const peerIPv4 = ['192.0.2.7', '192.0.2.8']

/** One record goes to the group once a second (RFC 6762 section 6); a little more, for its clock. */
const quietMs = 1080
/** Whatever a responder keeps of a question or of another's answer, it is for less than that. */
const forgottenMs = 800
/** Announcements that come later than that after each other are too rare to be in the way. */
const longestGapMs = 4500

export interface Options {
  /** Which of the hosts speaks. */
  from?: number
  family?: Family
  /** 0: an ephemeral one. */
  port?: number
  /** An address of the peer; else the group. */
  to?: string
  toPort?: number
  hops?: number
}

/** One end of a cable that goes to the peer: a machine, its ears and its voice. */
export interface Place {
  machine: Namespace
  wire: Capture
  speaker: Speaker
  /** The name of the peer's end. */
  far: string
  mac: string
}

/** A peer on one or two links, and somebody at the other end of each. */
export class Lab {
  readonly peer: Peer
  readonly kind: LinkKind
  readonly places: readonly Place[]
  readonly machine: Namespace
  readonly #folder: string
  #program: Program | undefined
  /** Ports from which it was asked whether the peer is alive. */
  readonly #controlPorts = new Set<number>()

  private constructor(
    peer: Peer,
    kind: LinkKind,
    machine: Namespace,
    places: readonly Place[],
    folder: string,
  ) {
    this.peer = peer
    this.kind = kind
    this.machine = machine
    this.places = places
    this.#folder = folder
  }

  static async make(peer: Peer, kind: LinkKind, folder: string): Promise<Lab> {
    const machine = await makeMachine(kind)
    const places = [await makePlace(machine, kind, 0)]
    if (kind === 'two') places.push(await makePlace(machine, kind, 1))
    return new Lab(peer, kind, machine, places, folder)
  }

  get place(): Place {
    return need(this.places[0], 'no place')
  }

  get wire(): Capture {
    return this.place.wire
  }

  get packets(): readonly Packet[] {
    return this.wire.packets
  }

  get families(): Family[] {
    if (this.kind === 'IPv4') return ['IPv4']
    return this.kind === 'IPv6' ? ['IPv6'] : ['IPv6', 'IPv4']
  }

  get family(): Family {
    return this.kind === 'IPv4' ? 'IPv4' : 'IPv6'
  }

  /** Starts the peer's program. */
  async start(): Promise<void> {
    this.#program = await this.peer.start(this.machine, this.#folder, this.kind)
    this.#program.stderr.resume()
  }

  get isRunning(): boolean {
    return this.#program !== undefined
  }

  /** Back to a machine on which the peer does not run, and a link on which nothing was said. */
  async startAnew(): Promise<void> {
    if (this.#program) await this.stopPeer()
    for (const { wire } of this.places) wire.clear()
  }

  /** Whether the peer still answers for its first host name. */
  async holdsHost(): Promise<boolean> {
    if (!this.#program) return true
    const id = newId()
    const sent = await this.ask(question(this.peer.host, type.ANY), { port: 0, id })
    const isIt = (packet: Packet) => packet.message?.id === id && packet.message.answers.length > 0
    return (await this.answerTo(sent, isIt, 1000)) !== undefined
  }

  /** Starts it and waits until it has announced its host name twice in each family. */
  async boot(): Promise<void> {
    await this.start()
    for (const place of this.places)
      for (const family of this.families) await this.#announced(place, family)
  }

  async #announced({ wire, mac }: Place, family: Family): Promise<void> {
    const isAnnouncement = (packet: Packet) =>
      packet.sourceMac === mac &&
      packet.family === family &&
      packet.message?.qr === 1 &&
      packet.message.answers.some((each) => sameName(each.name, this.peer.host) && each.ttl > 0)
    const first = await wire.find(isAnnouncement, 20_000)
    const at = need(first, `not announced over ${family} within 20 s`, this.mine(wire)).at
    await wire.find((packet) => isAnnouncement(packet) && packet.at > at + 500, 3000)
  }

  /**
   * Until no announcement is to come: the next one would be twice as long after the last one as
   * that was after the one before (RFC 6762 section 8.3).
   */
  async settled(): Promise<void> {
    for (;;) {
      const said = this.mine().filter(
        ({ message }) =>
          message?.qr === 1 && message.answers.some((r) => sameName(r.name, this.peer.host)),
      )
      const [before = 0, last = 0] = said.slice(-2).map(({ at }) => at)
      const left = last + Math.min(2.1 * (last - before) + 200, longestGapMs) - Date.now()
      if (left <= 0) return
      await sleep(left)
    }
  }

  /** Ends the program with SIGTERM and waits for it. */
  async stopPeer(): Promise<void> {
    const program = need(this.#program, 'not started')
    this.#program = undefined
    const isOver = program.exitCode !== null || program.signalCode !== null
    if (!isOver) {
      program.kill('SIGTERM')
      await once(program, 'exit')
    }
    await settleCapture()
  }

  /** Runs a command on the peer's machine. */
  onPeer(command: string, ...args: string[]): Promise<string> {
    return runInside(this.machine, command, args)
  }

  /** The same on the tester's (first) machine. */
  onTester(command: string, ...args: string[]): Promise<string> {
    return runInside(this.place.machine, command, args)
  }

  end(): void {
    for (const { wire, speaker, machine } of this.places) {
      wire.stop()
      speaker.stop()
      machine.end()
    }
    this.machine.end()
  }

  /** What the peer sent on its (first) link. */
  mine(wire: Capture = this.wire): Packet[] {
    return wire.packets.filter((packet) => this.isPeers(packet))
  }

  isPeers({ sourceMac, destinationPort, sourcePort, fragment }: Packet): boolean {
    const speaksMdns = fragment || isMdns({ sourcePort, destinationPort })
    return (sourceMac === peerMac || sourceMac === secondMac) && speaksMdns
  }

  /** What the peer sent since a packet, or a moment. */
  since(moment: Packet | number, wire: Capture = this.wire): Packet[] {
    const at = typeof moment === 'number' ? moment : moment.at
    return this.mine(wire).filter((packet) => packet.at > at)
  }

  /** Sends bytes and gives them as they were on the wire. */
  async send(payload: Buffer, options: Options = {}, place = this.place): Promise<Packet> {
    const before = place.wire.packets.length
    const { source, destination } = this.say(payload, options, place)
    const isIt = (packet: Packet) =>
      packet.source === source &&
      (packet.payload.equals(payload) || packet.fragment) &&
      packet.destination === destination
    const sent = await place.wire.find(isIt, 5000, before)
    if (!sent) throw new Error(`the tester could not send from ${source} to ${destination}`)
    return sent
  }

  /** Sends bytes, and that is all. */
  say(payload: Buffer, options: Options = {}, place = this.place): Utterance {
    const { from = 0, family = this.family, port = mdnsPort, to, toPort = mdnsPort } = options
    const utterance = {
      link: 'op0',
      source: need(hosts[family][from], 'no such host'),
      sourcePort: port,
      destination: to ?? mdnsGroup[family],
      destinationPort: toPort,
      hops: options.hops ?? 255,
      payload: payload.toString('base64'),
    }
    place.speaker.say(utterance)
    return utterance
  }

  ask(
    questions: Question | Question[],
    options: Options & Parts = {},
    place = this.place,
  ): Promise<Packet> {
    return this.send(query([questions].flat(), options), options, place)
  }

  /** The first response of the peer after `sent`, that fits. */
  async answerTo(
    sent: Packet,
    fits: (packet: Packet) => boolean = () => true,
    milliseconds = 2500,
    wire: Capture = this.wire,
  ): Promise<Packet | undefined> {
    const isAnswer = (packet: Packet) =>
      this.isPeers(packet) &&
      packet.at >= sent.at &&
      (packet.message?.qr === 1 || packet.message === undefined) &&
      fits(packet)
    return wire.find(isAnswer, milliseconds)
  }

  /** The same; a Violation when there is none. */
  async mustAnswer(
    sent: Packet,
    what: string,
    fits?: (packet: Packet) => boolean,
    wire?: Capture,
  ): Promise<Packet & { message: NonNullable<Packet['message']> }> {
    const found = await this.answerTo(sent, fits, 2500, wire)
    const packet = need(found, `${what}: no such answer`, [sent, ...this.since(sent, wire)])
    const message = need(packet.message, `${what}: ${packet.malformed}`, [packet])
    return { ...packet, message }
  }

  /**
   * That nothing of the peer fits until `milliseconds` after `sent`, and until it has answered a
   * question that was asked later: a dead peer is not a polite one.
   */
  async mustNotAnswer(
    sent: Packet,
    what: string,
    fits: (packet: Packet) => boolean = () => true,
    milliseconds = 250,
  ): Promise<void> {
    const isAnswer = (packet: Packet) =>
      packet.at >= sent.at && packet.message?.qr === 1 && fits(packet)
    const left = Math.max(1, sent.at + milliseconds - Date.now())
    await this.wire.find((packet) => this.isPeers(packet) && isAnswer(packet), left)
    const id = newId()
    const control = await this.ask(question(this.peer.services[0] ?? '', type.PTR), { port: 0, id })
    this.#controlPorts.add(control.sourcePort)
    const answered = await this.answerTo(control, (packet) => packet.message?.id === id)
    const wrong = this.since(sent).filter(
      (packet) => isAnswer(packet) && !this.#controlPorts.has(packet.destinationPort),
    )
    must(wrong.length === 0, what, [sent, ...wrong])
    need(answered, `${what}: it does not answer at all any more`, [sent, control])
  }

  /**
   * Until the peer has multicast nothing for a second, so that it may repeat each answer and probes
   * no more, and has had time to forget what the tester said.
   */
  async quiet(): Promise<void> {
    for (const { wire } of this.places)
      for (;;) {
        const last = wire.packets.findLast(
          (packet) => this.isMulticast(packet) && this.isPeers(packet),
        )
        const said = wire.packets.findLast((packet) => !this.isPeers(packet) && isMdns(packet))
        const until = Math.max((last?.at ?? 0) + quietMs, (said?.at ?? 0) + forgottenMs)
        if (until <= Date.now()) break
        await sleep(until - Date.now())
      }
  }

  isMulticast({ destination }: Packet): boolean {
    return destination === mdnsGroup.IPv4 || destination === mdnsGroup.IPv6
  }

  /** The records that the peer has told the group, as a cache would have them (section 10.2). */
  announced(family: Family = this.family): DnsRecord[] {
    const alive = new Map<string, { record: DnsRecord; at: number }>()
    for (const packet of this.mine()) {
      const { message, at } = packet
      if (packet.family !== family || message?.qr !== 1 || !this.isMulticast(packet)) continue
      for (const record of message.answers) {
        for (const [key, old] of alive)
          if (record.flush && isSameSet(old.record, record) && old.at < at - 1000) alive.delete(key)
        if (record.ttl === 0) alive.delete(keyOf(record))
        else alive.set(keyOf(record), { record, at })
      }
    }
    return [...alive.values()].map(({ record }) => record)
  }

  /** An announced record of a name and type. */
  record(name: string, kind: number, family?: Family): DnsRecord {
    const found = this.announced(family).find(
      (each) => each.type === kind && sameName(each.name, name),
    )
    return need(found, `${name} of type ${kind} was not announced`)
  }

  /** The addresses that the peer's machine has on a link, as the kernel says. */
  async addresses(place = this.place): Promise<string[]> {
    const shown = await this.onPeer('ip', '-j', 'address', 'show', 'dev', place.far)
    const [link] = JSON.parse(shown) as { addr_info: { local: string }[] }[]
    return (link?.addr_info ?? []).map(({ local }) => local)
  }

  /** The peer's address to ask directly. */
  async addressOf(family: Family): Promise<string> {
    const addresses = await this.addresses()
    const fits = (each: string) => (family === 'IPv4' ? each.includes('.') : /^fe80::5/.test(each))
    return need(addresses.find(fits), `the peer has no ${family} address`)
  }

  /** Waits in wall clock; for what the RFC wants to be so for a time. */
  wait(milliseconds: number): Promise<void> {
    return sleep(milliseconds)
  }
}

const isMdns = ({ sourcePort, destinationPort }: Pick<Packet, 'sourcePort' | 'destinationPort'>) =>
  sourcePort === mdnsPort || destinationPort === mdnsPort

const isSameSet = (a: DnsRecord, b: DnsRecord) =>
  sameName(a.name, b.name) && a.type === b.type && a.class === b.class

const newId = () => 1 + Math.floor(Math.random() * 65_000)

/** What was sent before a program ended may still be on its way from tcpdump. */
const settleCapture = () => sleep(150)

/** The addresses in a list of records of one name. */
export function addressesIn(records: readonly DnsRecord[], name: string): string[] {
  return records
    .filter(
      (each) => sameName(each.name, name) && (each.type === type.A || each.type === type.AAAA),
    )
    .map((each) => addressText(each.rdata))
}

/** Without duplicate address detection: a link is ready when its cable is. */
async function makeMachine(kind: LinkKind): Promise<Namespace> {
  const namespace = await createNamespace()
  const settings = [
    'echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad',
    'echo 0 > /proc/sys/net/ipv6/conf/default/router_solicitations',
    ...(kind === 'IPv4' ? ['echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6'] : []),
  ]
  await runInside(namespace, 'sh', ['-c', settings.join(' && ')])
  return namespace
}

async function makePlace(peer: Namespace, kind: LinkKind, index: number): Promise<Place> {
  const machine = await makeMachine(kind)
  const far = `in${index}`
  const mac = index === 0 ? peerMac : secondMac
  await connect({ namespace: machine, interface: 'op0' }, { namespace: peer, interface: far, mac })
  const own = [
    ...(kind === 'IPv4' ? [] : hosts.IPv6.map((each, i) => `${each}/${i === offLink ? 128 : 64}`)),
    ...(kind === 'IPv6' ? [] : hosts.IPv4.map((each, i) => `${each}/${ipv4Prefix[i]}`)),
  ]
  const add = own.map((each) => `ip address add ${each} dev op0`)
  await runInside(machine, 'sh', ['-c', add.join(' && ')])
  const ipv4 = `${peerIPv4[index] ?? ''}/24`
  if (kind !== 'IPv6') await runInside(peer, 'ip', ['address', 'add', ipv4, 'dev', far])
  return {
    machine,
    far,
    mac,
    wire: await Capture.start(machine, 'op0'),
    speaker: await Speaker.start(machine),
  }
}
