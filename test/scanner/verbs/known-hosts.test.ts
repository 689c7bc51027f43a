import t from 'tap'
import { knownHostsPlainly } from '../../../scanner/verbs/known-hosts.ts'

t.test('only its own verb is its own', (t) => {
  t.equal(knownHostsPlainly(['find', 'known-hosts']), undefined)
  t.equal(knownHostsPlainly([]), undefined)
  t.end()
})

t.test(
  'a host that ssh would read as a pattern, a comment or a second word is refused',
  async (t) => {
    for (const host of [
      '',
      '*',
      'nixos.*',
      '!nixos.installer',
      'a,b',
      'a b',
      'a\nb',
      '#a',
      '@revoked',
      '|1|a|b',
      '-a',
      'a\u202eb',
    ])
      await t.rejects(
        async () => knownHostsPlainly(['known-hosts', 'NixOS.installer', host, 'NONE', 'NONE'])?.(),
        { exitStatus: 2, message: 'expected NAME HOST TYPE KEY' },
        JSON.stringify(host),
      )
  },
)

t.test('so is any other number of words, and a name that is empty', async (t) => {
  for (const words of [[], ['a', 'a', 'NONE'], ['a', 'a', 'NONE', 'NONE', 'b']])
    await t.rejects(async () => knownHostsPlainly(['known-hosts', ...words])?.(), {
      message: /NAME HOST/,
    })
  const nameless = ['known-hosts', '.installer', 'a', 'NONE', 'NONE']
  await t.rejects(async () => knownHostsPlainly(nameless)?.(), { message: /the name is empty/ })
})
