import { networkInterfaces } from 'node:os'
import { exitStatus } from '../../common/contract.ts'
import { complete } from '../words/complete.ts'
import { scannerWords } from '../words/definitions.ts'
import { cachedNames, refreshNames } from '../words/names-cache.ts'

/** What a shell asks at each Tab; never waits for the link. `script` is this program. */
export async function answer(typed: readonly string[], script: string): Promise<number> {
  let areNamesWanted = false
  const installers = () => {
    areNamesWanted = true
    return cachedNames()
  }
  const interfaces = Object.keys(networkInterfaces())
  const found = complete(scannerWords(), typed, { installers, interfaces })
  const candidates = found.kind === 'words' ? found.candidates : []
  const lines = candidates.map(
    ({ text, describe }) => `${text}\t${describe.replaceAll(/\s+/g, ' ')}`,
  )
  process.stdout.write([found.kind, ...lines, ''].join('\n'))
  if (areNamesWanted) refreshNames([process.execPath, script])
  return exitStatus.done
}
