import { exitStatus } from '../../common/contract.ts'
import { Failure } from '../../common/failure.ts'
import { formatDisks } from '../install/disk-table.ts'
import { type Plan, planMounts, type Step, type Wish } from '../install/mount-plan.ts'
import { asCommands, readOutcomes, stepScript } from '../install/mount-script.ts'
import { lost, type Situation, survey } from '../install/survey.ts'
import type { Console } from '../options.ts'
import { connect, type MeetOptions, meet } from '../remote/meet.ts'
import { type Connection, type Ran, run } from '../remote/remote.ts'
import type { Errand } from '../ssh/built-in.ts'

export interface BootstrapOptions extends MeetOptions {
  /** Show the commands, and do nothing. */
  print: boolean
}

/** `scanner bootstrap NAME`: mounts what `wish` says on the one machine that NAME means; without one lists its disks. */
export async function bootstrap(
  options: BootstrapOptions,
  wish: Wish | undefined,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  const errand = await meet(options, console_, signal)
  if (errand === undefined) return exitStatus.failed
  const connection = await connect(errand, console_, signal)
  if (connection === undefined) return exitStatus.failed
  try {
    const paths = wish ? [wish.root, wish.boot, wish.swap].filter(isPath) : []
    const situation = await survey(connection, errand, paths)
    if (wish === undefined) return listDisks(errand, situation, console_)
    const plan = planMounts(wish, situation)
    for (const warning of plan.warnings) console_.warn(warning)
    if (options.print) return printPlan(plan, situation)
    return await carryOut(plan, errand, connection, console_)
  } finally {
    await connection.end()
  }
}

function isPath(name: string | undefined): name is string {
  return name?.startsWith('/') ?? false
}

function listDisks({ machine }: Errand, situation: Situation, console_: Console): number {
  process.stdout.write(formatDisks(situation.volumes, situation.mounts))
  const firmware = situation.firmware === 'uefi' ? 'UEFI' : 'BIOS'
  console_.say(
    `scanner: ${nameOf(machine)} boots by ${firmware}; name what to mount: --root DEV${situation.firmware === 'uefi' ? ' --boot DEV' : ''}`,
  )
  return exitStatus.done
}

function printPlan({ steps, present }: Plan, { usesSudo }: Situation): number {
  const comments = present.map((line) => `# ${line}\n`)
  process.stdout.write(`${comments.join('')}${asCommands(steps, usesSudo)}`)
  return exitStatus.done
}

async function carryOut(
  { steps, present }: Plan,
  errand: Errand,
  connection: Connection,
  console_: Console,
): Promise<number> {
  console_.say(`scanner: on ${nameOf(errand.machine)}:`)
  for (const line of present) console_.say(`  ${line}`)
  for (const { text } of steps) if (text) console_.say(`  ${text}`)
  if (steps.length > 0) conclude(steps, await run(connection, stepScript(steps)), errand)
  console_.say(
    `scanner: ${steps.length > 0 ? 'done' : 'nothing was left to do'}; next: scanner install ${errand.machine.id}`,
  )
  return exitStatus.done
}

/** Throws a Failure that says which step failed, and what became of those before it. */
function conclude(steps: readonly Step[], { status, stdout, stderr }: Ran, errand: Errand): void {
  if (status === 0) return
  if (status === undefined) throw lost(nameOf(errand.machine))
  const outcomes = readOutcomes(stdout)
  const of = (wanted: string) => steps.filter((_, at) => outcomes.get(at) === wanted)
  const [failed] = of('failed')
  const said = stderr.trim().split('\n')[0]
  const stuck = of('stuck').map(({ undo }) => `'${undo.join(' ')}'`)
  const undone = of('undone').filter(({ text }) => text !== '')
  throw new Failure(`'${failed?.words.join(' ')}' failed on ${nameOf(errand.machine)}: ${said}`, {
    advice:
      stuck.length > 0
        ? `what was done before could not be taken back: ${stuck.join(', ')} is for you to do`
        : undone.length > 0
          ? `taken back: ${undone.map(({ text }) => text).join(', ')}`
          : 'nothing was changed',
  })
}

function nameOf({ name, id }: Errand['machine']): string {
  return name ?? id
}
