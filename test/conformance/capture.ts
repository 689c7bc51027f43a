import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { commandEnvironment } from '../../common/command.ts'
import type { Namespace } from '../../scanner/demo/namespace.ts'
import { type Packet, PcapReader } from './pcap.ts'

/** Everything that has been on a link so far, and a way to wait for more. */
export class Capture {
  readonly packets: Packet[] = []
  readonly #events = new EventEmitter().setMaxListeners(0)
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Listens on a link of a namespace; resolves once nothing can be missed any more. */
  static async start({ enter }: Namespace, link: string): Promise<Capture> {
    const [first = '', ...rest] = enter
    const options = ['-i', link, '-U', '--immediate-mode', '--time-stamp-precision=nano', '-w', '-']
    const child = spawn(first, [...rest, 'tcpdump', ...options, 'ip or ip6'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: commandEnvironment(),
    })
    const capture = new Capture(child)
    const reader = new PcapReader()
    child.stdout.on('data', (bytes: Buffer) => {
      const packets = reader.feed(bytes)
      capture.packets.push(...packets)
      if (packets.length > 0) capture.#events.emit('packets')
    })
    // "listening on op0, ..." is said when the socket is there.
    await once(child.stderr, 'data')
    child.stderr.resume()
    return capture
  }

  /** The first packet after index `from` that fits, now or within `milliseconds`. */
  async find(
    wanted: (packet: Packet) => boolean,
    milliseconds: number,
    from = 0,
  ): Promise<Packet | undefined> {
    let next = from
    const look = () => {
      while (next < this.packets.length) {
        const packet = this.packets[next++]
        if (packet && wanted(packet)) return packet
      }
      return undefined
    }
    return look() ?? this.#lookUntil(look, milliseconds)
  }

  async #lookUntil(
    look: () => Packet | undefined,
    milliseconds: number,
  ): Promise<Packet | undefined> {
    return new Promise((resolve) => {
      const end = (packet?: Packet) => {
        clearTimeout(timer)
        this.#events.off('packets', onPackets)
        resolve(packet)
      }
      const onPackets = () => {
        const packet = look()
        if (packet) end(packet)
      }
      const timer = setTimeout(end, milliseconds)
      this.#events.on('packets', onPackets)
    })
  }

  /** Calls back for each packet from now on; gives what ends it. */
  onPacket(listener: (packet: Packet) => void): () => void {
    let next = this.packets.length
    const onPackets = () => {
      while (next < this.packets.length) {
        const packet = this.packets[next++]
        if (packet) listener(packet)
      }
    }
    this.#events.on('packets', onPackets)
    return () => this.#events.off('packets', onPackets)
  }

  /** What has been is forgotten. */
  clear(): void {
    this.packets.length = 0
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }
}
