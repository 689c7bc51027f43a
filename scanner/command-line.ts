import type { Argv } from 'yargs'
import { runProgram } from '../common/cli.ts'
import { exitStatus, version } from '../common/contract.ts'
import { usageFailure } from './options.ts'
import { splitSshArguments } from './ssh/arguments.ts'
import { bootstrap } from './verbs/bootstrap.ts'
import { demo } from './verbs/demo.ts'
import { doctor } from './verbs/doctor.ts'
import { find } from './verbs/find.ts'
import { install } from './verbs/install.ts'
import { proxy } from './verbs/proxy.ts'
import { ssh, sshPlainly } from './verbs/ssh.ts'
import { sshConfig } from './verbs/ssh-config.ts'
import { target } from './verbs/target.ts'
import { trust } from './verbs/trust.ts'
import { wait } from './verbs/wait.ts'
import { write } from './verbs/write.ts'

/** In the order in which help shows them. */
const verbs = [
  find,
  wait,
  ssh,
  target,
  sshConfig,
  proxy,
  write,
  bootstrap,
  install,
  trust,
  doctor,
  demo,
]

/** Reads a command line of any form and runs the verb. */
export function run(argv: readonly string[]): Promise<never> {
  return runProgram('scanner', sshPlainly(argv) ?? (() => parse(argv)))
}

async function parse(argv: readonly string[]): Promise<number> {
  const [verb, ...words] = argv
  // What follows `ssh` is OpenSSH's own grammar; yargs sees only the long options, which are ours.
  const typed = splitSshArguments(verb === 'ssh' ? words : [])
  const destination = typed.destination === undefined ? [] : [typed.destination]
  let status: number = exitStatus.done
  const cli = await describe(typed, (with_) => {
    status = with_
  })
  await cli
    .fail((message, error) => {
      // yargs gives an error of its own for some wrong command lines, and ours as it is for others.
      if (error && error.name !== 'YError') throw error
      throw usageFailure(message)
    })
    .parseAsync(verb === 'ssh' ? ['ssh', ...destination, ...typed.own] : argv)
  return status
}

/** What `--help` after these words says on a terminal of the usual width. */
export async function helpAfter(words: readonly string[]): Promise<string> {
  let help = ''
  const cli = await describe(splitSshArguments([]), () => {})
  cli.wrap(helpColumns)
  await cli.parseAsync([...words, '--help'], {}, (_error, _argv, output) => {
    help = output
  })
  return help
}

/** yargs makes no line longer, however wide the terminal is. */
const helpColumns = 80

async function describe(
  typed: ReturnType<typeof splitSshArguments>,
  finish: (status: number) => void,
): Promise<Argv> {
  const { default: yargs } = await import('yargs')
  const cli = yargs()
    .scriptName('scanner')
    // Our own words are English: those of yargs, between them, in another language help nobody.
    .locale('en')
    .usage(
      '$0 VERB\n\nFinds machines booted from a live ISO on the links of this one, and opens a shell on them.',
    )
  for (const add of verbs) add(cli, finish, typed)
  return cli
    .demandCommand(1, "say what to do: 'scanner find' lists the installers on the link")
    .recommendCommands()
    .version(version)
    .strict()
}
