/** An install on the machine, as it stands there. */
export interface Job {
  /** The name of its folder. */
  run: string
  command: string
  directory: string
  isRunning: boolean
  /** Whether an operator has heard how it ended. */
  isTold: boolean
  /** Undefined while it runs, and when it was killed. */
  status: number | undefined
  /** From its start until now, or its end. */
  seconds: number
  under: string
}

/** What is to be run: a line for a shell, and the folder to run it in. */
export interface Order {
  command: string
  directory: string
}

/** What the state script printed; undefined when nothing was ever started. */
export function readJob(said: string): Job | undefined {
  const [run = '', command = '', directory = '', state, told, status = '', times = '', under = ''] =
    said.split('\0')
  if (!isRunName(run)) return undefined
  // Of /proc/uptime the second number is idle time (proc(5)).
  const [started = 0, until = 0] = times.split('\n').map((line) => Number.parseFloat(line) || 0)
  return {
    run,
    command,
    directory,
    isRunning: state === 'running',
    isTold: told === 'told',
    status: /^\d+\s*$/.test(status) ? Number(status) : undefined,
    seconds: Math.max(0, until - started),
    under: under.trim(),
  }
}

/** A UUID, as we name them. */
export function isRunName(text: string): boolean {
  return /^[0-9a-f-]{36}$/.test(text)
}

/**
 * - `start` it: nothing is left of another one that anybody should hear of.
 * - `join` it: the same runs there, or has ended and nobody was told.
 * - `busy`: another runs. `missed`: another has ended, and nobody was told.
 */
export type Decision = 'start' | 'join' | 'busy' | 'missed'

/** What to do about an order where this is what the machine tells of the last one. Pure. */
export function decide(job: Job | undefined, { command, directory }: Order): Decision {
  if (job === undefined || (job.isTold && !job.isRunning)) return 'start'
  if (job.command === command && job.directory === directory) return 'join'
  return job.isRunning ? 'busy' : 'missed'
}

/** `3 s`, `2 min 5 s`, `1 h 2 min`. */
export function formatElapsed(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
