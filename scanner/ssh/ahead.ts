import { runCommand } from '../../common/command.ts'
import { addressesIn } from '../choose.ts'
import type { Machine } from '../machine.ts'
import type { Seen } from '../search.ts'
import { isVouchedFor } from '../trust/authorities.ts'
import { type Consent, isAsRemembered } from '../trust/establish.ts'
import { readKnownHosts } from '../trust/known-hosts-file.ts'
import type { Line } from '../trust/known-hosts-lines.ts'
import { idsCalled, remembered } from '../trust/machines.ts'
import { hasOption, type SshArguments } from './arguments.ts'
import { Gate } from './gate.ts'
import { type InPlace, startInPlace } from './session.ts'
import { sshCommandLine } from './target.ts'

/** Many have had the same name; each that is not there costs the link a few solicitations. */
const maxGuesses = 4

/** An ssh that waits with the host key in hand, and has given nothing away. */
export interface Held {
  /** Lets it go on, to its end; gives its status. */
  open(): Promise<number>
}

/**
 * Starts ssh to a machine that is remembered before it is known whether that is the only one that is
 * meant: meanwhile it connects and exchanges keys, and then waits at a gate. Whatever is out of the
 * ordinary ends it there, and all is done one after the other, as if there were no such thing.
 */
export class Ahead {
  #commandLine: (machine: Machine) => string[] = () => []
  #lines: readonly Line[] = []
  #gate: Promise<Gate | undefined> | undefined
  #isHoldable: Promise<boolean> | undefined
  #starting: Promise<void> | undefined
  #started: { ssh: InPlace; gate: Gate; words: readonly string[] } | undefined
  #isOver = false

  /** Looks at what a search finds, to start when a machine is seen alone; undefined when it never would. */
  async watcher(typed: SshArguments, knownHosts: string): Promise<Seen | undefined> {
    this.#lines = await readKnownHosts(knownHosts)
    this.#commandLine = (machine) => sshCommandLine(machine, typed, knownHosts, 'refuse')
    if (this.#lines.length === 0 || !isLinux || !logsIn(typed)) return undefined
    this.#gate = Gate.make().catch(() => undefined)
    return (machines) => this.#look(machines)
  }

  /** Where machines that are remembered by NAME would be: at the addresses that their ids make. */
  guesses(name: string): string[] {
    return idsCalled(this.#lines, name).slice(-maxGuesses).flatMap(addressesIn)
  }

  /**
   * The ssh that was started, when it is to this machine, as it is known now, and was shown the key
   * that is remembered of it.
   */
  async held(machine: Machine, consent: Consent): Promise<Held | undefined> {
    await this.#starting
    if (!this.#started) return undefined
    const { ssh, gate, words } = this.#started
    if (words.join('\0') !== this.#commandLine(machine).join('\0')) return undefined
    const key = await Promise.race([gate.asked, gone(ssh)])
    if (key === undefined || !this.#isExpected(machine, key, consent)) return undefined
    return {
      open() {
        gate.open()
        return ssh.ended
      },
    }
  }

  /** Ends what has not been let through. */
  async end(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    await this.#starting
    this.#started?.ssh.kill()
    if (this.#started) await gone(this.#started.ssh)
    const gate = await this.#gate
    gate?.close()
  }

  #look([machine, ...others]: Machine[]): void {
    // Of several cards each is to show its key first.
    if (!machine || others.length > 0 || machine.links.length > 1) return
    const words = this.#commandLine(machine)
    this.#isHoldable ??= canHold(words)
    // Its user and its id are told with the service.
    if (machine.agent === null || !machine.ssh.reachable) return
    if (remembered(this.#lines, machine.id) || isVouchedFor(machine, this.#lines))
      this.#starting ??= this.#start(words)
  }

  async #start(words: readonly string[]): Promise<void> {
    const [gate, isHoldable] = await Promise.all([this.#gate, this.#isHoldable])
    if (!gate || !isHoldable || this.#isOver) return
    const ssh = startInPlace('ssh', [...gate.options, ...alone, ...words])
    this.#started = { ssh, gate, words }
  }

  /** Where an authority vouches for it, ssh looks at the certificate. */
  #isExpected(machine: Machine, key: string, consent: Consent): boolean {
    return isVouchedFor(machine, this.#lines) || isAsRemembered(machine, key, consent, this.#lines)
  }
}

/** Of a FIFO that is opened for both only Linux says what happens (fifo(7)). */
const isLinux = process.platform === 'linux'

/** Whether the options ask for a connection, and not for what ssh knows, or another ssh does. */
function logsIn({ options }: SshArguments): boolean {
  return ![...'GOQV'].some((letter) => hasOption(options, letter))
}

/** A shared connection has no exchange of keys to be held in: not even one of another user or port. */
const alone = ['-o', 'ControlPath=none']

/** Whether this ssh, as it is configured, can be held: 8.5 or later, and no connection is shared. */
async function canHold(words: readonly string[]): Promise<boolean> {
  const args = ['-G', '-o', 'KnownHostsCommand=/bin/true', ...words]
  const told = await runCommand('ssh', args).catch(() => undefined)
  return told?.status === 0 && !/^controlpath /im.test(told.stdout)
}

function gone({ ended }: InPlace): Promise<undefined> {
  const nothing = () => undefined
  return ended.then(nothing, nothing)
}
