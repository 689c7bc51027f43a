import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type CommandResult, commandEnvironment, runCommand } from '../../common/command.ts'
import { runInside, untilSaid } from '../../scanner/demo/namespace.ts'
import type { Machine } from '../../scanner/machine.ts'
import { canary, type RogueMachine, rogueMachines, words } from '../fakes/injections.ts'
import { FakeTerminal, unprintable } from '../fakes/terminal.ts'
import {
  addressesSettled,
  type Lab,
  machine,
  makeLab,
  scannerProgram,
  skipWithoutRoot,
} from './lab.ts'
import { rogueProgram } from './rogue.ts'
import { ipBatch, makeSwitch, plugInto } from './segment.ts'

/**
 * Hostile words at every place of the wire, each on a machine of one rogue's, through the commands
 * that people use: none becomes an option, a shell word, a config line, an escape sequence or a file.
 */

const skip = skipWithoutRoot('ip', 'ping', 'ssh', 'ssh-keygen', 'script', 'stty')
const cases = rogueMachines.flatMap((each) => each.cases)
/** One that is lost is to be missed. */
const caseCount = 772

/** An operator beside the rogue, and the folders that programs may write to. */
interface Desk {
  lab: Lab
  home: string
  /** Words before a command that runs there. */
  enter: readonly string[]
  /** Words that `ssh` got, and where it writes them. */
  spied(id: string): Promise<string[] | undefined>
  run(args: readonly string[], more?: Record<string, string>): Promise<CommandResult>
}

async function makeDesk(t: Test): Promise<Desk> {
  const lab = await makeLab(t)
  const hub = await makeSwitch(t)
  const rogue = await machine(t)
  await plugInto(hub, 'operator', { namespace: lab.operator, card: 'br0' })
  await plugInto(hub, 'rogue', { namespace: rogue, mac: '52:54:00:00:02:01' })
  const cards = rogueMachines.flatMap(({ card, mac }) => [
    `link add link in0 name ${card} address ${mac} type macvlan mode bridge`,
    `link set ${card} up`,
  ])
  await ipBatch(rogue, ...cards)
  await Promise.all([addressesSettled(lab.operator), addressesSettled(rogue)])
  await untilSaid(rogue.start([process.execPath, rogueProgram, 'inject']), /^ready$/)
  const [home = '', bin = '', spies = ''] = await Promise.all(
    ['home', 'bin', 'spies'].map(lab.newFolder),
  )
  for (const folder of ['state', 'runtime', 'work']) await mkdir(join(home, folder))
  // Not what it is asked of its configuration (-G).
  await writeFile(join(bin, 'ssh'), '#!/bin/sh\n[ "$1" = -G ] || printf \'%s\\0\' "$@" > "$SPY"\n')
  await chmod(join(bin, 'ssh'), 0o755)
  const environment = {
    HOME: home,
    XDG_STATE_HOME: join(home, 'state'),
    XDG_RUNTIME_DIR: join(home, 'runtime'),
  }
  const variables = (more: Record<string, string>) =>
    Object.entries({ ...environment, ...more }).map(([name, value]) => `${name}=${value}`)
  const enter = [...lab.operator.enter, 'env', '-C', join(home, 'work')]
  return {
    lab,
    home,
    enter: [...enter, ...variables({})],
    async spied(id) {
      const file = join(spies, id)
      return existsSync(file) ? (await readFile(file, 'utf8')).split('\0').slice(0, -1) : undefined
    },
    run(args, more = {}) {
      const [first = '', ...rest] = enter
      const spy = { PATH: `${bin}:${process.env.PATH}`, SPY: join(spies, 'ssh') }
      if (more.SPY) more.SPY = join(spies, more.SPY)
      const all = [...rest, ...variables({ ...spy, ...more }), ...args]
      return runCommand(first, all)
    },
  }
}

const scanner = (...args: string[]) => [process.execPath, scannerProgram, ...args]

/** What is wrong with what was said. */
function faults(said: string): string[] {
  return said
    .split('\n')
    .filter((line) => unprintable.test(line) || /unexpected error|^ +at /.test(line))
    .map((line) => JSON.stringify(line))
}

