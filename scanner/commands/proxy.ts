import { exitStatus } from '../../common/contract.ts'
import { explain } from '../../common/failure.ts'
import { deadline } from '../../common/schedule.ts'
import { locateQuickly } from '../locate.ts'
import type { Machine } from '../machine.ts'
import type { Console } from '../options.ts'
import type { SearchOptions } from '../search.ts'
import { dial, type Open, openPaused } from '../ssh/dial.ts'
import { noteDialled } from '../ssh/dialled.ts'
import { Pump, relay } from '../ssh/relay.ts'
import { standardInput, standardOutput } from '../ssh/stdio.ts'
import { addressesToDial } from '../ssh/target.ts'
import { refuseImpostor } from './ssh.ts'

/** `scanner proxy NAME PORT`: stdin and stdout to a port of the one machine that NAME means. */
export async function proxy(
  options: SearchOptions & { name: string },
  port: number,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  const machine = await locateQuickly(options, console_, signal)
  if (machine === undefined) return exitStatus.failed
  refuseImpostor(machine)
  const answers = new Pump()
  const open = openPaused(answers.onread)
  const connection = await connectTo(machine, port, options, open, signal)
  if (connection === undefined) return exitStatus.failed
  await note(machine, console_)
  const ends = { input: standardInput(), output: standardOutput(), connection, answers }
  await relay(ends, signal)
  return signal.aborted ? exitStatus.failed : exitStatus.done
}

/** Undefined when the signal was aborted. */
async function connectTo(
  machine: Machine,
  port: number,
  { name, timeoutMs }: SearchOptions & { name: string },
  open: Open,
  signal: AbortSignal,
) {
  const call = { who: machine.name ?? machine.id, addresses: addressesToDial(machine, name), port }
  const timeUp = deadline(timeoutMs, signal)
  try {
    return await dial(call, open, timeUp.signal)
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  } finally {
    timeUp.clear()
  }
}

/** Whoever checks the host key can do without, by a search of its own. */
async function note(machine: Machine, console_: Console): Promise<void> {
  try {
    await noteDialled(machine)
  } catch (error) {
    console_.log.warn({}, `whom this is connected to is not written down: ${explain(error)}`)
  }
}
