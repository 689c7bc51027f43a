import { chmod, readFile, writeFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { echo } from '../../../scanner/sources/echo.ts'
import { fakeAddress, fakeLink } from '../../fakes/link.ts'

const skip = process.platform === 'linux' ? false : 'the command is that of Linux'
const link = fakeLink({ addresses: [fakeAddress('fe80::1')] })
const reply = (address: string) => `64 bytes from ${address}%eno1: icmp_seq=1 ttl=64 time=0.1 ms`

/** Puts a shell script in the place of `ping`; its folder. */
async function fakePing(t: Test, ...script: string[]): Promise<string> {
  const folder = t.testdir({ ping: ['#!/bin/sh', ...script].join('\n') })
  await chmod(`${folder}/ping`, 0o755)
  const { PATH } = process.env
  process.env.PATH = `${folder}:${PATH}`
  t.teardown(() => {
    process.env.PATH = PATH
  })
  return folder
}

async function all(signal = new AbortController().signal, sent?: () => void): Promise<string[]> {
  const heard: string[] = []
  for await (const address of echo(link, 'ff02::1', signal, sent)) heard.push(address)
  return heard
}

t.test(
  'each machine that replies is given once, without zone, and we are not',
  { skip },
  async (t) => {
    const lines = ['PING ff02::1', reply('fe80::9'), reply('fe80::1'), reply('fe80::9'), 'nonsense']
    await fakePing(t, ...[...lines, reply('FE80:0::8')].map((line) => `echo '${line}'`))
    let sent = 0
    t.same(await all(undefined, () => sent++), ['fe80::9', 'fe80::8'])
    t.equal(sent, 1)
  },
)

t.test('a ping that is silent is ended; that nobody replies is no failure', { skip }, async (t) => {
  await fakePing(t, 'exec sleep 60')
  const began = performance.now()
  t.same(await all(), [])
  t.ok(performance.now() - began < 30_000)
})

t.test('one that replies without end does not keep it from its end', { skip }, async (t) => {
  await fakePing(t, `while :; do echo '${reply('fe80::9')}'; sleep 0.1; done`)
  const began = performance.now()
  t.same(await all(), ['fe80::9'])
  t.ok(performance.now() - began < 30_000)
})

t.test(
  'one that replies from address after address is believed some thousand times',
  { skip },
  async (t) => {
    await fakePing(
      t,
      `exec awk 'BEGIN { for (;;) printf "64 bytes from fe80::%x:%x%%eno1: icmp_seq=1\\n", 1 + i / 65536, i++ % 65536 }'`,
    )
    const heard = await all()
    t.ok(heard.length >= 1000 && heard.length <= 5000, `${heard.length}`)
  },
)

t.test('whoever needs no more replies leaves no program behind', { skip }, async (t) => {
  const folder = await fakePing(
    t,
    'echo $$ >"$0.pid"',
    `echo '${reply('fe80::9')}'`,
    'exec sleep 60',
  )
  for await (const address of echo(link, 'ff02::1', new AbortController().signal)) {
    t.equal(address, 'fe80::9')
    break
  }
  const pid = Number(await readFile(`${folder}/ping.pid`, 'utf8'))
  const isAlive = () => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
  for (let turns = 0; isAlive() && turns < 200; turns++) await wait(20)
  t.notOk(isAlive())
})

t.test('a complaint is a failure that says what to do; an abort is none', { skip }, async (t) => {
  const folder = await fakePing(t, 'echo "ping: socket: Operation not permitted" >&2', 'exit 2')
  await t.rejects(all(), {
    message: /ping may not send/,
    advice: /setcap/,
  })
  t.same(await all(AbortSignal.abort()), [])
  await writeFile(`${folder}/ping`, '#!/bin/sh\nexec sleep 60\n')
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 50)
  t.same(await all(controller.signal), [])
})

t.test('without the command it says which package brings it', { skip }, async (t) => {
  const { PATH } = process.env
  process.env.PATH = t.testdir({})
  t.teardown(() => {
    process.env.PATH = PATH
  })
  await t.rejects(all(), { message: /'ping' was not found/, advice: /iputils-ping/ })
})
