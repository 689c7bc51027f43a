import { exitStatus } from '../../common/contract.ts'
import { ownProgram } from '../ssh/own-program.ts'
import { completionScript, type Shell } from '../words/scripts.ts'

/** `scanner completion SHELL`: the script for that shell, on stdout. `script` is this program. */
export async function completion(shell: Shell, script: string): Promise<number> {
  process.stdout.write(completionScript(shell, (await ownProgram(script)).words))
  return exitStatus.done
}
