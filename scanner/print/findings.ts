import { printableWord } from '../../common/printable.ts'
import { type LayerFinding, type Level, layers, pasteable } from '../doctor/finding.ts'

/** How a line looks: its width in columns, undefined for a pipe; and whether in colour. */
export interface Style {
  width: number | undefined
  colour: boolean
  /** Whether the user is root, who needs no sudo. */
  isRoot: boolean
}

const layerWidth = Math.max(...layers.map((each) => each.length))
const colours: Record<Level, number> = { ok: 32, warn: 33, fail: 31 }

/**
 * One line: how grave, of which layer, why, and the command that mends it. On a terminal too narrow
 * for that the command has lines of its own, so that it can be copied.
 */
export function formatFinding(finding: LayerFinding, { width, colour, isRoot }: Style): string {
  const { level, layer } = finding
  const word = colour ? `\x1b[${colours[level]}m${level}\x1b[0m` : level
  const head = `${word}${' '.repeat(5 - level.length)} ${layer.padEnd(layerWidth)}  `
  const indent = 8 + layerWidth
  const reason = printableWord(finding.reason)
  const mend =
    finding.fix && `${labelOf(finding)}: ${printableWord(pasteable(finding.fix, isRoot))}`
  const line = [reason, ...(mend ? [mend] : [])].join('; ')
  if (width === undefined || indent + line.length <= width) return `${head}${line}\n`
  const lines = wrap(reason, Math.max(width - indent, narrowest))
  const shown = [...lines, ...(mend ? [mend] : [])]
  return `${head}${shown.join(`\n${' '.repeat(indent)}`)}\n`
}

/** Columns for the text, however narrow the terminal is. */
const narrowest = 20

function labelOf({ fix }: LayerFinding): string {
  return fix?.where === 'installer' ? 'fix at its console' : 'fix'
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** The one document of `doctor --json`; its shape is in docs/doctor.schema.json and stays stable. */
export function formatDiagnosis(
  name: string | undefined,
  findings: readonly LayerFinding[],
  isRoot: boolean,
): string {
  const shown = findings.map(({ layer, level, code, reason, interface: link, machine, fix }) => ({
    layer,
    level,
    code,
    interface: link ?? null,
    machine: machine ?? null,
    reason,
    fix: fix ? { command: pasteable(fix, isRoot), where: fix.where } : null,
  }))
  const healthy = findings.every(({ level }) => level !== 'fail')
  return `${JSON.stringify({ version: 1, name: name ?? null, healthy, findings: shown })}\n`
}
