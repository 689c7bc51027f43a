import t from 'tap'
import { askedNames, type SearchOptions, wanted } from '../../scanner/search.ts'
import { fakeMachine } from '../fakes/machine.ts'

const options: SearchOptions = {
  name: undefined,
  interfaces: [],
  sources: [],
  timeoutMs: 4000,
  all: false,
}

t.test('asked for are our name, those of live systems, and the wanted one first, once', (t) => {
  const usual = askedNames(undefined)
  t.ok(usual.some((each) => each.toLowerCase() === 'nixos'))
  t.ok(usual.includes('nixos-installer'))
  t.same(askedNames('devos'), ['devos', ...usual])
  t.same(askedNames('devos.local'), ['devos', ...usual])
  const again = askedNames('nixos').map((each) => each.toLowerCase())
  t.equal(new Set(again).size, again.length, 'names are the same whatever their case')
  for (const name of ['fe80::1%eno1', '52:54:00:12:34:56', '-oProxyCommand=x', 'a b'])
    t.same(askedNames(name), usual, name)
  t.end()
})

t.test(
  'wanted are installers, all hosts where all are, and of these those that NAME means',
  (t) => {
    const installer = fakeMachine()
    const host = fakeMachine({
      id: '525400fffe654321',
      name: 'printer',
      configuredName: null,
      installer: false,
    })
    const both = [installer, host]
    t.same(wanted(both, options), [installer])
    t.same(wanted(both, { ...options, all: true }), both)
    t.same(wanted(both, { ...options, name: 'printer' }), [])
    t.same(wanted(both, { ...options, name: 'printer', all: true }), [host])
    t.end()
  },
)
