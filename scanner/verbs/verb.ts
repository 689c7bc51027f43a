import type { Argv } from 'yargs'
import type { SshArguments } from '../ssh/arguments.ts'

/**
 * A verb of the command line: its words, options and help, added to yargs. `finish` takes its exit
 * status; what follows `ssh` is OpenSSH's own grammar and comes as `typed`. What a verb does is in
 * `commands/` and loaded when it is called: none pays for what another needs.
 */
export type Verb = (cli: Argv, finish: (status: number) => void, typed: SshArguments) => Argv
