import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { AgentAbsent, readStatus, statusSocketOf } from '../../../agent/console/read-status.ts'
import { serveStatus } from '../../../agent/console/status-socket.ts'
import { exitStatus } from '../../../common/contract.ts'
import type { Failure } from '../../../common/failure.ts'
import { fakeStatus } from '../../fakes/status.ts'

/** A place for a socket: its path has 107 bytes at most, so not in the test's own folder. */
function placeOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'status-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return join(folder, 's')
}

function setUp(t: Test) {
  const said: object[] = []
  const quiet = () => {}
  const log = { error: quiet, info: quiet, debug: quiet, warn: (facts: object) => said.push(facts) }
  const serve = async (path: string, tell: () => object = fakeStatus) => {
    const server = await serveStatus(path, tell, log)
    if (server) t.teardown(() => server.close())
    return server
  }
  return { said, serve }
}

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => t.fail('expected a failure'),
    (error: unknown) => error as Failure,
  ) as Promise<Failure>

t.test('whoever asks gets what is so at that moment, everybody may ask', async (t) => {
  const path = placeOf(t)
  let pid = 41
  const { serve } = setUp(t)
  const umask = process.umask(0o077)
  const server = await serve(path, () => ({ ...fakeStatus(), id: null, port: ++pid }))
  process.umask(umask)
  t.equal(statSync(path).mode & 0o666, 0o666, 'whatever the umask')
  t.equal((await readStatus(path)).port, 42)
  t.equal((await readStatus(path)).port, 43)
  await server?.close()
  t.notOk(existsSync(path), 'nothing is left')
  const absent = await failureOf(readStatus(path))
  t.ok(absent instanceof AgentAbsent)
  t.match(absent, {
    exitStatus: exitStatus.failed,
    message: `no running installer-agent answers at ${path}`,
    advice: /systemctl status installer-agent/,
  })
})

t.test(
  'the socket of an agent that was killed is replaced, that of a running one is not',
  async (t) => {
    const path = placeOf(t)
    const hold = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log())`
    const killed = spawn(process.execPath, ['-e', hold], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(killed.stdout, 'data')
    const { serve } = setUp(t)
    const second = await failureOf(serve(path))
    t.match(second.message, `another installer-agent runs on this machine and serves ${path}`)
    killed.kill('SIGKILL')
    await once(killed, 'close')
    t.ok(existsSync(path))
    t.match(await failureOf(readStatus(path)), { advice: /systemctl status/ })
    t.ok(await serve(path))
    t.equal((await readStatus(path)).version, 1)
  },
)

t.test('a file that is no socket is left alone', async (t) => {
  const path = placeOf(t)
  await writeFile(path, 'precious')
  const { serve } = setUp(t)
  t.match(await failureOf(serve(path)), { message: /found another file/ })
  t.equal(statSync(path).size, 8)
})

t.test('where no socket can be made the agent goes on', async (t) => {
  const { said, serve } = setUp(t)
  const missing = `${placeOf(t)}/none`
  t.equal(await serve(missing), undefined)
  t.match(said, [{ path: missing, error: /ENOENT|EACCES/, advice: /--status-socket/ }])
})

t.test('who does not read is dropped, and holds up nobody', async (t) => {
  const path = placeOf(t)
  const { serve } = setUp(t)
  const large = { ...fakeStatus(), padding: 'x'.repeat(8 * 1024 * 1024) }
  await serve(path, () => large)
  const lazy = connect(path)
  lazy.pause()
  await once(lazy, 'connect')
  const reader = connect(path)
  let bytes = 0
  for await (const chunk of reader) bytes += (chunk as Buffer).length
  t.ok(bytes > 8 * 1024 * 1024)
  // Only the end of the connection is waited for: what was not read is in the kernel, and is little.
  let had = 0
  lazy.on('data', (chunk: Buffer) => {
    had += chunk.length
  })
  lazy.pause()
  await new Promise((resolve) => setTimeout(resolve, 2500))
  lazy.on('error', () => {})
  lazy.resume()
  await once(lazy, 'close')
  t.ok(had < 8 * 1024 * 1024, `dropped after ${had} bytes`)
})

t.test('a crowd is turned away, and the next one is served again', async (t) => {
  const path = placeOf(t)
  const { serve } = setUp(t)
  await serve(path, () => ({ padding: 'x'.repeat(1024 * 1024) }))
  const crowd = Array.from({ length: 40 }, () => connect(path))
  // Each gets something or is turned away; whoever gets something keeps its place until all have.
  const served = crowd.map((socket) => {
    socket.on('error', () => {})
    return new Promise<boolean>((resolve) => {
      socket.once('data', () => {
        socket.pause()
        resolve(true)
      })
      socket.once('close', () => resolve(false))
    })
  })
  const count = (await Promise.all(served)).filter(Boolean).length
  t.ok(count >= 1 && count < 40, `${count} of 40`)
  for (const socket of crowd) socket.destroy()
  const next = connect(path)
  await once(next, 'data')
  next.destroy()
})

t.test('what is no agent is said to be none', async (t) => {
  for (const [said, complaint] of [
    ['', /got nothing/],
    ['hello\n', /got something else/],
    ['{"version":2}\n', /another version/],
    ['x'.repeat(3 * 1024 * 1024), /got something else/],
  ] as const) {
    const path = placeOf(t)
    const other = createServer((socket) => {
      socket.on('error', () => {})
      socket.end(said)
    })
    await new Promise<void>((resolve) => other.listen(path, resolve))
    const failure = await failureOf(readStatus(path))
    t.match(failure.message, complaint)
    t.notOk(failure instanceof AgentAbsent)
    other.close()
    await once(other, 'close')
  }
})

t.test('without a place to ask at, it is wrong usage', (t) => {
  t.throws(() => statusSocketOf({ statusSocket: undefined } as never), {
    exitStatus: exitStatus.usage,
  } as never)
  t.end()
})
