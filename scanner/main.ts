#!/usr/bin/env node
import { runProgram } from '../common/cli.ts'
import { exitStatus, version } from '../common/contract.ts'
import { usageFailure } from './options.ts'
import { splitSshArguments } from './ssh/arguments.ts'
import { completePlainly } from './verbs/complete.ts'
import { knownHostsPlainly } from './verbs/known-hosts.ts'
import { describe } from './verbs/list.ts'
import { proxyPlainly } from './verbs/proxy.ts'
import { scannerWords } from './words/definitions.ts'
import { explainUsage } from './words/explain-usage.ts'

/** Reads the command line and runs the verb; gives the exit status. */
async function main(argv: string[]): Promise<number> {
  const plain = proxyPlainly(argv) ?? knownHostsPlainly(argv) ?? completePlainly(argv)
  if (plain) return plain
  const [verb, ...words] = argv
  // What follows `ssh` is OpenSSH's own grammar; yargs sees only the long options, which are ours.
  const typed = splitSshArguments(verb === 'ssh' ? words : [])
  const destination = typed.destination === undefined ? [] : [typed.destination]
  let status: number = exitStatus.done
  const finish = (with_: number) => {
    status = with_
  }
  const { default: yargs } = await import('yargs')
  const read = verb === 'ssh' ? ['ssh', ...destination, ...typed.own] : argv
  await describe(yargs(read).scriptName('scanner'), finish, typed)
    .demandCommand(1, "say what to do: 'scanner find' lists the installers on the link")
    .recommendCommands()
    .version(version)
    .strict()
    .fail((message, error) => {
      // yargs gives an error of its own for some wrong command lines, and ours as it is for others.
      if (error && error.name !== 'YError') throw error
      const { message: wrong, advice } = explainUsage(message, argv, scannerWords())
      throw usageFailure(wrong, advice)
    })
    .parseAsync()
  return status
}

await runProgram('scanner', () => main(process.argv.slice(2)))
