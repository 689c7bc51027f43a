import { PassThrough } from 'node:stream'
import t from 'tap'
import { shower } from '../../../scanner/install/output.ts'

async function shown(isTTY: boolean, ...pieces: Buffer[]): Promise<Buffer> {
  const stdout = Object.assign(new PassThrough(), { isTTY })
  const show = shower(stdout)
  for (const piece of pieces) await show(piece)
  return stdout.read() as Buffer
}

t.test(
  'to a pipe the bytes as they are, to a terminal nothing that moves the cursor',
  async (t) => {
    const text = 'a\tb\r\n\x1b[1;31mred\x1b[0m\n10%\r20%\n\x1b]0;title\x07\x1b[2Jé\u202e'
    const bytes = Buffer.from(text)
    t.same(await shown(false, bytes), bytes)
    const expected = 'a    b\nred\n10%\n20%\n\\u{1b}]0;title\\u{7}\\u{1b}[2Jé\\u{202e}'
    t.equal(String(await shown(true, bytes)), expected)
    const at = bytes.indexOf('é') + 1
    t.equal(String(await shown(true, bytes.subarray(0, at), bytes.subarray(at))), expected)
  },
)

t.test('a reader that is slow is waited for', async (t) => {
  const stdout = new PassThrough({ highWaterMark: 1 })
  let isDone = false
  const done = shower(stdout)(Buffer.from('abc')).then(() => {
    isDone = true
  })
  await new Promise(setImmediate)
  t.notOk(isDone)
  stdout.resume()
  await done
})
