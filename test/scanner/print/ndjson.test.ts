import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { formatEvent, publicEvent } from '../../../scanner/print/ndjson.ts'
import type { MachineEvent } from '../../../scanner/watch/events.ts'
import { fakeMachine } from '../../fakes/machine.ts'

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8')) as object
const ajv = new Ajv2020({ allowUnionTypes: true })
ajv.addSchema(read('find.schema.json'), 'find.schema.json')
const fits = ajv.compile(read('event.schema.json'))
const at = new Date('2026-11-22T20:14:00.000Z')
const written = (event: MachineEvent) => formatEvent(publicEvent(event, at))

t.test('an event is one line, and what the schema promises', (t) => {
  for (const event of ['found', 'changed', 'lost'] as const) {
    const line = written({ event, machine: fakeMachine() })
    t.match(line, /^[^\n]*\n$/)
    t.ok(fits(JSON.parse(line)), JSON.stringify(fits.errors))
    t.match(JSON.parse(line), {
      event,
      at: '2026-11-22T20:14:00.000Z',
      installer: { name: 'NixOS' },
    })
  }
  const renamed: MachineEvent = {
    event: 'changed',
    machine: fakeMachine(),
    formerId: '0123456789abcdef',
  }
  t.ok(fits(JSON.parse(written(renamed))))
  t.end()
})

t.test('the schema refuses what was never promised', (t) => {
  const event = JSON.parse(written({ event: 'found', machine: fakeMachine() })) as object
  for (const over of [
    { event: 'seen' },
    { at: 'now' },
    { installer: {} },
    { installer: { ...fakeMachine() } },
    { formerId: 'x' },
    { more: 1 },
    { event: undefined },
  ])
    t.notOk(fits(JSON.parse(JSON.stringify({ ...event, ...over }))), JSON.stringify(over))
  t.end()
})
