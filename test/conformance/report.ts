import { fileURLToPath } from 'node:url'
import { isInWorld, runInWorld } from '../../scanner/demo/world.ts'
import { type Check, checkName, type LinkKind } from './check.ts'
import { peers } from './peers.ts'
import { runChecks } from './run.ts'
import { score, scoreText, sectionTable } from './score.ts'

/**
 * `node dist/test/conformance/report.js agent|avahi [WORD]`: all checks, or those with WORD in their
 * name; a line a section, then what is not kept. With EVIDENCE=1 also what was on the wire.
 */
const [which = '', word = ''] = process.argv.slice(2)

if (!(which in peers)) throw new Error(`expected agent or avahi, got '${which}'`)
const status = isInWorld()
  ? await report(which as keyof typeof peers)
  : await runInWorld(fileURLToPath(import.meta.url), process.argv.slice(2))
process.exit(status)

async function report(name: keyof typeof peers): Promise<number> {
  const started = performance.now()
  const isWanted = (check: Check, link: LinkKind) => checkName(check, link).includes(word)
  const results = await runChecks(peers[name], undefined, isWanted)
  console.log(sectionTable(results).join('\n'))
  const failed = results.filter((each) => each.violation !== undefined)
  if (failed.length > 0) console.log('\nNot kept:')
  for (const { check, link, violation = '' } of failed) {
    const lines = violation.split('\n')
    console.log(checkName(check, link))
    console.log(
      (process.env.EVIDENCE ? lines : lines.slice(0, 1)).join('\n').replace(/^/gm, '    '),
    )
  }
  const seconds = Math.round((performance.now() - started) / 1000)
  console.log(`\n${scoreText(name, score(results))} in ${seconds} s`)
  return failed.length > 0 ? 1 : 0
}
