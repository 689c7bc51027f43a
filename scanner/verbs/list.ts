import { completion } from './completion.ts'
import { demo } from './demo.ts'
import { find } from './find.ts'
import { proxy } from './proxy.ts'
import { ssh } from './ssh.ts'
import { sshConfig } from './ssh-config.ts'
import { target } from './target.ts'
import { trust } from './trust.ts'
import type { Verb } from './verb.ts'
import { wait } from './wait.ts'

/** In the order in which help shows them. */
export const verbs: readonly Verb[] = [
  find,
  wait,
  ssh,
  target,
  sshConfig,
  proxy,
  trust,
  completion,
  demo,
]
