import t from 'tap'
import { scannerWords } from '../../../scanner/words/definitions.ts'
import { explainUsage } from '../../../scanner/words/explain-usage.ts'

const explain = (complaint: string, ...typed: string[]) =>
  explainUsage(complaint, typed, scannerWords())

t.test('a wrong verb or option is named, with the nearest', (t) => {
  const cases: [ReturnType<typeof explain>, string, string][] = [
    [explain('Did you mean find?', 'fnd'), "there is no 'scanner fnd'", 'did you mean find?'],
    [
      explain('Unknown argument: lst', 'trust', 'lst'),
      "there is no 'scanner trust lst'",
      'did you mean list?',
    ],
    [
      explain('Unknown argument: xyzzy', 'xyzzy'),
      "there is no 'scanner xyzzy'",
      "see 'scanner --help'",
    ],
    [
      explain('Unknown argument: tmeout', 'find', '--tmeout', '3'),
      'there is no option --tmeout',
      'did you mean --timeout?',
    ],
    [
      explain('Unknown arguments: sorce, x', 'find', '--sorce=x'),
      'there is no option --sorce',
      'did you mean --source?',
    ],
    [
      explain('Unknown argument: qqqq', 'find', '--qqqq'),
      'there is no option --qqqq',
      "see 'scanner find --help'",
    ],
  ]
  for (const [told, message, advice] of cases) t.same(told, { message, advice })
  t.end()
})

t.test('other complaints stay as they are', (t) => {
  t.same(explain('Not enough arguments following: timeout', 'find', '--timeout'), {
    message: 'Not enough arguments following: timeout',
    advice: "see 'scanner find --help'",
  })
  t.same(explain('Unknown argument: b', 'find', 'a', 'b').message, 'Unknown argument: b')
  t.end()
})
