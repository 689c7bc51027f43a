import { fileURLToPath } from 'node:url'
import { isInWorld, runInWorld } from '../../scanner/demo/world.ts'
import { checkName } from './check.ts'
import { peers } from './peers.ts'
import { runChecks } from './run.ts'
import { score, scoreText } from './score.ts'

/** `node dist/test/conformance/report.js agent|avahi [WORD]`: all checks, or those with WORD in their name. */
const [which = '', word = ''] = process.argv.slice(2)

if (!(which in peers)) throw new Error(`expected agent or avahi, got '${which}'`)
const status = isInWorld()
  ? await report(which as keyof typeof peers)
  : await runInWorld(fileURLToPath(import.meta.url), process.argv.slice(2))
process.exit(status)

async function report(name: keyof typeof peers): Promise<number> {
  const started = performance.now()
  const results = await runChecks(peers[name], (check, link) =>
    checkName(check, link).includes(word),
  )
  for (const { check, link, violation } of results) {
    console.log(`${violation === undefined ? '  ok' : 'FAIL'} ${checkName(check, link)}`)
    if (violation !== undefined) console.log(violation.replace(/^/gm, '         '))
  }
  console.log(
    `${scoreText(name, score(results))} in ${Math.round((performance.now() - started) / 1000)} s`,
  )
  return results.some((each) => each.violation !== undefined) ? 1 : 0
}
