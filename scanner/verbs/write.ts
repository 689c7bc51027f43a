import { untilInterrupted } from '../../common/cli.ts'
import { commonOptions, openConsole, shortForms, usageFailure } from '../options.ts'
import type { Verb } from './verb.ts'

/** `scanner write [IMAGE] [DEVICE]`. */
export const write: Verb = (cli, finish) =>
  cli.command(
    'write [image] [device]',
    'write an image to a stick, read it back and compare; without DEVICE: list the sticks',
    (command) =>
      commonOptions(command)
        .alias({ v: shortForms.v, q: shortForms.q, y: 'yes' })
        .positional('image', { type: 'string', describe: 'ISO or disk image, also .zst, .xz, .gz' })
        .positional('device', {
          type: 'string',
          describe: 'whole disk, such as /dev/sdb; or a file',
        })
        .option('yes', {
          type: 'boolean',
          default: false,
          describe: 'do not ask whether the device is meant',
        })
        .epilogue(
          'Prints the SHA-256 of the image. Disks in use, and the one that this system runs from, are refused. Status 0: written and the same when read back. 130: Ctrl-C.',
        ),
    async (args) => {
      const { listDisks, write } = await import('../commands/write.ts')
      const { image, device, yes, quiet } = args
      const console_ = await openConsole(args)
      if (image === undefined) return finish(await listDisks(console_))
      if (device === undefined) {
        await listDisks(console_)
        throw usageFailure('name the disk to write to', `scanner write ${image} /dev/...`)
      }
      finish(await write({ image, device, yes, quiet }, console_, untilInterrupted()))
    },
  )
