import { untilInterrupted } from '../../common/cli.ts'
import { lookAhead } from '../look-ahead.ts'
import { openConsole, readSearchOptions, usageFailure } from '../options.ts'
import type { PlainVerb } from '../plain-words.ts'
import { withoutAliasSuffix } from '../ssh/alias.ts'

/** A host as ssh names it, `nixos.installer` or `[nixos.installer]:2222`: one word, no pattern, no comment. */
const hostForm = /^[\w[][\w.:%[\]-]*$/

/**
 * `scanner known-hosts NAME HOST TYPE KEY`, for ssh only (`scanner ssh-config` has the line): in no
 * help, and read without yargs, which takes longer than the answer.
 */
export function knownHostsPlainly([verb, ...words]: readonly string[]): PlainVerb | undefined {
  return verb === 'known-hosts' ? () => run(words) : undefined
}

async function run(words: readonly string[]): Promise<number> {
  const [name = '', host = '', type = '', key = '', ...more] = words
  if (words.length < 4 || more.length > 0 || !hostForm.test(host))
    throw usageFailure(
      'expected NAME HOST TYPE KEY',
      "it is ssh's KnownHostsCommand: scanner ssh-config prints the line",
    )
  const bare = withoutAliasSuffix(name)
  const quiet = { all: false, verbose: false, quiet: false }
  const options = { ...readSearchOptions(quiet, bare), name: bare }
  lookAhead()
  const { knownHosts } = await import('../commands/known-hosts.ts')
  return knownHosts(options, { host, type, key }, await openConsole(quiet), untilInterrupted())
}
