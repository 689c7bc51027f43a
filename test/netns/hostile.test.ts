import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { CommandResult } from '../../common/command.ts'
import { makeKeys, startAgent, startSshServer, stop } from '../../scanner/demo/installer.ts'
import { connect, runInside, untilSaid } from '../../scanner/demo/namespace.ts'
import type { Machine } from '../../scanner/machine.ts'
import { elsewhere, victim } from '../fakes/lies.ts'
import { attacks } from '../fakes/packets.ts'
import { unprintable } from '../fakes/terminal.ts'
import {
  addressesSettled,
  bootInstaller,
  hear,
  type Lab,
  machine,
  makeLab,
  skipWithoutRoot,
} from './lab.ts'
import { rogueProgram } from './rogue.ts'
import type { Heard } from './wire.ts'

const skip = skipWithoutRoot('ip', 'ping', 'ssh', 'sshd', 'ssh-keygen')
const mac = '52:54:00:12:34:56'
/** Above the agent's memory before an attack: a heap that was filled once is not given back. */
const memoryMarginKb = 96 * 1024
const goodbyeMs = 1000
/** Conflicts in 3,000 claims: fifteen names at once, then one in five seconds (RFC 6762 section 8.1). */
const maxConflicts = 25
/** After --timeout: the packet in hand, the merging of what was heard, and the printing of it. */
const timeoutMarginMs = 4000

const memoryKb = (pid: number | undefined) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
const isGoodbye = ({ message }: Heard) =>
  message.answers.length > 0 && message.answers.every((each) => each.ttl === 0)
const rogue = (...args: string[]) => [process.execPath, rogueProgram, ...args]

t.test('the agent answers, stays small and says goodbye, after', { skip }, async (t) => {
  t.jobs = 3
  for (const name of Object.keys(attacks))
    t.test(name, { buffered: true }, async (t) => {
      const lab = await makeLab(t)
      const namespace = await machine(t)
      const far = { namespace, interface: 'in0', mac }
      await connect({ namespace: lab.operator, interface: 'in0' }, far)
      await runInside(namespace, 'ip', ['address', 'add', '192.0.2.7/24', 'dev', 'in0'])
      await runInside(lab.operator, 'ip', ['address', 'add', '192.0.2.1/24', 'dev', 'in0'])
      await addressesSettled(lab.operator)
      const agent = await startAgent(namespace, lab.files)
      let said = ''
      agent.stderr?.on('data', (chunk: Buffer) => {
        said += chunk
      })
      const before = memoryKb(agent.pid)
      const targets = ['ff02::fb', victim.address, 'fe80::47', '224.0.0.251', '192.0.2.7']
      await untilSaid(lab.operator.start(rogue('attack', name, ...targets)), /^done$/)
      const grownKb = memoryKb(agent.pid) - before
      t.ok(grownKb < memoryMarginKb, `${grownKb} KB more`)
      const conflicts = said.match(/another machine has our name/g)?.length ?? 0
      t.ok(conflicts <= maxConflicts, `${conflicts} conflicts`)
      const stopIt = async () => {
        const from = performance.now()
        await stop(agent)
        t.ok(performance.now() - from < goodbyeMs, 'stopped in time')
      }
      await hear(lab.operator, { link: 'in0', family: 'IPv6' }, isGoodbye, stopIt)
      if (agent.exitCode === null) await once(agent, 'close')
      t.equal(agent.exitCode, 0, 'status')
      t.notMatch(said, /\n +at /, 'no stack trace')
    })
})

/** An operator on a switch `br0` with a rogue, and with a real installer when there is a victim. */
async function besideRogue(t: Test, lie: string, greeting: string, hasVictim = false) {
  const lab = await makeLab(t)
  const liar = await machine(t)
  const inside = (...args: string[]) => runInside(lab.operator, 'ip', args)
  const far = { namespace: liar, interface: 'in0', mac: '52:54:00:00:00:01' }
  await inside('link', 'add', 'br0', 'type', 'bridge')
  await inside('link', 'set', 'br0', 'up')
  await inside('address', 'add', '192.0.2.1/24', 'dev', 'br0')
  await connect({ namespace: lab.operator, interface: 'p0' }, far)
  await inside('link', 'set', 'p0', 'master', 'br0')
  if (hasVictim) await bootInstaller(t, lab, { link: 'p1', mac })
  if (hasVictim) await inside('link', 'set', 'p1', 'master', 'br0')
  await Promise.all([addressesSettled(lab.operator), addressesSettled(liar)])
  await untilSaid(liar.start(rogue('lie', lie, greeting)), /^ready$/)
  return { lab, liar }
}