function isClean(t: Test, { stdout, stderr }: CommandResult, what: string) {
  t.same(faults(stdout), [], `stdout of ${what}`)
  t.same(faults(stderr), [], `stderr of ${what}`)
}

/** Runs what is to be done with each, so many at once. */
async function each<T>(all: readonly T[], run: (one: T, index: number) => Promise<void>) {
  const waiting = [...all.entries()]
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await run(next[1], next[0])
  }
  await Promise.all([worker(), worker(), worker(), worker()])
}

t.test('the check finds what it looks for', async (t) => {
  for (const bad of ['a\x1b[2Jb', 'a\rb', 'a\u009bb', 'a\u202eb', 'a\u200bb', 'a\u{e0041}b'])
    t.equal(faults(bad).length, 1, JSON.stringify(bad))
  t.same(faults('one line\nand \u041e another'), [])
  const { id, address } = rogueMachines[0] as RogueMachine
  const good = sshWords({ id, address }, '/state/known_hosts', 'nixos')
  t.match(good.join('\n'), formOf({ id, address }))
  for (const planted of ['-oProxyCommand=x', '--help', 'x\n-v', 'a b'])
    for (const at of good.keys())
      t.notMatch(good.with(at, planted).join('\n'), formOf({ id, address }), `${planted} at ${at}`)
})

/** The words that ssh is to get. */
function sshWords(
  { id, address }: Pick<RogueMachine, 'id' | 'address'>,
  file: string,
  user: string,
) {
  const option = (text: string) => ['-o', text]
  return [
    ...option(`HostKeyAlias=installer-${id}`),
    ...option(`UserKnownHostsFile="${file}"`),
    ...option('HashKnownHosts=no'),
    ...option('StrictHostKeyChecking=yes'),
    ...['-p', '22', '-l', user, `${address}%br0`, '--', 'id'],
  ]
}

function formOf({ id, address }: Pick<RogueMachine, 'id' | 'address'>): RegExp {
  const file = '/[\\w./-]+/known_hosts'
  const words = sshWords({ id, address }, file, '(?!-)[\\w.-]+')
  const form = words
    .join('\n')
    .replace('StrictHostKeyChecking=yes', 'StrictHostKeyChecking=(?:yes|accept-new)')
  return new RegExp(`^${form}$`)
}

const here = ({ address }: RogueMachine) => `${address}%br0`
const user = '(?!-)[A-Za-z_][\\w.-]*'
const host = 'fe80::[0-9a-f:]+%br0'
const id = '[0-9a-f]{16}'

/** What `scanner target` may print, by the grammar of each tool. */
const targetForms: Record<string, string> = {
  plain: host,
  ssh: `${user}@${host}`,
  scp: `${user}@\\[${host}\\]`,
  rsync: `${user}@\\[${host}\\]`,
  nix: `ssh-ng://${user}@(?:\\[${host.replace('%', '%(?:25)?')}\\]|${id}\\.installer)`,
  'deploy-rs': `${id}\\.installer`,
  'nixos-anywhere': `${user}@${id}\\.installer`,
  ansible: `(?!-)[\\w-]+ ansible_host=${host} ansible_user=${user}`,
  url: `ssh://${user}@\\[${host.replace('%', '%25')}\\]:22`,
}

/** A command on one machine, and what is to be true of what it says. */
interface Visit {
  what: string
  go(desk: Desk, one: RogueMachine): Promise<CommandResult>
  check(t: Test, result: CommandResult, one: RogueMachine, desk: Desk): Promise<unknown> | unknown
}

const sshVisit: Visit = {
  what: 'ssh',
  go: (desk, one) => desk.run(scanner('ssh', '--all', here(one), '--', 'id'), { SPY: one.card }),
  async check(t, { status, stderr }, one, desk) {
    // The server of some says nothing that could be an identification.
    const words = await desk.spied(one.card)
    if (words === undefined) return t.equal(status, 6, `${one.card}: not run, ${stderr}`)
    return t.match(words.join('\n'), formOf(one), `words of ${one.card}`)
  },
}

