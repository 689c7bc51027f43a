import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Namespace } from '../../scanner/demo/namespace.ts'
import { ipBatch } from '../netns/segment.ts'

/** A PC in software (qemu, without KVM) whose network cards hang on the switches of a namespace. */

/** A network card, and the bridge that its cable leads to. */
export interface Card {
  mac: string
  bridge: string
}

export interface Hardware {
  /** What lies in the CD drive. */
  iso: string
  /** The image of a disk. */
  disk: string
  card: Card
  /** Where the socket of qemu's monitor may lie. */
  folder: string
}

export interface Line {
  /** Milliseconds since the machine was switched on. */
  at: number
  text: string
}

export interface Computer {
  /** What it has said on its serial console. */
  said: Line[]
  /** The first line from number `from` on that fits; rejects when the machine is off before. */
  says(wanted: RegExp, from?: number): Promise<Line>
  /** Puts another card into the running machine. */
  plug(card: Card): Promise<void>
  /** Milliseconds that a processor has worked for it so far: whatever else runs here makes this no longer. */
  busyMs(): Promise<number>
  /** qemu's exit status, once the machine is off. */
  off: Promise<number | null>
}

/** A PC of the nineties: its CD drive and its slots are those that Debian's cloud kernel knows. */
const pc = [
  ...['-machine', 'pc', '-accel', 'tcg', '-smp', '1', '-m', '1024'],
  // Host keys want randomness, and any real CPU of the last ten years has an instruction for it.
  ...['-cpu', 'qemu64,+rdrand'],
  ...['-nodefaults', '-no-user-config', '-display', 'none', '-boot', 'd'],
]

/** Switches a machine on. */
export async function switchOn(hub: Namespace, hardware: Hardware): Promise<Computer> {
  const { iso, disk, card, folder } = hardware
  const port = await addPort(hub, card)
  const monitor = join(folder, 'qmp')
  const args = [
    ...pc,
    ...['-drive', `file=${iso},media=cdrom,readonly=on,format=raw`],
    ...['-drive', `file=${disk},if=none,id=disk,format=raw`, '-device', 'nvme,drive=disk,serial=1'],
    ...['-netdev', `tap,id=${port},ifname=${port},script=no,downscript=no`],
    ...['-device', `virtio-net-pci,netdev=${port},mac=${card.mac},romfile=`],
    ...['-serial', 'stdio', '-qmp', `unix:${monitor},server=on,wait=off`],
  ]
  // Of what is started in a namespace only stderr can be read.
  const child = hub.start(['sh', '-c', 'exec qemu-system-x86_64 "$@" >&2', 'sh', ...args])
  const began = performance.now()
  const said: Line[] = []
  const lines = createInterface({ input: child.stderr })
  lines.on('line', (text) => said.push({ at: performance.now() - began, text }))
  const off = once(child, 'close').then(([status]) => status as number | null)
  return {
    said,
    off,
    busyMs: () => processorMs(child.pid ?? 0),
    async says(wanted, from = 0) {
      for (let isOff = false; ; ) {
        const found = said.slice(from).find(({ text }) => wanted.test(text))
        if (found) return found
        if (isOff) throw new Error(`it is off and never said ${wanted}: ${said.at(-1)?.text}`)
        isOff = await Promise.race([once(lines, 'line').then(() => false), off.then(() => true)])
      }
    },
    plug: async (card) => askMonitor(monitor, plugCommands(await addPort(hub, card), card.mac)),
  }
}

/** utime and stime of proc_pid_stat(5), in ticks of 10 ms. */
async function processorMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ')
  return 10 * (Number(fields[11]) + Number(fields[12]))
}

/** A port of the switch for the card, named after its MAC; gives the name. */
async function addPort(hub: Namespace, { mac, bridge }: Card): Promise<string> {
  const port = `tap${mac.slice(-5).replace(':', '')}`
  await ipBatch(hub, `tuntap add ${port} mode tap`, `link set ${port} master ${bridge} up`)
  return port
}

function plugCommands(port: string, mac: string): object[] {
  const netdev = { type: 'tap', id: port, ifname: port, script: 'no', downscript: 'no' }
  const device = { driver: 'virtio-net-pci', id: `card-${port}`, netdev: port, mac, romfile: '' }
  return [
    { execute: 'netdev_add', arguments: netdev },
    { execute: 'device_add', arguments: device },
  ]
}

/** Gives qemu's monitor commands, one after the other (QEMU Machine Protocol Specification). */
async function askMonitor(path: string, commands: readonly object[]): Promise<void> {
  const socket = connect(path)
  try {
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
    // The greeting, and the command that has to come before any other.
    await lines.next()
    for (const command of [{ execute: 'qmp_capabilities' }, ...commands])
      await askOnce(socket, lines, command)
  } finally {
    socket.destroy()
  }
}

async function askOnce(
  socket: Socket,
  lines: AsyncIterator<string>,
  command: object,
): Promise<void> {
  socket.write(`${JSON.stringify(command)}\n`)
  for (;;) {
    const { value, done } = await lines.next()
    if (done) throw new Error('qemu has closed its monitor')
    const answer = JSON.parse(value) as { return?: object; error?: { desc: string } }
    if (answer.error) throw new Error(`${JSON.stringify(command)}: ${answer.error.desc}`)
    // Events come in between.
    if (answer.return) return
  }
}
