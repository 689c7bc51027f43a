import { runCommand } from '../../common/command.ts'
import { exitStatus } from '../../common/contract.ts'
import { locate } from '../locate.ts'
import type { Console } from '../options.ts'
import type { SearchOptions } from '../search.ts'
import { configFiles, isInstalled } from '../ssh/config-install.ts'
import { addressToDial } from '../ssh/target.ts'
import { type NixVersion, parseNixVersion, type Tool, toolTarget } from '../ssh/tools.ts'
import { refuseImpostor } from './ssh.ts'

/** `scanner target NAME`: the address of the one machine that NAME means, on one line of stdout. */
export async function target(
  options: SearchOptions & { name: string },
  tool: Tool | undefined,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  const machine = await locate(options, console_, signal)
  if (machine === undefined) return exitStatus.failed
  refuseImpostor(machine)
  if (!machine.ssh.reachable && options.sources.includes('ssh'))
    console_.warn(`no ssh server answers there on port ${machine.port} yet`)
  const address = addressToDial(machine, options.name)
  if (tool === undefined) {
    process.stdout.write(`${address}\n`)
    return exitStatus.done
  }
  const nix = tool === 'nix' ? await nixVersion(signal) : undefined
  const { text, isAlias, hint } = toolTarget(machine, address, tool, nix)
  process.stdout.write(`${text}\n`)
  if (hint) console_.warn(hint)
  if (isAlias && !(await isInstalled(configFiles())))
    console_.warn(
      `${text} means something to ssh after 'scanner ssh-config --install', which was not done yet`,
    )
  return exitStatus.done
}

/** The version of nix on PATH; undefined when there is none, or another program of that name. */
async function nixVersion(signal: AbortSignal): Promise<NixVersion | undefined> {
  const { stdout } = await runCommand('nix', ['--version'], signal).catch(() => ({ stdout: '' }))
  return parseNixVersion(stdout)
}
