import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { runCommand } from '../../common/command.ts'
import { quoted } from './config-block.ts'
import { runtimeFolder } from './dialled.ts'
import { makeFolder } from './known-hosts.ts'

/**
 * What ssh runs with the host key that the server shows, before it authenticates: it tells us the key
 * (%K) and waits for our word. Any other end than that word is a status that ends the connection, as
 * when we are gone; without us it would wait for a writer. For the order of key types, and for an
 * address, there is nothing to ask.
 */
const script = [
  '[ "$2" = HOSTNAME ] || exit 0',
  `kill -0 ${process.pid} || exit 1`,
  'exec 3<"$1/answer" && echo "$3" >"$1/asked" && read -r word <&3 && [ "$word" = open ]',
].join('; ')

/** An RSA key of 16,384 bits with a certificate is 6 KB in base64; a server may send more. */
const maxKeyBytes = 16 * 1024

/**
 * Holds an ssh that has the host key in hand and has given nothing away: KnownHostsCommand of
 * ssh_config(5), since OpenSSH 8.5, and two FIFOs in a folder of the user's own.
 */
export class Gate {
  /** The key that the server shows, in base64; the server has still to prove that it holds it, to ssh. */
  readonly asked: Promise<string>
  readonly #folder: string
  readonly #questions: Socket
  readonly #answer: number
  readonly #remove: () => void
  #isOpen = false

  /** Throws where no FIFO can be made. */
  static async make(): Promise<Gate> {
    const parent = runtimeFolder(process.env)
    await makeFolder(parent)
    const folder = await mkdtemp(join(parent, 'ssh-'))
    const fifos = [join(folder, 'asked'), join(folder, 'answer')]
    try {
      const { status, stderr } = await runCommand('mkfifo', ['-m', '600', ...fifos])
      if (status !== 0) throw new Error(`mkfifo: ${stderr}`)
      return new Gate(folder)
    } catch (error) {
      rmSync(folder, { recursive: true })
      throw error
    }
  }

  private constructor(folder: string) {
    this.#folder = folder
    this.#remove = () => rmSync(folder, { recursive: true, force: true })
    process.once('exit', this.#remove)
    // fifo(7): open for both nothing blocks, and the other end finds somebody there.
    const open = (name: string) =>
      openSync(join(folder, name), constants.O_RDWR | constants.O_NONBLOCK)
    this.#answer = open('answer')
    this.#questions = new Socket({ fd: open('asked'), readable: true, writable: false })
    this.asked = this.#listen()
  }

  /** Words for ssh, before all others: of each option it takes the first value. */
  get options(): string[] {
    const words = ['-c', script, 'sh', this.#folder.replaceAll('%', '%%')]
    return ['-o', `KnownHostsCommand=/bin/sh ${words.map(quoted).join(' ')} %I %K`]
  }

  /** Lets ssh go on: it holds the key against its known_hosts then, and authenticates. */
  open(): void {
    this.#isOpen = true
    this.#say()
  }

  /** Whoever still waits is turned away. */
  close(): void {
    this.#questions.destroy()
    closeSync(this.#answer)
    process.off('exit', this.#remove)
    this.#remove()
  }

  #listen(): Promise<string> {
    return new Promise((resolve) => {
      let said = ''
      this.#questions.setEncoding('latin1').on('data', (text: string) => {
        if (said.length < maxKeyBytes) said += text
        if (!text.includes('\n')) return
        resolve(said.split('\n')[0] ?? '')
        // It may ask again when it exchanges keys anew.
        if (this.#isOpen) this.#say()
      })
    })
  }

  #say(): void {
    writeSync(this.#answer, 'open\n')
  }
}
