#!/usr/bin/env node
import { runProgram } from '../common/cli.ts'
import { exitStatus, version } from '../common/contract.ts'
import { writtenHelp } from './help.ts'

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
else void loadPart()

async function loadPart(): Promise<never> {
  const [verb = ''] = argv
  // It needs parts of Node that whoever only asks for the version is not to wait for.
  const { keepCompiled } = await import('./compile-cache.ts')
  keepCompiled()
  const searches = /^(find|proxy|ssh)$/.test(verb)
  const ahead = searches ? await (await import('./ask-ahead.ts')).askAhead(argv) : undefined
  if (verb === 'find' && ahead && process.stdout.isTTY)
    ahead.rows = await (await import('./first-rows.ts')).firstRows(argv, ahead.firsts)
  const { run } = await partOf(verb)
  return run(argv, ahead)
}

function partOf(verb: string) {
  if (verb === 'find') return import('./find-line.ts')
  if (/^(ssh|proxy|known-hosts)$/.test(verb)) return import('./ssh-line.ts')
  return import('./command-line.ts')
}
