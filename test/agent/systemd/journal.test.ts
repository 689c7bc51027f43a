import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { journalEntry, journalLog } from '../../../agent/systemd/journal.ts'

/** The fields of an entry, as journald reads them (systemd.io/JOURNAL_NATIVE_PROTOCOL). */
function fieldsOf(entry: Buffer): string[] {
  const fields: string[] = []
  let rest = entry
  while (rest.length > 0) {
    const nameEnd = rest.indexOf('\n')
    const valueStart = nameEnd + 9
    const valueEnd = valueStart + Number(rest.readBigUInt64LE(nameEnd + 1))
    const [name, value] = [rest.subarray(0, nameEnd), rest.subarray(valueStart, valueEnd)]
    fields.push(`${name}=${value}`)
    if (rest[valueEnd] !== 10) throw new Error('a field ends with a line feed')
    rest = rest.subarray(valueEnd + 1)
  }
  return fields
}

t.test('each fact is a field, a list is a repeated one, and people read all of it', (t) => {
  const facts = { link: 'in0', addresses: ['fe80::1', 'fe80::47'], oldName: 'a', advice: undefined }
  t.same(fieldsOf(journalEntry('installer-agent', 'info', facts, 'announced')), [
    'MESSAGE=announced link=in0 addresses=fe80::1,fe80::47 oldName=a',
    'PRIORITY=6',
    'SYSLOG_IDENTIFIER=installer-agent',
    'LINK=in0',
    'ADDRESSES=fe80::1',
    'ADDRESSES=fe80::47',
    'OLD_NAME=a',
  ])
  t.end()
})

t.test('nothing heard makes a field or a line of its own', (t) => {
  const heard = 'x\nPRIORITY=0\nMESSAGE=\u001b[2J'
  const fields = fieldsOf(journalEntry('a', 'error', { names: [heard], odd: { a: 1 } }, 'taken'))
  t.same(fields, [
    'MESSAGE=taken names=x\\u{a}PRIORITY=0\\u{a}MESSAGE=\\u{1b}[2J odd={"a":1}',
    'PRIORITY=3',
    'SYSLOG_IDENTIFIER=a',
    `NAMES=${heard}`,
    'ODD={"a":1}',
  ])
  t.end()
})

t.test('what is below the level is not written, and a closed journal ends nothing', (t) => {
  const path = join(t.testdir(), 'journal')
  const log = journalLog(openSync(path, 'w'), 'a', 'warn')
  log.debug({}, 'one')
  log.info({}, 'two')
  log.warn({}, 'three')
  log.error({}, 'four')
  const said = fieldsOf(readFileSync(path)).filter((each) => each.startsWith('MESSAGE'))
  t.same(said, ['MESSAGE=three', 'MESSAGE=four'])
  const readOnly = openSync(path, 'r')
  t.doesNotThrow(() => journalLog(readOnly, 'a', 'info').info({}, 'this goes to standard error'))
  t.end()
})
