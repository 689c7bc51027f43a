import t from 'tap'
import {
  isTrusted,
  judge,
  type Remembered,
  type Shown,
  type Verdict,
} from '../../../scanner/trust/judge.ts'

const [old, other, third] = ['A', 'B', 'C'].map((letter) => `SHA256:${letter.repeat(43)}`) as [
  string,
  string,
  string,
]
const before: Remembered = { keys: [old], boot: '0a1b2c3d' }
const sameBoot: Shown = { key: old, boot: '0a1b2c3d', announced: [] }
const nextBoot: Shown = { ...sameBoot, key: other, boot: '99999999' }
const changed: Shown = { ...sameBoot, key: other }

type Case = [what: string, before: Remembered | undefined, shown: Shown, verdict: Verdict]
const cases: Case[] = [
  ['first contact', undefined, sameBoot, 'new'],
  ['first contact, as the console shows', undefined, { ...sameBoot, pinned: old }, 'new'],
  ['no key is left of it', { keys: [], boot: '' }, sameBoot, 'new'],
  ['as before', before, sameBoot, 'known'],
  ['a reboot with kept keys', before, { ...nextBoot, key: old }, 'known'],
  ['one of several keys', { ...before, keys: [third, old] }, sameBoot, 'known'],
  ['without an agent any more', before, { ...sameBoot, boot: '' }, 'known'],
  ['as announced', before, { ...sameBoot, announced: [third, old] }, 'known'],

  ['a reboot with new keys', before, nextBoot, 'rebooted'],
  ['the user vouches for it', before, { ...nextBoot, acceptNewKey: true }, 'replaced'],
  ['by the fingerprint', before, { ...nextBoot, pinned: other }, 'replaced'],

  ['another key in one boot', before, changed, 'changed'],
  ['no reboot explains it', before, { ...changed, acceptNewKey: true }, 'changed'],
  ['the console does', before, { ...changed, pinned: other }, 'replaced'],
  ['it tells no boot', before, { ...changed, boot: '' }, 'changed'],
  ['it told none', { ...before, boot: '' }, nextBoot, 'changed'],
  ['nor now', { ...before, boot: '' }, { ...changed, boot: '' }, 'changed'],
  ['vouched for without boots', before, { ...changed, boot: '', acceptNewKey: true }, 'replaced'],

  ['another than the console shows', before, { ...sameBoot, pinned: other }, 'unpinned'],
  ['at first contact', undefined, { ...sameBoot, pinned: other }, 'unpinned'],
  ['whatever else is said', before, { ...nextBoot, pinned: third, acceptNewKey: true }, 'unpinned'],

  ['another is announced', undefined, { ...sameBoot, announced: [other] }, 'contradicted'],
  ['of a known key too', before, { ...sameBoot, announced: [other] }, 'contradicted'],
  [
    'a yes to a reboot is none to that',
    before,
    { ...nextBoot, announced: [old], acceptNewKey: true },
    'contradicted',
  ],
  [
    'the console tells more than the wire',
    undefined,
    { ...sameBoot, announced: [other], pinned: old },
    'new',
  ],

  ['another by a known name', undefined, { ...changed, namesakes: [before] }, 'stranger'],
  [
    'a yes to a new key is none to another machine',
    undefined,
    { ...changed, namesakes: [before], acceptNewKey: true },
    'stranger',
  ],
  ['read off its console', undefined, { ...changed, namesakes: [before], pinned: other }, 'new'],
  ['the same machine by another id', undefined, { ...sameBoot, namesakes: [before] }, 'new'],
  [
    'two that are known',
    before,
    { ...sameBoot, namesakes: [{ keys: [third], boot: '' }] },
    'known',
  ],
]

t.test('who is let in, and why others are not', (t) => {
  for (const [what, remembered, shown, verdict] of cases)
    t.equal(judge(remembered, shown), verdict, `${verdict}: ${what}`)
  t.end()
})

t.test('only three verdicts let in', (t) => {
  const all = new Set(cases.map(([, , , verdict]) => verdict))
  t.same([...all].filter(isTrusted).sort(), ['known', 'new', 'replaced'])
  t.same([...all].filter((each) => !isTrusted(each)).sort(), [
    'changed',
    'contradicted',
    'rebooted',
    'stranger',
    'unpinned',
  ])
  t.end()
})
