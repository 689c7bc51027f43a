import { readFileSync } from 'node:fs'
import yargs from 'yargs'
import { errorMessage } from '../common/failure.ts'
import { wrongUsage } from './option-checks.ts'

/** The options in the JSON file that `--config` or the environment names; throws a Failure with usage status. */
export function readConfig(argv: string[]): object {
  const path = configPath(argv)
  if (path === undefined) return {}
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as object
  } catch (cause) {
    throw wrongUsage(
      `cannot read ${path} as JSON: ${errorMessage(cause)}`,
      'see --help for the keys',
      cause,
    )
  }
}

/** The file has to be known before the options that it may hold are read. */
function configPath(argv: string[]): string | undefined {
  const { config } = yargs(argv).help(false).version(false).env('INSTALLER_AGENT').parseSync()
  return typeof config === 'string' ? config : undefined
}
