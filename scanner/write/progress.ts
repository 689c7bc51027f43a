/** How far it is at a moment. */
export interface Sample {
  /** Milliseconds of a clock that only goes forward. */
  atMs: number
  /** Of the unpacked image. */
  bytes: number
  /** From 0 to 1, of what there is to do. */
  fraction: number
}

/** A stick slows down when its fast cells are full: older samples say nothing of what is left. */
const windowMs = 10_000

/** How fast it goes, by the samples of the last seconds. */
export class Pace {
  #samples: Sample[] = []

  add(sample: Sample): void {
    const first = this.#samples.findIndex(({ atMs }) => atMs >= sample.atMs - windowMs)
    this.#samples = [...(first < 0 ? [] : this.#samples.slice(first)), sample]
  }

  /** Bytes a second; undefined as long as nobody can tell. */
  get rate(): number | undefined {
    return this.#perSecond(({ bytes }) => bytes)
  }

  /** Seconds that are left; undefined as long as nobody can tell. */
  get left(): number | undefined {
    const speed = this.#perSecond(({ fraction }) => fraction)
    const last = this.#samples.at(-1)
    return speed && last ? (1 - last.fraction) / speed : undefined
  }

  #perSecond(read: (sample: Sample) => number): number | undefined {
    const [first] = this.#samples
    const last = this.#samples.at(-1)
    if (!first || !last || last.atMs <= first.atMs) return undefined
    return ((read(last) - read(first)) * 1000) / (last.atMs - first.atMs)
  }
}

/** A wider bar shows nothing more, a narrower one nothing. */
const [leastBar, longestBar] = [10, 30]

/**
 * A line of progress that a terminal of so many columns has room for; what matters less is left out first.
 * Where there is no terminal (Infinity) it has no bar.
 */
export function progressLine(
  action: string,
  { bytes, fraction }: Sample,
  { rate, left }: Pick<Pace, 'rate' | 'left'>,
  columns: number,
): string {
  const percent = ` ${Math.floor(fraction * 100)} %`.padStart(6)
  const speed = rate === undefined ? '' : `  ${formatBytes(rate)}/s`
  const time = left === undefined ? '' : `  ${formatSeconds(left)} left`
  const size = `  ${formatBytes(bytes)}`
  const full = `${action}${percent}${size}${speed}${time}`
  const room = Math.min(longestBar, columns - full.length - ' []'.length)
  if (room >= leastBar && columns !== Number.POSITIVE_INFINITY)
    return `${action}${percent} ${bar(fraction, room)}${size}${speed}${time}`
  const shorter = [full, `${action}${percent}${speed}${time}`, `${action}${percent}${time}`]
  return shorter.find((line) => line.length <= columns) ?? percent.trim().slice(0, columns)
}

function bar(fraction: number, width: number): string {
  const done = Math.floor(fraction * width)
  return `[${'#'.repeat(done)}${'-'.repeat(width - done)}]`
}

const units = ['B', 'kB', 'MB', 'GB', 'TB']

/** In powers of 1000, as it is printed on sticks: `15.9 GB`. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${units[power]}`
}

/** `4 s`, `3 m 20 s`, `1 h 5 m`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} m`
}
