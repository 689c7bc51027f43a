import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'

/**
 * Puts a shell script in the place of `ip`, for this process and until the test ends. What it is
 * called with, and what it reads, is noted a line a call.
 */
export function fakeIp(t: Test, script: string): { calls(): string[]; folder: string } {
  const folder = t.testdir({ calls: '' })
  const path = join(folder, 'ip')
  const note = `[ "$3" = -batch ] && input=$(cat | tr '\\n' ';')\necho "$*\${input:+ < $input}" >>${folder}/calls`
  writeFileSync(path, `#!/bin/sh\n${note}\n${script}\n`)
  chmodSync(path, 0o755)
  const before = process.env.PATH
  process.env.PATH = `${folder}:${before}`
  t.teardown(() => {
    process.env.PATH = before
  })
  const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')
  return { calls, folder }
}
