import { answers } from './answers.ts'
import { beginnings } from './beginnings.ts'
import { find } from './find.ts'
import { growth } from './growth.ts'
import type { Topic } from './measure.ts'
import { packets } from './packets.ts'
import { proxy } from './proxy.ts'
import { residence } from './residence.ts'
import { size } from './size.ts'
import { ssh } from './ssh.ts'
import { startup } from './startup.ts'
import { write } from './write.ts'

/** In the order of the table. */
export const topics: readonly Topic[] = [
  startup,
  find,
  packets,
  ssh,
  proxy,
  write,
  growth,
  residence,
  answers,
  beginnings,
  size,
]
