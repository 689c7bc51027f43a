import { readFileSync } from 'node:fs'
import { ownFile } from './own-files.ts'

/**
 * Help that the build has written down: yargs takes longer to load than Node to start. Where it was
 * not, as in the tests, and where the terminal is narrow, yargs says it.
 */
const helpFile = 'scanner/help.json'
/** What was written down is so wide. */
const columns = 80

/** Help for these words, by the words before `--help`; undefined where yargs is to say it. */
export function writtenHelp(
  argv: readonly string[],
  width = () => process.stdout.columns,
): string | undefined {
  if (argv.at(-1) !== '--help' || (width() ?? columns) < columns) return undefined
  const words = argv.slice(0, -1).join(' ')
  try {
    const texts = JSON.parse(readFileSync(ownFile(helpFile), 'utf8')) as Record<string, string>
    return Object.hasOwn(texts, words) ? texts[words] : undefined
  } catch {
    return undefined
  }
}
