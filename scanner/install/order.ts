import { hostLabel } from '../../common/advertisement.ts'
import { Failure } from '../../common/failure.ts'
import type { Machine } from '../machine.ts'
import { shellWords } from '../remote/shell-words.ts'
import type { Order } from './job.ts'

/** What `install` was told. */
export interface InstallWish {
  flake: string | undefined
  host: string | undefined
  /** An own command line for a shell there, instead of nixos-install. */
  command: string | undefined
  target: string
  /** Options for the program that installs. */
  more: readonly string[]
}

/** Where nixos-install looks by itself (nixos-install(8)). */
const usualTarget = '/mnt'

/**
 * What is to be run on the machine. By default it installs the flake that it has told of, and of that
 * the host that it is named for. Throws a Failure when it takes more to know that. Pure.
 */
export function orderFor(machine: Machine, wish: InstallWish): Order {
  const flake = wish.flake ?? announcedFlake(machine)
  const [reference = ''] = flake?.split('#') ?? []
  // A flake by reference lies elsewhere, and a folder by its name in no particular one.
  const directory = reference.startsWith('/') ? reference : '/'
  if (wish.command !== undefined) return { command: wish.command, directory }
  const installable = flakeAndHost(machine, flake, wish.host)
  const root = wish.target === usualTarget ? [] : ['--root', wish.target]
  const words = ['nixos-install', '--flake', installable, ...root, ...wish.more]
  return { command: shellWords(words), directory }
}

/** `REF#HOST`, as nixos-install, nixos-anywhere and deploy-rs take it. */
export function flakeAndHost(
  machine: Machine,
  flake: string | undefined,
  host: string | undefined,
): string {
  if (flake === undefined)
    throw new Failure(`${machine.name ?? machine.id} tells of no flake on it`, {
      advice: 'say which: --flake /path/there, or --flake github:owner/repository',
    })
  if (flake.includes('#')) return flake
  // What was typed may be any attribute; what was heard has to be a host name.
  const heard = machine.configuredName ?? ''
  const name = host ?? (hostLabel.test(heard) ? heard : '')
  if (name === '')
    throw new Failure(`it is not known which host of ${flake} to install`, {
      advice: 'say which: --host NAME',
    })
  return `${flake}#${name}`
}

/** The path comes from the wire: it is one, and nothing that a flake reference could mean besides. */
function announcedFlake({ agent }: Machine): string | undefined {
  const flake = agent?.flake ?? ''
  return /^\/[\w./+-]+$/.test(flake) ? flake : undefined
}
