import { fileURLToPath } from 'node:url'
import t from 'tap'
import { runCommand } from '../../common/command.ts'

const log = fileURLToPath(new URL('../../common/log.js', import.meta.url))
const script = `import { fstatSync } from 'node:fs'
import { createLog } from '${log}'
const { dev, ino } = fstatSync(2)
if (process.env.JOURNAL_STREAM === 'this') process.env.JOURNAL_STREAM = dev + ':' + ino
const log = await createLog('a', 'debug')
log.error({}, 'one'); log.warn({}, 'two'); log.info({}, 'three'); log.debug({}, 'four')`

async function said(variables: string[]): Promise<string[]> {
  const node = [process.execPath, '--input-type=module', '--eval', script]
  const { stderr } = await runCommand('env', ['-u', 'NODE_OPTIONS', ...variables, ...node])
  return stderr.trim().split('\n')
}

t.test('lines of JSON; for the journal with their priority (sd-daemon(3))', async (t) => {
  const plain = (await said(['JOURNAL_STREAM=8:1'])).map((line) => JSON.parse(line))
  t.match(plain, [{ msg: 'one' }, { msg: 'two' }, { msg: 'three' }, { msg: 'four' }])
  const priorities = (await said(['JOURNAL_STREAM=this'])).map((line) => line.slice(0, 4))
  t.same(priorities, ['<3>{', '<4>{', '<6>{', '<7>{'])
})
