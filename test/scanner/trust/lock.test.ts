import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { withLock } from '../../../scanner/trust/lock.ts'

const module_ = fileURLToPath(new URL('../../../scanner/trust/lock.js', import.meta.url))

t.test('what several programs add, each in its turn, is all there', async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'list')
  await writeFile(path, '')
  const add = (name: string) =>
    promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      `import { readFile, writeFile } from 'node:fs/promises'
       import { withLock } from ${JSON.stringify(module_)}
       const path = ${JSON.stringify(path)}
       for (let i = 0; i < 20; i++)
         await withLock(path + '.lock', async () => writeFile(path, await readFile(path, 'utf8') + '${name} ' + i + '\\n'))`,
    ])
  await Promise.all(['a', 'b', 'c', 'd'].map(add))
  const lines = (await readFile(path, 'utf8')).trim().split('\n')
  t.equal(new Set(lines).size, 80)
  t.same(await readdir(folder), ['list'], 'nothing is left beside it')
})

t.test(
  'the lock of a program that is gone holds nobody up, nor does an action that fails',
  async (t) => {
    const lock = join(t.testdir(), 'lock')
    const gone = promisify(execFile)(process.execPath, ['--eval', ''])
    const { pid } = gone.child
    await gone
    await writeFile(lock, `${pid}\n`)
    t.equal(await withLock(lock, async () => 'done'), 'done')
    await t.rejects(
      withLock(lock, async () => {
        throw new Error('no')
      }),
      { message: 'no' },
    )
    t.equal(await withLock(lock, async () => 'again'), 'again')
  },
)

t.test('an abandoned lock is taken away once, by whoever comes first', async (t) => {
  const folder = t.testdir({ 'list.lock': '' })
  let inside = 0
  const turns = Array.from({ length: 30 }, () =>
    withLock(join(folder, 'list.lock'), async () => {
      inside++
      await setImmediate()
      t.equal(inside--, 1, 'one at a time')
    }),
  )
  await Promise.all(turns)
  t.same(await readdir(folder), [], 'nothing is left beside it')
})
