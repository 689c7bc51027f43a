import { exitStatus } from '../../common/contract.ts'
import type { Console } from '../options.ts'
import { configBlock } from '../ssh/config-block.ts'
import { configFiles, install, uninstall } from '../ssh/config-install.ts'
import { ownProgram } from '../ssh/own-program.ts'

/** What `scanner ssh-config` does. */
export type SshConfigMode = 'print' | 'install' | 'uninstall'

/** `scanner ssh-config`: the block on stdout, or in the user's configuration, or taken out of it again. */
export async function sshConfig(
  mode: SshConfigMode,
  script: string,
  console_: Console,
): Promise<number> {
  const block = configBlock(await ownProgram(script))
  if (mode === 'print') process.stdout.write(block)
  else {
    const { said } = await (mode === 'install'
      ? install(configFiles(), block)
      : uninstall(configFiles()))
    for (const line of said) console_.say(`scanner: ${line}`)
  }
  return exitStatus.done
}
