import t from 'tap'
import { skipWithoutRoot } from '../netns/lab.ts'
import { checkName } from './check.ts'
import { peers } from './peers.ts'
import { runChecks } from './run.ts'
import { score, scoreText } from './score.ts'

/** Our agent keeps RFC 6762 and 6763, on the wire: an assertion for each check and kind of link. */
const skip = skipWithoutRoot('ip', 'tcpdump', 'ssh-keygen')

t.test('installer-agent keeps RFC 6762 and 6763', { skip }, async (t) => {
  const results = await runChecks(peers.agent)
  for (const { check, link, violation } of results)
    t.equal(violation, undefined, checkName(check, link))
  t.comment(scoreText('agent', score(results)))
})
