import { execFile } from 'node:child_process'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { changeFile } from '../../../scanner/trust/locked-file.ts'

const module_ = fileURLToPath(new URL('../../../scanner/trust/locked-file.js', import.meta.url))

t.test(
  'a file is made for its owner only, changed whole, and left alone when nothing changes',
  async (t) => {
    const folder = t.testdir()
    const path = join(folder, 'known_hosts')
    await changeFile(path, (text) => `${text}one\n`)
    await changeFile(path, (text) => `${text}two\n`)
    t.equal(await readFile(path, 'utf8'), 'one\ntwo\n')
    const before = await stat(path)
    t.equal(before.mode & 0o777, 0o600)
    await changeFile(path, (text) => text)
    t.equal((await stat(path)).ino, before.ino, 'not written')
    await t.rejects(
      changeFile(path, () => {
        throw new Error('no')
      }),
    )
    t.same(await readdir(folder), ['known_hosts'], 'nothing is left beside it')
  },
)

t.test('what several programs add at once is all there', async (t) => {
  const path = join(t.testdir(), 'known_hosts')
  const add = (name: string) =>
    promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      `import { changeFile } from ${JSON.stringify(module_)}
       for (let i = 0; i < 20; i++) await changeFile(${JSON.stringify(path)}, (text) => text + '${name} ' + i + '\\n')`,
    ])
  await Promise.all(['a', 'b', 'c', 'd'].map(add))
  const lines = (await readFile(path, 'utf8')).trim().split('\n')
  t.equal(new Set(lines).size, 80)
  t.equal(lines.length, 80)
})

t.test('the lock of a program that is gone holds nobody up', async (t) => {
  const path = join(t.testdir(), 'known_hosts')
  const gone = promisify(execFile)(process.execPath, ['--eval', ''])
  const { pid } = gone.child
  await gone
  await writeFile(`${path}.lock`, `${pid}\n`)
  await changeFile(path, () => 'one\n')
  t.equal(await readFile(path, 'utf8'), 'one\n')
})
