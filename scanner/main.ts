#!/usr/bin/env node
import { runProgram } from '../common/cli.ts'
import { exitStatus, version } from '../common/contract.ts'
import { writtenHelp } from './help.ts'

/**
 * Reads the command line and runs the verb; gives the exit status. What everybody types is read
 * without yargs, which takes as long to load as Node itself to start.
 */
async function main(argv: string[]): Promise<number> {
  const said = argv.length === 1 && argv[0] === '--version' ? version : writtenHelp(argv)
  if (said !== undefined) {
    process.stdout.write(`${said}\n`)
    return exitStatus.done
  }
  const { runPlainly } = await import('./plain-verbs.ts')
  const plain = runPlainly(argv)
  if (plain) return plain
  const { runCommandLine } = await import('./command-line.ts')
  return runCommandLine(argv)
}

await runProgram('scanner', () => main(process.argv.slice(2)))
