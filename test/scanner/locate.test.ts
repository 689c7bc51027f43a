import t from 'tap'
import { nothingFound } from '../../scanner/locate.ts'

const options = { interfaces: [], sources: [], timeoutMs: 1500 }

t.test('finding nothing says what was looked for, how long, and what to try', (t) => {
  const [first, ...advice] = nothingFound({ ...options, name: undefined, all: false })
  t.equal(first, 'scanner: no installer was found in 1.5 s')
  t.match(advice.join('\n'), /booted.*\n.*--all/)
  const [named, ...rest] = nothingFound({ ...options, name: 'NixOS', all: true })
  t.equal(named, "scanner: no installer that fits 'NixOS' was found in 1.5 s")
  t.notMatch(rest.join('\n'), /--all/, 'what was done already is not advised')
  const [, meant] = nothingFound({ ...options, name: 'nixso.local', all: true }, ['other', 'NixOS'])
  t.equal(meant, '  did you mean NixOS?')
  t.end()
})
