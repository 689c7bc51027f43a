import type { Message } from '../../common/message.ts'

/** An empty query, but for what is given. */
export function fakeMessage(over: Partial<Message> = {}): Message {
  return {
    id: 0,
    response: false,
    truncated: false,
    questions: [],
    answers: [],
    authorities: [],
    additionals: [],
    ...over,
  }
}
