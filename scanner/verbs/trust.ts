import type { Argv } from 'yargs'
import { commonOptions, openConsole } from '../options.ts'
import type { Verb } from './verb.ts'

/** `scanner trust`: whom this operator trusts. */
export const trust: Verb = (cli, finish) =>
  cli.command('trust', 'whom to trust: remembered machines, certificate authorities', (command) =>
    machines(authority(command, finish), finish).demandCommand(
      1,
      "say what to do: 'scanner trust list'",
    ),
  )

function machines(cli: Argv, finish: (status: number) => void) {
  const name = {
    type: 'string',
    demandOption: true,
    describe: 'name, id, MAC, or end of a MAC of a remembered machine',
  } as const
  return cli
    .command(
      'list',
      'the remembered machines, and fingerprints of their host keys',
      (list) =>
        commonOptions(list).option('json', {
          type: 'boolean',
          default: false,
          describe: 'one JSON document',
        }),
      async (args) => {
        const { list } = await import('../commands/trust.ts')
        finish(await list(args.json, await openConsole(args)))
      },
    )
    .command(
      'show <name>',
      'the fingerprints and pictures of one',
      (show) => commonOptions(show).positional('name', name),
      async (args) => {
        const { show } = await import('../commands/trust.ts')
        finish(await show(args.name))
      },
    )
    .command(
      'forget [name]',
      'forget one: its next key is a first contact',
      (forget) =>
        commonOptions(forget)
          .positional('name', { type: 'string', describe: name.describe })
          .option('all', { type: 'boolean', default: false, describe: 'all of them' }),
      async (args) => {
        const { forget } = await import('../commands/trust.ts')
        finish(await forget(args, await openConsole(args)))
      },
    )
    .command(
      'import <name> <file>',
      'know a machine by public host keys that came another way',
      (importing) =>
        commonOptions(importing)
          .positional('name', {
            ...name,
            describe: 'id or MAC, or the name of a remembered machine',
          })
          .positional('file', {
            type: 'string',
            demandOption: true,
            describe: '.pub file, known_hosts lines, or - for standard input',
          }),
      async (args) => {
        const { importKeys } = await import('../commands/trust.ts')
        // yargs makes an empty word of a hyphen alone.
        finish(await importKeys(args.name, args.file || '-', await openConsole(args)))
      },
    )
}

function authority(cli: Argv, finish: (status: number) => void) {
  return cli.command('ca', 'the certificate authority whose key is on the ISO', (command) =>
    commonOptions(command)
      .command(
        'init',
        'make one and trust it here; prints its public half',
        (init) =>
          init.option('folder', {
            type: 'string',
            requiresArg: true,
            describe: "where its key pair is made; unless said otherwise the scanner's own folder",
          }),
        async (args) => {
          const { defaultFolder, init } = await import('../commands/trust-ca.ts')
          finish(await init(args.folder ?? defaultFolder(), await openConsole(args)))
        },
      )
      .command(
        'show',
        'print those that are trusted, and their fingerprints',
        (show) => show,
        async (args) => {
          const { show } = await import('../commands/trust-ca.ts')
          finish(await show(await openConsole(args)))
        },
      )
      .command(
        'add <file>',
        'trust one that was made elsewhere',
        (add) =>
          add.positional('file', {
            type: 'string',
            demandOption: true,
            describe: 'its public half, FILE.pub',
          }),
        async (args) => {
          const { add } = await import('../commands/trust-ca.ts')
          finish(await add(args.file, await openConsole(args)))
        },
      )
      .command(
        'remove [fingerprint]',
        'trust one no longer; its key pair stays',
        (remove) =>
          remove.positional('fingerprint', {
            type: 'string',
            describe: 'SHA256:..., when several are trusted',
          }),
        async (args) => {
          const { remove } = await import('../commands/trust-ca.ts')
          finish(await remove(args.fingerprint, await openConsole(args)))
        },
      )
      .demandCommand(1, "say what to do: 'scanner trust ca show'"),
  )
}
