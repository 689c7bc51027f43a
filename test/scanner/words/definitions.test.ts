import t from 'tap'
import yargs from 'yargs'
import type { VerbWords } from '../../../common/definitions.ts'
import { splitSshArguments } from '../../../scanner/ssh/arguments.ts'
import { describe } from '../../../scanner/verbs/list.ts'
import { scannerWords } from '../../../scanner/words/definitions.ts'

/** Help as yargs says it, in lines that are not broken. */
async function help(path: readonly string[]): Promise<string> {
  let said = ''
  const cli = describe(yargs().scriptName('scanner'), () => {}, splitSshArguments([])).wrap(null)
  await cli.parseAsync([...path, '--help'], {}, (_error, _argv, output) => {
    said = output
  })
  return said
}

function allVerbs(verb: VerbWords, path: readonly string[] = []): [string[], VerbWords][] {
  const below = verb.verbs.flatMap((each) => allVerbs(each, [...path, each.word]))
  return [[[...path], verb], ...below]
}

t.test('what was recorded is what yargs says in help: no more and no less', async (t) => {
  for (const [path, verb] of allVerbs(scannerWords())) {
    const said = await help(path)
    const options = [...said.matchAll(/ --([\w-]+) .*\[\w/g)].map(([, name = '']) => name)
    const ours = verb.options.map(({ name }) => name)
    t.same(
      ours.sort(),
      options.filter((name) => name !== 'help' && name !== 'version').sort(),
      path.join(' '),
    )
    for (const { letters, name } of verb.options)
      for (const letter of letters) t.match(said, new RegExp(` -${letter}, --${name} `))
    for (const { describe: text } of [...verb.options, ...verb.positionals])
      t.ok(said.includes(text))
    for (const each of verb.verbs) t.match(said, `scanner ${[...path, each.form].join(' ')} `)
  }
})

t.test('a value is expected where yargs expects one', (t) => {
  const find = scannerWords().verbs.find(({ word }) => word === 'find')
  const names = (takes: boolean) =>
    find?.options.filter(({ takesValue }) => takesValue === takes).map(({ name }) => name)
  t.same(names(true), ['log-level', 'interface', 'source', 'timeout', 'count'])
  t.same(names(false), ['verbose', 'quiet', 'all', 'json', 'ndjson', 'watch', 'wait'])
  t.end()
})