const printVisit: Visit = {
  what: 'ssh --print',
  go: (desk, one) => desk.run(scanner('ssh', '--print', here(one), '--', 'id')),
  async check(t, { stdout }, one) {
    const { stdout: words } = await runCommand('sh', [
      '-c',
      `set -- ${stdout}shift; printf '%s\\n' "$@"`,
    ])
    t.match(words.trimEnd(), formOf(one), `words of ${one.card} as a shell reads them`)
  },
}

const targetVisits = Object.entries(targetForms).map(([tool, form]): Visit => {
  const words = tool === 'plain' ? [] : ['--for', tool]
  return {
    what: `target ${words.join(' ')}`,
    go: (desk, one) => desk.run(scanner('target', here(one), ...words)),
    check: (t, { stdout }) => t.match(stdout, new RegExp(`^${form}\n$`), `target for ${tool}`),
  }
})

const otherVisits: Visit[] = [
  {
    what: 'proxy',
    // What the server says is passed on as it is: it is for ssh.
    async go(desk, one) {
      return { ...(await desk.run(scanner('proxy', here(one), '22'))), stdout: '' }
    },
    check: (t, { status, stderr }) => t.equal(status, 0, `proxy: ${stderr}`),
  },
  {
    what: 'known-hosts',
    go: (desk, one) => desk.run(scanner('known-hosts', here(one), 'h', 'NONE', 'NONE')),
    check: (t, { stdout }) => t.match(stdout, /^(h ssh-ed25519 [A-Za-z0-9+/=]+\n)*$/, 'lines'),
  },
  {
    what: 'wait',
    go: (desk, one) => desk.run(scanner('wait', here(one), '--for', 'announced')),
    check: (t, { status, stdout }) => t.same([status, stdout], [0, ''], 'wait'),
  },
  {
    what: 'ssh through the block',
    async go(desk, one) {
      const [words, PATH] = [
        ['-F', join(desk.home, 'ssh_config'), '-o', 'BatchMode=yes'],
        process.env.PATH ?? '',
      ]
      const result = await desk.run(['ssh', ...words, `${one.id}.installer`, 'true'], { PATH })
      // ssh ends its own lines so.
      return { ...result, stderr: result.stderr.replaceAll('\r\n', '\n') }
    },
    check: (t, { status }) => t.equal(status, 255, 'nobody lets us in'),
  },
]
const visits = [printVisit, ...targetVisits, ...otherVisits]

async function visit(t: Test, desk: Desk, one: RogueMachine, { what, go, check }: Visit) {
  const result = await go(desk, one)
  isClean(t, result, `${what} of ${one.cases.at(-1)}`)
  await check(t, result, one, desk)
}

/** A terminal that knows no sequence but ours, with all that a command writes until Ctrl-C. */
async function onTerminal(
  t: Test,
  { enter }: Desk,
  args: string,
  until: RegExp,
): Promise<FakeTerminal> {
  const command = `stty cols 200 rows 100; exec ${process.execPath} ${scannerProgram} ${args}`
  const [first = '', ...rest] = [...enter, 'script', '-qfec', command, '/dev/null']
  const child = spawn(first, rest, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...commandEnvironment(), TERM: 'xterm', NO_COLOR: '' },
  })
  t.teardown(() => child.kill('SIGKILL'))
  const terminal = new FakeTerminal(() => 200)
  let isStopped = false
  for await (const chunk of child.stdout.setEncoding('latin1')) {
    terminal.write(chunk as string)
    // Once: what is on its way when Ctrl-C is typed the terminal throws away (termios(3), ISIG).
    if (isStopped || !until.test(terminal.lines.join('\n'))) continue
    isStopped = true
    child.stdin.write('\x03')
  }
  return terminal
}

/** A word meets `ssh` on one of its machines, and another command on the other. */
function meetsSsh(index: number): boolean {
  return (index + Number(index >= Object.keys(words).length)) % 2 === 0
}

