import { untilInterrupted } from '../../common/cli.ts'
import { lookAhead } from '../look-ahead.ts'
import {
  commonOptions,
  openConsole,
  readSearchOptions,
  searchOptions,
  shortForms,
  usageFailure,
} from '../options.ts'
import type { PlainVerb } from '../plain-words.ts'
import { withoutAliasSuffix } from '../ssh/alias.ts'
import type { Verb } from './verb.ts'

/** `scanner proxy NAME PORT`. */
export const proxy: Verb = (cli, finish) =>
  cli.command(
    'proxy [name] [port]',
    'stdin and stdout to a port of an installer: ProxyCommand scanner proxy %n %p',
    (command) =>
      searchOptions(commonOptions(command))
        .alias(shortForms)
        .positional('name', {
          type: 'string',
          describe: 'name, id, MAC, end of a MAC, or address; also with .installer at its end',
        })
        .positional('port', { type: 'string', describe: 'TCP port' })
        .epilogue(
          'Status 0: done. 1: the connection broke. 3: nobody was found. 4: more than one fits. 6: found, but no connection.',
        ),
    async (args) => finish(await run(args)),
  )

/**
 * The same for a command line without options, as ssh types it for each connection: undefined for any
 * other. To read it takes yargs longer than to find the machine.
 */
export function proxyPlainly([verb, name, port, ...more]: readonly string[]):
  | PlainVerb
  | undefined {
  const isPlain = verb === 'proxy' && name !== undefined && port !== undefined && more.length === 0
  if (!isPlain || [name, port].some((word) => word.startsWith('-'))) return undefined
  return () => run({ name, port, all: false, verbose: false, quiet: false })
}

type Arguments = Parameters<typeof openConsole>[0] &
  Parameters<typeof readSearchOptions>[0] & { name?: string | undefined; port?: string | undefined }

async function run(args: Arguments): Promise<number> {
  if (args.name === undefined)
    throw usageFailure('name an installer to connect to', "'scanner find' lists them")
  const port = readPort(args.port)
  const name = withoutAliasSuffix(args.name)
  const options = { ...readSearchOptions(args, name), name }
  lookAhead()
  const { proxy } = await import('../commands/proxy.ts')
  return proxy(options, port, await openConsole(args), untilInterrupted())
}

function readPort(text: string | undefined): number {
  const port = /^\d{1,5}$/.test(text ?? '') ? Number(text) : 0
  if (port >= 1 && port <= 65_535) return port
  const got = text === undefined ? 'none' : `'${text}'`
  throw usageFailure(`expected a port from 1 to 65535, got ${got}`, 'ssh listens on 22')
}
