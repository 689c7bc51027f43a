import { readDefinitions, type VerbWords } from '../../common/definitions.ts'
import { splitSshArguments } from '../ssh/arguments.ts'
import { describe } from '../verbs/list.ts'

/** The words of `scanner`, as data. */
export function scannerWords(): VerbWords {
  return readDefinitions((cli) => describe(cli, () => {}, splitSshArguments([])))
}
