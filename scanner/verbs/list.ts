import type { Argv } from 'yargs'
import type { SshArguments } from '../ssh/arguments.ts'
import { bootstrap } from './bootstrap.ts'
import { completion } from './completion.ts'
import { demo } from './demo.ts'
import { doctor } from './doctor.ts'
import { find } from './find.ts'
import { install } from './install.ts'
import { proxy } from './proxy.ts'
import { ssh } from './ssh.ts'
import { sshConfig } from './ssh-config.ts'
import { target } from './target.ts'
import { trust } from './trust.ts'
import type { Verb } from './verb.ts'
import { wait } from './wait.ts'
import { write } from './write.ts'

/** In the order in which help shows them. */
const verbs: readonly Verb[] = [
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
  completion,
  demo,
]

/** All that help says, added to yargs, or to whatever else reads it. */
export function describe(cli: Argv, finish: (status: number) => void, typed: SshArguments): Argv {
  cli.usage(
    '$0 VERB\n\nFinds machines booted from a live ISO on the links of this one, and opens a shell on them.',
  )
  for (const add of verbs) add(cli, finish, typed)
  return cli
}
