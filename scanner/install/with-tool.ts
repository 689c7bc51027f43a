import { Failure } from '../../common/failure.ts'
import type { Machine } from '../machine.ts'
import { aliasSuffix } from '../ssh/alias.ts'
import { readOptions } from '../ssh/arguments.ts'
import { userOf } from '../ssh/target.ts'
import { flakeAndHost, type InstallWish } from './order.ts'

/** Programs that install from the operator's machine, and can do it in place of nixos-install. */
export const installers = ['nixos-anywhere', 'deploy-rs'] as const
export type Installer = (typeof installers)[number]

/** A command line to be run here. */
export interface CommandLine {
  command: string
  args: string[]
}

const usualPort = 22
/** Where people keep the flake when they stand in it. */
const usualFlake = '.'

/**
 * The machine, the identity and the flake as the program takes them. Both put one name into ssh and into
 * a store's address: that is the machine's id as a name of `scanner ssh-config`, under which its host key is
 * checked. Pure.
 */
export function toolCommand(
  tool: Installer,
  machine: Machine,
  typed: { options: readonly string[]; destination: string | undefined },
  wish: InstallWish,
): CommandLine {
  refuseSpaces(tool, typed.options)
  const name = `${machine.id}${aliasSuffix}`
  const user = userOf(typed.destination) ?? machine.user
  const installable = flakeAndHost(machine, wish.flake ?? usualFlake, wish.host)
  const port = machine.port === usualPort ? [] : ['-p', String(machine.port)]
  if (tool === 'nixos-anywhere') {
    const own = readOptions(typed.options).flatMap(({ letter, value = '' }) => [
      letter === 'i' ? '-i' : '--ssh-option',
      value,
    ])
    const target = ['--flake', installable, '--target-host', `${user}@${name}`]
    return { command: tool, args: [...target, ...port, ...own, ...wish.more] }
  }
  const forSsh = [...port, ...typed.options]
  const options = forSsh.length > 0 ? ['--ssh-opts', forSsh.join(' ')] : []
  const target = ['--hostname', name, '--ssh-user', user, ...options]
  return { command: 'deploy', args: [...target, installable, ...wish.more] }
}

/** Both hand them to nix in one string, which is split at spaces (NIX_SSHOPTS). */
function refuseSpaces(tool: Installer, options: readonly string[]): void {
  const spaced = options.find((word) => /\s/.test(word))
  if (spaced === undefined) return
  throw new Failure(`${tool} takes no ssh option with a space in it: '${spaced}'`, {
    advice: 'put it into ~/.ssh/config, which ssh reads there as well',
  })
}

/** Where it comes from, for whoever has not got it. */
export const homeOf: Record<Installer, string> = {
  'nixos-anywhere': 'github:nix-community/nixos-anywhere',
  'deploy-rs': 'github:serokell/deploy-rs',
}
