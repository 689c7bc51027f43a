import { spawn } from 'node:child_process'
import t, { type Test } from 'tap'
import { commandEnvironment } from '../../common/command.ts'
import { startAgent } from '../../scanner/demo/installer.ts'
import { runInside } from '../../scanner/demo/namespace.ts'
import { FakeTerminal } from '../fakes/terminal.ts'
import {
  addressesSettled,
  bootInstaller,
  type Lab,
  makeLab,
  plug,
  scannerProgram,
  skipWithout,
  startDaemon,
} from './lab.ts'
import { startLive } from './live.ts'

const skip = skipWithout('ip', 'ping', 'ssh-keygen', 'script', 'stty')
const mac = '52:54:00:12:34:56'

/** `scanner` on a real terminal (script(1) makes one), and what a person sees there. */
interface Session {
  terminal: FakeTerminal
  /** All that was written. */
  raw(): string
  until(fits: (lines: string[]) => boolean): Promise<void>
  resize(columns: number, lines: number): Promise<void>
  type(keys: string): void
  status: Promise<number | null>
}

async function onTerminal(
  t: Test,
  lab: Lab,
  args: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<Session> {
  let columns = 120
  const command = `tty; stty cols ${columns} rows 24; exec ${process.execPath} ${scannerProgram} ${args}`
  const [first = '', ...rest] = [...lab.operator.enter, 'script', '-qfec', command, '/dev/null']
  const child = spawn(first, rest, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...commandEnvironment(),
      TERM: 'xterm',
      // tap's runner sets it for what it runs.
      NO_COLOR: '',
      XDG_STATE_HOME: lab.files.folder,
      ...environment,
    },
  })
  t.teardown(() => child.kill('SIGKILL'))
  const terminal = new FakeTerminal(() => columns)
  let raw = ''
  let wake = () => {}
  let over = false
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    raw += text
    terminal.write(text)
    wake()
  })
  const status = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      over = true
      wake()
      resolve(code)
    })
  })
  const until = async (fits: (lines: string[]) => boolean) => {
    while (!fits(terminal.lines)) {
      if (over) throw new Error(`it ended: ${raw}`)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  await until(() => /\/dev\/\S+/.test(raw))
  const [device = ''] = /\/dev\/\S+/.exec(raw) ?? []
  return {
    terminal,
    raw: () => raw,
    until,
    status,
    type: (keys) => void child.stdin.write(keys),
    async resize(width, height) {
      columns = width
      await runInside(lab.operator, 'stty', ['-F', device, 'cols', `${width}`, 'rows', `${height}`])
    },
  }
}

const has = (pattern: RegExp) => (lines: string[]) => lines.some((line) => pattern.test(line))

t.test(
  'a live table: rows come, change and go, and Ctrl-C restores the terminal',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    await plug(t, lab, { link: 'op9' })
    const session = await onTerminal(t, lab, 'find --watch')
    await session.until(has(/^0 installers on op9 \(Ctrl-C ends\)$/))
    t.ok(session.terminal.inAlternate)
    t.notOk(session.terminal.cursorShown)
    const installer = await bootInstaller(t, lab, { mac })
    await session.until(has(/^new +NixOS +fe80::5054:ff:fe12:3456%op0 +52:54:00:12:34:56 +yes/))
    t.equal(session.terminal.lines[0], '1 installer on op9, op0 (Ctrl-C ends)')
    t.match(session.raw(), '\x1b[1;32m', 'new ones are green')
    await session.until(has(/^ +NixOS +fe80/))
    await session.resize(44, 3)
    await session.until(
      (lines) => lines.length <= 3 && has(/^ +NixOS +fe80::5054:ff:fe12:3456>?/)(lines),
    )
    await session.resize(150, 24)
    await session.until(has(/^ +NixOS .* service /))
    await installer.stopAgent()
    await session.until(has(/^gone +NixOS/))
    t.equal(session.terminal.lines[0], '0 installers on op9, op0 (Ctrl-C ends)')
    await session.until((lines) => !has(/NixOS/)(lines))
    session.type('\x03')
    t.equal(await session.status, 0)
    t.notOk(session.terminal.inAlternate)
    t.ok(session.terminal.cursorShown)
  },
)

