import yargs from 'yargs'
import { version } from '../common/contract.ts'
import { readConfig } from './config-file.ts'
import { type Arguments, wrongUsage } from './option-checks.ts'
import { environmentPrefix } from './option-table.ts'
import { describe } from './verbs.ts'

/**
 * Reads a command line of any form, INSTALLER_AGENT_* and the JSON file, in this order of weight, and
 * does what it says: `run` is the caller's.
 */
export async function readCommandLine(
  argv: readonly string[],
  run: (args: Arguments) => Promise<void>,
): Promise<void> {
  await describe(yargs(argv), run)
    .config(readNamedConfig(argv))
    .env(environmentPrefix)
    .parserConfiguration({ 'boolean-negation': false })
    .version(version)
    .strict()
    .fail((message, error) => {
      // yargs gives an error of its own for some wrong command lines, and ours as it is for others.
      if (error && error.name !== 'YError') throw error
      throw wrongUsage(message, "see 'installer-agent --help'")
    })
    .parseAsync()
}

/** The file has to be known before the options that it may hold are read. */
function readNamedConfig(argv: readonly string[]): object {
  const { config } = yargs(argv).help(false).version(false).env(environmentPrefix).parseSync()
  return typeof config === 'string' ? (readConfig(config) as object) : {}
}
