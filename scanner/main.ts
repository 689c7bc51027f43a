#!/usr/bin/env node
import { runProgram } from '../common/cli.ts'
import { exitStatus, version } from '../common/contract.ts'
import { keepCompiled } from './compile-cache.ts'
import { writtenHelp } from './help.ts'
import { lookAhead, takeLook } from './look-ahead.ts'

/**
 * The entry: it loads what the command line needs, and no more. The parts are bundles of their own
 * (.ci/bundle.mjs), each with its own copy of what it shares with others, and each ends the process.
 */
const argv = process.argv.slice(2)
const said = argv.length === 1 && argv[0] === '--version' ? version : writtenHelp(argv)

if (said !== undefined)
  void runProgram('scanner', async () => {
    process.stdout.write(`${said}\n`)
    return exitStatus.done
  })
else {
  keepCompiled()
  void loadPart()
}

async function loadPart(): Promise<never> {
  const [verb = ''] = argv
  const isPlain = /^(find|proxy|known-hosts|ssh)$/.test(verb)
  if (/^(find|proxy|ssh)$/.test(verb)) lookAhead()
  const { run } = await (isPlain ? import('./plain-line.ts') : import('./command-line.ts'))
  return run(argv, takeLook())
}
