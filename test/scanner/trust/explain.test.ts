import t from 'tap'
import { introduction, keyPicture, refusal } from '../../../scanner/trust/explain.ts'
import type { Shown, Verdict } from '../../../scanner/trust/judge.ts'

const [old, other, third] = ['A', 'B', 'C'].map((letter) => `SHA256:${letter.repeat(43)}`) as [
  string,
  string,
  string,
]
const machine = { name: 'NixOS', id: '525400fffe123456' }
const shown: Shown = { key: other, boot: '99999999', announced: [] }
const before = { keys: [old], boot: '0a1b2c3d' }

t.test('each refusal says what came, what was expected, and what to do; status 5', (t) => {
  const namesakes = [{ keys: [third], boot: '' }]
  const cases: [Verdict, Shown, message: string[], advice: RegExp][] = [
    ['unpinned', { ...shown, pinned: third }, [other, third], /read it off the console again/],
    [
      'contradicted',
      { ...shown, announced: [old, third] },
      [other, `${old}, ${third}`],
      /then: --fingerprint SHA256/,
    ],
    ['stranger', { ...shown, namesakes }, [other, third], /name it by its id: 525400fffe123456$/],
    [
      'rebooted',
      shown,
      [other, old],
      /live media make new keys.*99999999 after 0a1b2c3d; .*--accept-new-key$/,
    ],
    [
      'changed',
      shown,
      [other, old],
      /--fingerprint SHA256:..., or 'scanner trust forget 525400fffe123456'$/,
    ],
  ]
  for (const [verdict, now, words, advice] of cases) {
    const { message, advice: said, exitStatus } = refusal(verdict, machine, now, before)
    t.equal(exitStatus, 5)
    t.match(message, /^NixOS /, verdict)
    for (const word of words) t.match(message, word, verdict)
    t.match(said, advice, verdict)
  }
  t.match(
    refusal('changed', { ...machine, name: null }, shown, undefined).message,
    /^525400fffe123456 .* remembered is none$/,
  )
  t.end()
})

t.test('a first contact, and a new key, say the fingerprint and what to compare it with', (t) => {
  const last = '  compare with the console; it is remembered from now on'
  t.same(introduction('new', machine, old, 'ssh-ed25519', false), [
    `scanner: first contact with NixOS (installer-525400fffe123456), host key ${old}`,
    last,
  ])
  const replaced = introduction('replaced', { ...machine, name: null }, old, 'ssh-ed25519', true)
  t.equal(
    replaced[0],
    `scanner: a new key of 525400fffe123456 (installer-525400fffe123456), host key ${old}`,
  )
  t.same(replaced.slice(1, -1), keyPicture('ssh-ed25519', old))
  t.equal(replaced.length, 13)
  t.equal(replaced.at(-1), last)
  t.end()
})

t.test('no picture of a key whose size is not known', (t) => {
  t.equal(keyPicture('ssh-ed25519', old)[0], '+--[ED25519 256]--+')
  t.same(keyPicture('ssh-rsa', old), [])
  t.end()
})
