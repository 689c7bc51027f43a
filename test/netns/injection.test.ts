import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type CommandResult, commandEnvironment, runCommand } from '../../common/command.ts'
import { runInside, untilSaid } from '../../scanner/demo/namespace.ts'
import type { Machine } from '../../scanner/machine.ts'
import type { InstallerEvent } from '../../scanner/print/ndjson.ts'
import { tools } from '../../scanner/ssh/tools.ts'
import { canary, type RogueMachine, rogueMachines } from '../fakes/injections.ts'
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
/** Fewer were an oversight. */
const leastCases = 200

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
  await writeFile(join(bin, 'ssh'), '#!/bin/sh\nprintf \'%s\\0\' "$@" > "$SPY"\n')
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

t.test('nothing heard is more than text', { skip, timeout: 240_000 }, async (t) => {
  const desk = await makeDesk(t)
  t.comment(`${cases.length} cases on ${rogueMachines.length} machines`)
  t.equal(new Set(cases).size, cases.length, 'each case is another')
  t.ok(cases.length >= leastCases, 'no fewer than asked for')
  const runBefore = await runInside(desk.lab.operator, 'ls', ['-A', '/run'])
  const { stdout } = await desk.run(scanner('find', '--json', '--all'))
  const found = (JSON.parse(stdout) as { installers: Machine[] }).installers
  console.error(
    found.length,
    rogueMachines.length,
    found.filter((f) => f.agent).length,
    found.filter((f) => f.sources.includes('service')).length,
    found.filter((f) => f.ssh.hostKeys.length).length,
  )
  for (const f of found)
    console.error(JSON.stringify([f.name, f.user, f.id, f.agent, f.ssh.banner, f.sources]))
})