t.test('nothing heard is more than text', { skip, timeout: 180_000 }, async (t) => {
  const desk = await makeDesk(t)
  const { operator } = desk.lab
  const runBefore = await runInside(operator, 'ls', ['-A', '/run'])
  const heardCount = rogueMachines.length - 2

  await t.test('what it is', async (t) => {
    t.comment(`${cases.length} cases on ${rogueMachines.length} machines`)
    t.equal(new Set(cases).size, cases.length, 'each case is another')
    t.equal(cases.length, caseCount)
    const { stdout } = await desk.run(scanner('find', '--json'))
    const { installers } = JSON.parse(stdout) as { installers: Machine[] }
    const heard = new Set(
      installers.flatMap(({ sources, id }) => (sources.includes('service') ? [id] : [])),
    )
    // An instance whose first label has no length, or seems to have none, is none to the codec.
    const unheard = rogueMachines.filter((each) => !heard.has(each.id))
    t.same(
      unheard.map((each) => each.cases[0]),
      ['a path as id', 'nothing as id'],
    )
  })
  await t.test('find', async (t) => {
    for (const form of [
      [],
      ['--all'],
      ['--json', '--all'],
      ['--ndjson'],
      ['-v', '--log-level', 'trace'],
    ]) {
      const result = await desk.run(scanner('find', ...form))
      t.equal(result.status, 0)
      isClean(t, result, `find ${form.join(' ')}`)
    }
  })
  await t.test('doctor', async (t) => {
    isClean(t, await desk.run(scanner('doctor')), 'doctor')
    const { stdout } = await desk.run(scanner('doctor', '--json'))
    const { findings } = JSON.parse(stdout) as { findings: { fix: { command: string } | null }[] }
    const commands = findings.flatMap(({ fix }) => fix?.command.replaceAll(' && ', ' ') ?? [])
    t.ok(commands.length > 0)
    // Whatever it is that they would run: their words are words.
    for (const command of commands) await desk.run(['sh', '-c', `set -- ${command}`])
  })
  await t.test('find on a terminal', async (t) => {
    // With all its rows: of those that are on their way Ctrl-C would throw some away.
    const isWhole = new RegExp(`^${heardCount} installers.*(\\n.*){${heardCount}}`)
    const live = await onTerminal(t, desk, 'find --watch --timeout 30s', isWhole)
    t.ok(live.lines.length > heardCount, 'a live row each')
    const still = await onTerminal(t, desk, 'find', /^$^/)
    t.ok(still.lines.length > heardCount, 'a row each')
  })
  const config = await desk.run(scanner('ssh-config'))
  await writeFile(join(desk.home, 'ssh_config'), config.stdout)
  await t.test('ssh', async (t) => {
    await each(
      rogueMachines.filter((_, index) => meetsSsh(index)),
      (one) => visit(t, desk, one, sshVisit),
    )
  })
  await t.test('other commands', async (t) => {
    await each(
      rogueMachines.filter((_, index) => !meetsSsh(index)),
      (one, index) => visit(t, desk, one, visits[index % visits.length] as Visit),
    )
  })
  await t.test('trust', async (t) => {
    const file = join(desk.home, 'state/installer-discovery/known_hosts')
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    t.comment(`${lines.length} keys`)
    for (const line of lines)
      t.match(line, new RegExp(`^installer-${id} ssh-ed25519 [A-Za-z0-9+/=]+( \\w+=[\\w-]+)*$`))
    const listed = await runCommand('ssh-keygen', ['-l', '-f', file])
    t.equal(listed.stdout.trimEnd().split('\n').length, lines.length, 'as ssh reads it')
    for (const words of [['list'], ['list', '--json'], ['show', rogueMachines[0]?.id ?? '']])
      isClean(t, await desk.run(scanner('trust', ...words)), `trust ${words.join(' ')}`)
  })
  t.equal(await runInside(operator, 'ls', ['-A', '/run']), runBefore, `nobody made ${canary}`)
  await runInside(operator, 'touch', [canary])
  t.not(await runInside(operator, 'ls', ['-A', '/run']), runBefore, 'it would be seen')
  const files = (await readdir(desk.home, { recursive: true })).sort()
  t.same(files, [
    '.cache',
    '.cache/installer-discovery',
    '.cache/installer-discovery/names.json',
    'runtime',
    'runtime/installer-discovery',
    'ssh_config',
    'state',
    'state/installer-discovery',
    'state/installer-discovery/known_hosts',
    'work',
  ])
})
