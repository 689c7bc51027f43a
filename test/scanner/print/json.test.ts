import { deepEqual } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import t from 'tap'
import { merge } from '../../../scanner/merge.ts'
import { formatJson } from '../../../scanner/print/json.ts'
import { fakeMachine } from '../../fakes/machine.ts'
import { anySighting } from '../../fakes/sighting.ts'

const schema = JSON.parse(readFileSync('docs/find.schema.json', 'utf8')) as object
const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
})
const validate = ajv.compile(schema)
const complaints = (document: unknown) => (validate(document) ? [] : (validate.errors ?? []))

t.test('one line, a version, no word of what is for ourselves only', (t) => {
  const text = formatJson([fakeMachine()], ['no carrier'])
  t.match(text, /^[^\n]+\n$/)
  const { installer: _, announcedKeys: __, ...shown } = fakeMachine()
  t.same(JSON.parse(text), { version: 1, installers: [shown], warnings: ['no carrier'] })
  t.equal(formatJson([], []), '{"version":1,"installers":[],"warnings":[]}\n')
  t.end()
})

t.test('whatever is heard, the output fits the schema in docs', (t) => {
  t.same(complaints(JSON.parse(formatJson([fakeMachine()], []))), [])
  const heard = fc.array(anySighting(false), { maxLength: 12 })
  const fits = (sightings: Parameters<typeof merge>[0]) =>
    deepEqual(complaints(JSON.parse(formatJson(merge(sightings), ['x']))), [])
  fc.assert(fc.property(heard, fits), { numRuns: 500 })
  t.end()
})

t.test('the schema refuses what was never promised', (t) => {
  const { installer: _, announcedKeys: __, ...shown } = fakeMachine()
  const [link] = shown.links
  const ssh = { reachable: true, banner: null, hostKeys: [] }
  const address = (text: string) => ({
    links: [{ ...link, addresses: [{ address: text, kind: 'eui64' }] }],
  })
  for (const over of [
    { id: '../../etc' },
    { id: '525400FFFE123456' },
    { id: undefined },
    { name: '-oProxyCommand=x' },
    { name: '' },
    { hostname: 'NixOS' },
    { user: '-l' },
    { port: 0 },
    { port: '22' },
    { target: '' },
    { target: 'fe80::1' },
    { links: [] },
    address('fe80::1'),
    address('2001:db8::1%eno1'),
    { links: [{ ...link, mac: '52-54-00-12-34-56' }] },
    { links: [{ ...link, speed: 1000 }] },
    { links: [{ ...link, addresses: [{ address: '192.0.2.7', kind: 'ipv6' }] }] },
    { sources: ['bonjour'] },
    { ssh: { ...ssh, banner: 'SSH-\x1b[2J' } },
    { ssh: { ...ssh, hostKeys: ['MD5:00'] } },
    { agent: {} },
    { firstSeen: 'yesterday' },
    { installer: true },
    { announcedKeys: [] },
  ]) {
    const installers = [{ ...shown, ...over }]
    const document: unknown = JSON.parse(JSON.stringify({ version: 1, installers, warnings: [] }))
    t.not(complaints(document).length, 0, JSON.stringify(over))
  }
  t.end()
})
