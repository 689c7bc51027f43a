import t from 'tap'
import { skipWithoutRoot } from '../netns/lab.ts'
import { checkName } from './check.ts'
import { peers } from './peers.ts'
import { runChecks } from './run.ts'
import { score, scoreText } from './score.ts'

/** The same checks on another's responder: so that it is known that they can fail, and can be kept. */
const skip = skipWithoutRoot('ip', 'tcpdump', 'avahi-daemon')

/** More than of ours: a daemon in C takes little of the processor. */
const labsAtATime = 20

/** What avahi 0.8 is known not to do. */
const knownFailures = [
  'NSEC for a TXT record that a host does not have',
  'an address type that the link does not have is denied by NSEC',
  'probes welcome a unicast answer (QU)',
  'announcements of a record are at least a second apart, and further ones twice as far',
]

t.test(
  'avahi keeps most of RFC 6762 and 6763, and fails where it is known to',
  { skip },
  async (t) => {
    const results = await runChecks(peers.avahi, labsAtATime)
    const { kept, of, failures } = score(results)
    t.comment(scoreText('avahi', { kept, of, failures }))
    for (const { check, link, violation } of results)
      if (violation !== undefined)
        t.comment(`${checkName(check, link)}: ${violation.split('\n')[0]}`)
    for (const { check, link, violation, broken } of results)
      if (broken) t.fail(`${checkName(check, link)}: ${violation}`)
    for (const says of knownFailures)
      t.ok(
        failures.some((name) => name.includes(says)),
        `fails: ${says}`,
      )
    t.ok(
      kept.MUST > of.MUST / 2 && kept.SHOULD > of.SHOULD / 3,
      scoreText('avahi', { kept, of, failures }),
    )
  },
)
