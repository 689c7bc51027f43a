#!/usr/bin/env node
import yargs from 'yargs'
import { runProgram } from '../common/cli.ts'
import { exitStatus, version } from '../common/contract.ts'
import { readConfig } from './config-file.ts'
import { wrongUsage } from './option-checks.ts'
import { describe } from './verbs.ts'

/**
 * Reads the command line, INSTALLER_AGENT_* and the JSON file, in this order of weight. The verbs that
 * end at once load what they need; `run` has all of its own loaded before yargs is at work, which
 * leaves the process 3 MB smaller for as long as it runs.
 */
async function main(argv: string[]): Promise<number> {
  await describe(yargs(argv))
    .config(readConfig(argv))
    .env('INSTALLER_AGENT')
    .parserConfiguration({ 'boolean-negation': false })
    .version(version)
    .strict()
    .fail((message, error) => {
      // yargs gives an error of its own for some wrong command lines, and ours as it is for others.
      if (error && error.name !== 'YError') throw error
      throw wrongUsage(message, "see 'installer-agent --help'")
    })
    .parseAsync()
  return exitStatus.done
}

await runProgram('installer-agent', () => main(process.argv.slice(2)))