t.test(
  'what it showed last stays on the screen; without colour there is none',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    await bootInstaller(t, lab, { mac })
    const session = await onTerminal(t, lab, 'find --watch', { NO_COLOR: '1' })
    await session.until(has(/NixOS .* yes/))
    t.notMatch(session.raw(), '\x1b[1;32m')
    await runInside(lab.operator, 'ip', ['link', 'set', 'op0', 'down'])
    await session.until(has(/^silent +NixOS/))
    await runInside(lab.operator, 'ip', ['link', 'set', 'op0', 'up'])
    await session.until(has(/^ +NixOS|^(new|changed) +NixOS/))
    session.type('\x03')
    t.equal(await session.status, 0)
    t.match(
      session.terminal.lines.join('\n'),
      /^NAME +TARGET.*\nNixOS +fe80::5054:ff:fe12:3456%op0/m,
    )
    t.ok(session.terminal.cursorShown)
  },
)

/** A server that lets everybody in at the door, and says nothing. */
const silentServer = `
const server = require('node:net').createServer((socket) => socket.on('error', () => {}))
server.listen(22, '::', () => console.error('listening'))
`

/** An installer that answers at once, and one whose ssh server keeps the search waiting. */
async function fastAndSlow(t: Test): Promise<Lab> {
  const lab = await makeLab(t)
  await bootInstaller(t, lab, { mac })
  const slow = await plug(t, lab, { link: 'op1', mac: '52:54:00:00:00:99' })
  await startDaemon(slow, [process.execPath, '-e', silentServer], /listening/)
  await startAgent(slow, lab.files)
  await addressesSettled(lab.operator)
  return lab
}

const fast = /^NixOS +fe80::5054:ff:fe12:3456%op0 +52:54:00:12:34:56 +yes /
const row = (ssh: string) => new RegExp(`^NixOS +fe80::5054:ff:fe00:99%op1 .*:99 +${ssh} `)

async function isRunning({ status }: Pick<Session, 'status'>): Promise<boolean> {
  return (await Promise.race([status, Promise.resolve('running')])) === 'running'
}

t.test('find shows each as soon as it is known', { skip }, async (t) => {
  const lab = await fastAndSlow(t)

  t.test('on a terminal, and the whole table in its place at the end', async (t) => {
    const session = await onTerminal(t, lab, 'find')
    await session.until((lines) => has(fast)(lines) && has(row('-'))(lines))
    t.ok(await isRunning(session), 'the slow one has not answered')
    t.notOk(session.terminal.inAlternate)
    t.equal(await session.status, 0)
    const [, title = '', ...rows] = session.terminal.lines
    t.match(title, /^NAME +TARGET/)
    t.match(rows, [row('no'), fast, /^$/])
    t.equal(rows.length, 3, 'nothing is left of the rows before')
    t.ok(session.terminal.cursorShown)
  })

  t.test('until Ctrl-C, which leaves what is known', async (t) => {
    const session = await onTerminal(t, lab, 'find')
    await session.until(has(fast))
    session.type('\x03')
    t.equal(await session.status, 0)
    t.equal(session.terminal.lines.filter((line) => fast.test(line)).length, 1)
    t.match(session.terminal.lines[1], /^NAME +TARGET/)
    t.ok(session.terminal.cursorShown)
  })

  t.test('as events, when all is known of one', async (t) => {
    const live = startLive(t, lab, ['find', '--ndjson'])
    const { installer } = await live.event(() => true)
    t.equal(installer.id, '525400fffe123456')
    t.match(installer, { name: 'NixOS', ssh: { reachable: true, hostKeys: [/^SHA256:/] } })
    t.equal(live.events.length, 1, 'the slow one has not answered')
    t.equal((await live.ended).status, 0)
    const found = live.events.filter(({ event }) => event === 'found')
    t.same(
      found.map(({ installer: { id, ssh } }) => [id, ssh.reachable]),
      [
        ['525400fffe123456', true],
        ['525400fffe000099', false],
      ],
    )
    const [first, second] = found
    t.ok((second?.cameAt ?? 0) - (first?.cameAt ?? 0) > 1000, 'long before the other')
  })

  t.test('but in a pipe, where there is one table', async (t) => {
    const { status, stdout, stderr } = await lab.scanner(['find'])
    t.equal(status, 0)
    t.equal(stderr, '')
    t.match(stdout.split('\n'), [/^NAME/, row('no'), fast, ''])
  })
})

t.test('a wait tells a person how it goes', { skip }, async (t) => {
  const lab = await makeLab(t)
  const session = await onTerminal(t, lab, 'wait NixOS --for ssh --timeout 60s')
  await session.until(has(/waiting for 'NixOS' to answer by ssh, for up to 60 s \(Ctrl-C ends\)/))
  await bootInstaller(t, lab, { mac })
  t.equal(await session.status, 0)
  t.match(session.raw(), /searching op0/)
})
