import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { runSsh } from '../../../scanner/ssh/session.ts'

t.test('ssh does it, and another only where there is no ssh', async (t) => {
  const folder = t.testdir({ bin: {}, empty: {} })
  const program = join(folder, 'bin', 'ssh')
  await writeFile(program, '#!/bin/sh\nexit "$1"\n')
  await chmod(program, 0o755)
  const { PATH } = process.env
  t.teardown(() => {
    process.env.PATH = PATH
  })
  let asked = 0
  const instead = async () => {
    asked++
    return 9
  }
  process.env.PATH = join(folder, 'bin')
  t.equal(await runSsh(['3'], instead), 3)
  t.equal(asked, 0)
  process.env.PATH = join(folder, 'empty')
  t.equal(await runSsh(['3'], instead), 9)
  t.equal(asked, 1)
  const fails = runSsh(['3'], async () => {
    throw new Error('no connection')
  })
  await t.rejects(fails, /no connection/)
})
