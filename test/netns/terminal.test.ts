import { spawn } from 'node:child_process'
import t, { type Test } from 'tap'
import { commandEnvironment } from '../../common/command.ts'
import { runInside } from '../../scanner/demo/namespace.ts'
import { FakeTerminal } from '../fakes/terminal.ts'
import { bootInstaller, type Lab, makeLab, plug, scannerProgram, skipWithout } from './lab.ts'

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

t.test('a wait tells a person how it goes', { skip }, async (t) => {
  const lab = await makeLab(t)
  const session = await onTerminal(t, lab, 'wait NixOS --for ssh --timeout 60s')
  await session.until(has(/waiting for 'NixOS' to answer by ssh, for up to 60 s \(Ctrl-C ends\)/))
  await bootInstaller(t, lab, { mac })
  t.equal(await session.status, 0)
  t.match(session.raw(), /searching op0/)
})
