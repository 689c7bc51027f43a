import type { VerbWords } from '../../common/definitions.ts'
import { nearest } from '../../common/nearest.ts'

/** What is wrong with a command line, and what to type instead. */
export interface UsageMistake {
  message: string
  advice: string
}

/** What yargs complains of, with the word that was typed and the nearest of those that there are. */
export function explainUsage(
  complaint: string,
  typed: readonly string[],
  program: VerbWords,
): UsageMistake {
  const { verb, path, unknown } = followVerbs(program, typed)
  const help = `see '${['scanner', ...path].join(' ')} --help'`
  const [, argument, recommended] =
    /^(?:Unknown arguments?: ([^,]+)|Did you mean (.+)\?)/.exec(complaint) ?? []
  const option = typed.find((word) => word === `--${argument}` || word.startsWith(`--${argument}=`))
  const options = verb.options.map(({ name }) => name)
  if (argument && option)
    return mistake(`there is no option --${argument}`, nearest(argument, options), '--', help)
  const verbs = verb.verbs.map(({ word }) => word)
  const meant = recommended ?? (unknown && nearest(unknown, verbs))
  if (unknown && verbs.length > 0 && (recommended || argument))
    return mistake(`there is no '${['scanner', ...path, unknown].join(' ')}'`, meant, '', help)
  return { message: complaint, advice: help }
}

function mistake(message: string, near: string | undefined, prefix: string, help: string) {
  return { message, advice: near ? `did you mean ${prefix}${near}?` : help }
}

/** How far the words are verbs, and the first that is none. */
function followVerbs(program: VerbWords, typed: readonly string[]) {
  let verb = program
  const path: string[] = []
  for (const word of typed.filter((each) => !each.startsWith('-'))) {
    const next = verb.verbs.find((each) => each.word === word)
    if (!next) return { verb, path, unknown: word }
    verb = next
    path.push(word)
  }
  return { verb, path, unknown: undefined }
}
