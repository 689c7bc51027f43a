import { firstLine, runCommand } from '../../common/command.ts'
import { Failure } from '../../common/failure.ts'
import { here } from './platform/here.ts'
import type { Neighbour, Platform, TableCommand } from './platform/platform.ts'

export type { Neighbour }

/** The kernel's neighbour table, both families; throws a Failure when its command is missing or fails. */
export async function readNeighbours(
  signal: AbortSignal,
  { neighbourTables }: Platform = here,
): Promise<Neighbour[]> {
  // Node would start a command only to end it.
  signal.throwIfAborted()
  let failed: unknown
  for (const commands of neighbourTables)
    try {
      const parts = await Promise.all(commands.map((each) => readPart(each, signal)))
      return parts.flat()
    } catch (error) {
      if (signal.aborted) throw error
      failed ??= error
    }
  throw failed
}

async function readPart(
  { command, args, parse }: TableCommand,
  signal: AbortSignal,
): Promise<Neighbour[]> {
  const { status, stdout, stderr } = await runCommand(command, args, signal)
  if (status !== 0)
    throw new Failure(
      `'${command} ${args.join(' ')}' ended with status ${status}: ${firstLine(stderr)}`,
    )
  return parse(stdout)
}