function isClean(t: Test, { stdout, stderr }: CommandResult) {
  for (const text of [stdout, stderr]) t.notMatch(text, unprintable, 'printable')
  t.notMatch(stderr, /\n +at |unexpected error/, 'no fault of ours')
}

const wire = ['mdns', 'service', 'ssh'].flatMap((source) => ['--source', source])
const finds: [lie: string, greeting: string, status: number | undefined][] = [
  ['hostile words', 'says escapes', 0],
  ['hostile words', 'says 64 KB', 0],
  ['hostile words', 'never speaks', 0],
  ['hostile words', 'says one byte a second', 0],
  ['addresses elsewhere', 'never speaks', 3],
  // Which of its services are heard before time is up is chance.
  ['services without end', 'no server', undefined],
  ['records without life', 'never speaks', 3],
]

t.test(
  'find prints nothing as it came, connects to the link only, ends in time',
  { skip },
  async (t) => {
    t.jobs = 2
    for (const [lie, greeting, status] of finds)
      t.test(`${lie}, ${greeting}`, { buffered: true }, async (t) => {
        const { lab } = await besideRogue(t, lie, greeting)
        const watch = lab.operator.start(rogue('watch'))
        await untilSaid(watch, /^ready$/)
        let connections = 0
        watch.stderr.on('data', () => connections++)
        const find = async (...form: string[]) => {
          const began = performance.now()
          const found = await lab.scanner(['find', '--timeout', '2s', ...form])
          const tookMs = Math.round(performance.now() - began)
          t.ok(tookMs < 2000 + timeoutMarginMs, `${tookMs} ms`)
          isClean(t, found)
          return found
        }
        await find('--all')
        const { stdout, status: ended } = await find('--json', ...wire)
        if (status !== undefined) t.equal(ended, status)
        const { installers } = JSON.parse(stdout) as { installers: Machine[] }
        const shown = installers.flatMap(({ links }) => links.flatMap((each) => each.addresses))
        const wrong = shown.filter(({ address }) => elsewhere.includes(address.replace('%br0', '')))
        t.same(wrong, [], 'addresses of the link only')
        t.equal(connections, 0, 'nothing was led back to this machine')
      })
  },
)

/** A program named ssh, first in PATH, that writes down its words. */
async function fakeSsh(lab: Lab): Promise<{ PATH: string; words: () => string[] | undefined }> {
  const folder = await lab.newFolder('bin')
  const file = join(folder, 'words')
  await writeFile(join(folder, 'ssh'), `#!/bin/sh\nprintf '%s\\0' "$@" > '${file}'\n`)
  await chmod(join(folder, 'ssh'), 0o755)
  const words = () =>
    existsSync(file) ? readFileSync(file, 'utf8').split('\0').slice(0, -1) : undefined
  return { PATH: `${folder}:${process.env.PATH}`, words }
}

interface SshCase {
  lie: string
  greeting: string
  name: string
  status: number
  id: string
  /** Where ssh went; undefined when it was not run. */
  target?: string
}
const liarAddress = 'fe80::5054:ff:fe00:1'
const none = '00000000000000ff'
const sshCases: SshCase[] = [
  {
    lie: 'hostile words',
    greeting: 'says escapes',
    name: liarAddress,
    status: 0,
    id: none,
    target: liarAddress,
  },
  {
    lie: "another's id",
    greeting: 'says escapes',
    name: mac,
    status: 0,
    id: victim.id,
    target: victim.address,
  },
  { lie: "another's id", greeting: 'sshd', name: mac, status: 5, id: victim.id },
  { lie: "another's address", greeting: 'sshd', name: mac, status: 5, id: none },
]

t.test(
  'ssh gets no word from the wire, and goes to nobody who claims to be another',
  { skip },
  async (t) => {
    t.jobs = 2
    for (const { lie, greeting, name, status, id, target } of sshCases)
      t.test(`${lie}, ${greeting}`, { buffered: true }, async (t) => {
        const greet = greeting === 'sshd' ? 'no server' : greeting
        const { lab, liar } = await besideRogue(t, lie, greet, lie !== 'hostile words')
        if (greeting === 'sshd')
          await startSshServer(liar, await makeKeys(await lab.newFolder('other')))
        const { PATH, words } = await fakeSsh(lab)
        const result = await lab.scanner(['ssh', name, '--', 'id'], { PATH })
        t.equal(result.status, status, result.stderr)
        isClean(t, result)
        const [, alias, , , , , , , , , , user, ...rest] = words() ?? []
        if (target === undefined) return t.equal(words(), undefined, 'not run')
        t.equal(alias, `HostKeyAlias=installer-${id}`)
        t.match(user, /^\w+$/)
        t.same(rest, [`${target}%br0`, '--', 'id'])
        return t.equal(words()?.length, 15)
      })
  },
)
