import { recordKey } from '../../common/message.ts'
import type { Answer } from './querier.ts'

/** Of 1,000 machines each answers by two ways; more is a flood, of which each packet is read. */
const maxRemembered = 8192

/** Answers of a round: most machines say the same by unicast and to the group, which is read once. */
export class SaidBefore {
  readonly #said = new Set<string>()

  isNew({ address, message }: Pick<Answer, 'address' | 'message'>): boolean {
    const records = [...message.answers, ...message.additionals]
    const texts = records.map((each) => `${each.ttl === 0 ? 'gone ' : ''}${recordKey(each)}`)
    const text = `${address}\n${texts.join('\n')}`
    if (this.#said.has(text)) return false
    if (this.#said.size < maxRemembered) this.#said.add(text)
    return true
  }
}
