import type { RemoteInfo, Socket } from 'node:dgram'
import { isIPv4 } from '../../common/address.ts'
import { encodeMessage } from '../../common/encode.ts'
import {
  type Family,
  familyOf,
  groupOn,
  openGroupSocket,
  openUnicastSocket,
  sendTo,
} from '../../common/mdns-socket.ts'
import type { Message, Question } from '../../common/message.ts'
import { hostQuestions, liveNames, serviceQuestions } from './questions.ts'

/**
 * The question to a link's group, asked while the programs that read the answers are still being
 * loaded: an answer may take 120 ms (RFC 6762 section 6), and all that is waited for.
 */
export interface FirstQuestion {
  link: string
  /** The link's own addresses that it was asked from. */
  own: readonly string[]
  id: number
  questions: readonly Question[]
  /** Milliseconds of `performance.now()`. */
  askedAt: number
  askers: PromiseSettledResult<Caught>[]
  listeners: PromiseSettledResult<Caught>[]
}

/** A socket, and what has come in meanwhile. */
export interface Caught {
  socket: Socket
  family: Family
  local: string | undefined
  heard: [Buffer, RemoteInfo][]
  /** Catches no more. */
  release(): void
}

/** Of 1,000 machines two answers each come while the rest is loaded; more is a flood. */
const maxCaught = 4096

/** Tells our own questions, and the answers to them, from those of other programs here. */
export const newQuestionId = (): number => 1 + Math.floor(Math.random() * 0xffff)

/** What everybody is asked: for the services, and for the names that live systems have. */
const firstQuestions = [...serviceQuestions(), ...hostQuestions(liveNames)]

/** Asks a link's group from its own addresses; undefined where it cannot be asked. */
export async function askFirst(
  link: string,
  own: readonly string[],
): Promise<FirstQuestion | undefined> {
  const [askers, listeners] = await openSockets(link, own)
  const first = { link, own, id: newQuestionId(), questions: firstQuestions, askers, listeners }
  // As a Querier asks: from any port, and from the group's own.
  const once = await sendAll(askers, { id: first.id, questions: firstQuestions }, link)
  await sendAll(listeners, { questions: firstQuestions }, link)
  if (once.some(({ status }) => status === 'fulfilled'))
    return { ...first, askedAt: performance.now() }
  closeFirst(first)
  return undefined
}

/** What has come in by now. */
export function heardBy({ askers, listeners }: FirstQuestion): Caught['heard'] {
  return [...askers, ...listeners].flatMap((each) =>
    each.status === 'fulfilled' ? each.value.heard : [],
  )
}

/** The sockets of a question that nobody will read the answers to. */
export function closeFirst({
  askers,
  listeners,
}: Pick<FirstQuestion, 'askers' | 'listeners'>): void {
  for (const each of [...askers, ...listeners])
    if (each.status === 'fulfilled') each.value.socket.close()
}

/** To ask from each own address, and to hear each family's group. */
export function openSockets(link: string, own: readonly string[]) {
  return Promise.all([
    Promise.allSettled(
      own.map(async (address) =>
        caught(await openUnicastSocket(link, address, 0), familyOf(address), address),
      ),
    ),
    Promise.allSettled(
      own.map(async (address) => {
        const family = familyOf(address)
        const speaker = isIPv4(address) ? address : undefined
        return caught(await openGroupSocket(link, family, speaker), family)
      }),
    ),
  ])
}

function caught(socket: Socket, family: Family, local?: string): Caught {
  const heard: [Buffer, RemoteInfo][] = []
  const hear = (bytes: Buffer, from: RemoteInfo) => {
    if (heard.length < maxCaught) heard.push([bytes, from])
  }
  const ignore = () => {}
  socket.on('message', hear).on('error', ignore)
  const release = () => {
    socket.off('message', hear).off('error', ignore)
  }
  return { socket, family, local, heard, release }
}

function sendAll(
  sockets: PromiseSettledResult<Caught>[],
  message: Partial<Message>,
  link: string,
): Promise<PromiseSettledResult<void>[]> {
  const bytes = encodeMessage(message)
  return Promise.allSettled(
    sockets.map(async (each) => {
      if (each.status === 'rejected') throw each.reason
      const { socket, family } = each.value
      await sendTo(socket, bytes, groupOn(link, family))
    }),
  )
}
