import type { AnyAuthMethod, AuthenticationType, Prompt } from 'ssh2'
import type { Ask } from './ask.ts'
import { type Identities, promptsOfEach } from './identities.ts'
import { plain } from './plain.ts'

/** Who logs in, and where, for what is asked. */
export interface Login {
  user: string
  host: string
  identities: Identities
  /** Undefined where nothing may be asked. */
  ask: Ask | undefined
  say: (sentence: string) => void
  signal: AbortSignal
}

/**
 * The ways to log in, one after another, in the order of ssh (PreferredAuthentications in
 * ssh_config(5)): `none`, which lets into an account with an empty password and else tells what the
 * server takes (RFC 4252 section 5.2), keys, and what a person can answer.
 */
export class Authentication {
  /** What the server would have taken: for "Permission denied". */
  accepted: readonly string[] = []
  readonly #login: Login
  readonly #ways: AsyncGenerator<AnyAuthMethod, void>

  constructor(login: Login) {
    this.#login = login
    this.#ways = this.#all()
  }

  /** The next way; false when there is none left. `accepted` is null before the server has said. */
  async next(accepted: AuthenticationType[] | null): Promise<AnyAuthMethod | false> {
    if (accepted) this.accepted = accepted
    const { value } = await this.#ways.next()
    return value ?? false
  }

  async *#all(): AsyncGenerator<AnyAuthMethod, void> {
    const { user: username, identities } = this.#login
    yield { type: 'none', username }
    if (this.#takes('publickey')) yield { type: 'agent', username, agent: identities }
    for (let asked = 0; asked < promptsOfEach; asked++) {
      if (!this.#takes('keyboard-interactive')) break
      let hasAnswered = false
      const answer = (answered: boolean) => {
        hasAnswered = answered
      }
      yield { type: 'keyboard-interactive', username, prompt: this.#prompter(answer) }
      if (!hasAnswered) break
    }
    for (let asked = 0; asked < promptsOfEach && this.#takes('password'); asked++) {
      const password = await this.#askPassword()
      if (password === undefined) return
      yield { type: 'password', username, password }
      this.#login.say('Permission denied, please try again.')
    }
  }

  #takes(way: AuthenticationType): boolean {
    const { ask, signal } = this.#login
    return !signal.aborted && this.accepted.includes(way) && (way === 'publickey' || !!ask)
  }

  #askPassword(): Promise<string | undefined> {
    const { user, host, ask, signal } = this.#login
    const question = `${user}@${host}'s password: `
    return ask?.(question, { echo: false }, signal) ?? Promise.resolve(undefined)
  }

  /** Puts the server's questions (RFC 4256 section 3.2), and says whether they were answered. */
  #prompter(answered: (all: boolean) => void) {
    return (
      name: string,
      instructions: string,
      _language: string,
      prompts: Prompt[],
      finish: (answers: string[]) => void,
    ): void => {
      for (const line of [name, instructions]) if (line) this.#login.say(plain(line))
      void this.#answer(prompts).then((answers) => {
        answered(answers !== undefined)
        finish(answers ?? prompts.map(() => ''))
      })
    }
  }

  async #answer(prompts: readonly Prompt[]): Promise<string[] | undefined> {
    const { user, host, ask, signal } = this.#login
    const answers: string[] = []
    for (const { prompt, echo = false } of prompts) {
      // As ssh does: who asks is said, or one server could ask for another's password.
      const answer = await ask?.(`(${user}@${host}) ${prompt}`, { echo }, signal)
      if (answer === undefined) return undefined
      answers.push(answer)
    }
    return answers
  }
}
