import ssh2, {
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2'
import type { Ask } from './ask.ts'
import { type KeyFile, readKeyFile } from './key-file.ts'

/** A key that may be offered, and who signs with it. */
interface Identity {
  publicKey: ParsedKey
  sign(data: Buffer, options: SigningRequestOptions): Promise<Buffer>
}

export interface IdentityOptions {
  /** Where keys may be; those that are not there are passed over, with a word when they were `named`. */
  files: readonly string[]
  areNamed: boolean
  /** Only keys of the files, also of the agent's. */
  only: boolean
  /** The socket of ssh-agent(1), if there is one. */
  agent: string | undefined
  /** Undefined where nothing may be asked. */
  ask: Ask | undefined
  say: (sentence: string) => void
  signal: AbortSignal
}

/** As often as ssh asks (NumberOfPasswordPrompts in ssh_config(5)). */
export const promptsOfEach = 3

/**
 * The keys of ssh-agent and of files as one agent for ssh2: it offers each public half, and asks for a
 * signature, or we for a passphrase, only when the server takes it (RFC 4252 section 7).
 */
export class Identities extends ssh2.BaseAgent<ParsedKey> {
  readonly #options: IdentityOptions
  #known: Identity[] = []

  constructor(options: IdentityOptions) {
    super()
    this.#options = options
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    void this.#read().then(
      (known) => {
        this.#known = known
        callback(
          null,
          known.map(({ publicKey }) => publicKey),
        )
      },
      (error: Error) => callback(error),
    )
  }

  override sign(key: ParsedKey, data: Buffer, ...rest: unknown[]): void {
    // ssh2 always gives both.
    const [options, callback] = rest as [SigningRequestOptions, SignCallback]
    const identity = this.#known.find(({ publicKey }) => isSame(publicKey, key))
    const signature = identity?.sign(data, options) ?? Promise.reject(new Error('no such key'))
    signature.then(
      (bytes) => callback(null, bytes),
      (error: Error) => callback(error),
    )
  }

  /** As ssh: the agent's keys that are those of the files, its others, then the files themselves. */
  async #read(): Promise<Identity[]> {
    const { files, areNamed, only, agent, say } = this.#options
    const read = await Promise.all(files.map(readKeyFile))
    if (areNamed) for (const each of read) if (typeof each === 'string') say(each)
    const own = read.filter((each) => typeof each !== 'string')
    const isOwn = ({ publicKey }: Pick<Identity, 'publicKey'>) =>
      own.some((file) => isSame(file.publicKey, publicKey))
    const held = agent === undefined ? [] : await this.#readAgent(agent)
    const isHeld = (file: KeyFile) => held.some((each) => isSame(each.publicKey, file.publicKey))
    return [
      ...held.filter(isOwn),
      ...(only ? [] : held.filter((each) => !isOwn(each))),
      ...own.filter((file) => !isHeld(file)).map((file) => this.#ofFile(file)),
    ]
  }

  /** What the agent holds; nothing when it does not answer. */
  #readAgent(path: string): Promise<Identity[]> {
    const agent = new ssh2.OpenSSHAgent(path)
    return new Promise((resolve) => {
      agent.getIdentities((error, keys) => {
        if (error) this.#options.say(`ssh-agent at ${path}: ${error.message}`)
        resolve((keys ?? []).map((key) => ofAgent(agent, key as ParsedKey)))
      })
    })
  }

  #ofFile(file: KeyFile): Identity {
    return {
      publicKey: file.publicKey,
      sign: async (data, { hash }) => {
        const key = file.isLocked ? await this.#unlock(file) : file.unlock(undefined)
        const signature: unknown = key?.sign(data, hash)
        if (Buffer.isBuffer(signature)) return signature
        throw new Error(`${file.path} cannot sign`)
      },
    }
  }

  async #unlock(file: KeyFile): Promise<ParsedKey | undefined> {
    const { ask, signal } = this.#options
    for (let left = promptsOfEach; ask && left > 0; left--) {
      const question = `Enter passphrase for key '${file.path}': `
      const passphrase = await ask(question, { echo: false }, signal)
      // Nothing was typed: ssh takes that for "not this key".
      if (!passphrase) return undefined
      const key = file.unlock(passphrase)
      if (key) return key
    }
    return undefined
  }
}

function ofAgent(agent: ssh2.OpenSSHAgent, publicKey: ParsedKey): Identity {
  return {
    publicKey,
    sign: (data, options) =>
      new Promise((resolve, reject) => {
        agent.sign(publicKey, data, options, (error, signature) =>
          signature ? resolve(signature) : reject(error ?? new Error('ssh-agent does not sign')),
        )
      }),
  }
}

function isSame(a: ParsedKey, b: ParsedKey): boolean {
  return a.getPublicSSH().equals(b.getPublicSSH())
}
