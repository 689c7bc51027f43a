import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import {
  consoleFix,
  fix,
  type LayerFinding,
  layers,
  rootFix,
} from '../../../scanner/doctor/finding.ts'
import { formatDiagnosis, formatFinding } from '../../../scanner/print/findings.ts'

const schema = JSON.parse(readFileSync('docs/doctor.schema.json', 'utf8')) as {
  $defs: { finding: { properties: { layer: { enum: string[] } } } }
}
const fits = new Ajv2020({ allErrors: true, strictTypes: false }).compile(schema)

const down: LayerFinding = {
  layer: 'interface',
  level: 'warn',
  code: 'down',
  interface: 'eno1',
  reason: 'eno1 is switched off',
  fix: rootFix(['ip', 'link', 'set', 'dev', 'eno1', 'up']),
}
const pipe = { width: undefined, colour: false, isRoot: true }

t.test('one line', (t) => {
  t.equal(
    formatFinding(down, pipe),
    'warn  interface  eno1 is switched off; fix: ip link set dev eno1 up\n',
  )
  t.match(formatFinding(down, { ...pipe, isRoot: false }), /fix: sudo ip link/)
  t.match(formatFinding(down, { ...pipe, colour: true }), '\x1b[33mwarn\x1b[0m  interface')
  const there = { ...down, fix: consoleFix(true, ['systemctl', 'start', 'sshd']) }
  t.match(formatFinding(there, pipe), /; fix at its console: sudo systemctl start sshd$/m)
  t.end()
})

t.test('on a narrow terminal the command has a line of its own', (t) => {
  const lines = formatFinding(down, { ...pipe, width: 40 }).split('\n')
  t.same(lines, [
    'warn  interface  eno1 is switched off',
    '                 fix: ip link set dev eno1 up',
    '',
  ])
  t.equal(
    formatFinding({ ...down, reason: 'a '.repeat(40) }, { ...pipe, width: 5 }).split('\n')[0]
      ?.length,
    17 + 19,
    'however narrow',
  )
  t.end()
})

t.test('nothing heard moves the cursor, or is a word of a shell', (t) => {
  const hostile = {
    ...down,
    reason: 'x\x1b[2J\ny',
    fix: fix(['scanner', 'ssh', '$(reboot)', "a'b", 'c\n']),
  }
  const text = formatFinding(hostile, pipe)
  t.match(text, "x\\u{1b}[2J\\u{a}y; fix: scanner ssh '$(reboot)' 'a'\\''b' 'c\\u{a}'")
  t.equal(text.split('\n').length, 2)
  t.end()
})

t.test('the document fits the schema in docs', (t) => {
  const { fix: _, ...ok } = down
  const text = formatDiagnosis(
    'NixOS',
    [down, { ...ok, level: 'fail', machine: '525400fffe123456' }],
    true,
  )
  const document: unknown = JSON.parse(text)
  t.ok(fits(document), JSON.stringify(fits.errors))
  t.match(document, { version: 1, name: 'NixOS', healthy: false })
  t.same(JSON.parse(formatDiagnosis(undefined, [down], true)), {
    version: 1,
    name: null,
    healthy: true,
    findings: [
      {
        layer: 'interface',
        level: 'warn',
        code: 'down',
        interface: 'eno1',
        machine: null,
        reason: 'eno1 is switched off',
        fix: { command: 'ip link set dev eno1 up', where: 'here' },
      },
    ],
  })
  t.same(schema.$defs.finding.properties.layer.enum, [...layers])
  for (const over of [
    { level: 'bad' },
    { layer: 'x' },
    { code: 'A b' },
    { machine: '../x' },
    { fix: 'ls' },
  ])
    t.notOk(
      fits({
        version: 1,
        name: null,
        healthy: true,
        findings: [{ ...down, machine: null, fix: null, ...over }],
      }),
      JSON.stringify(over),
    )
  t.end()
})
