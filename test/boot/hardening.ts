import type { Test } from 'tap'
import { execLine } from '../../agent/unit/exec-line.ts'
import { agentUnit, type LiveSystem, probeProgram, type Segment, show } from './live.ts'
import { installed } from './tree.ts'

/** capability.h */
const netAdmin = 12
/** systemd's range for dynamic users (DynamicUser= in systemd.exec(5)). */
const dynamicUsers = { first: 61184, last: 65519 }

/** What the running agent has, and what a program in its place can do. */
export async function areKeptApart(t: Test, { systems: [bare] }: Segment): Promise<void> {
  const system = bare as LiveSystem
  // As an install has mounted it.
  await system.inside('sh', '-c', 'mkdir -p /mnt/disk && echo secret >/mnt/disk/secret')
  await hasOneCapability(t, system)
  const asRoot = JSON.parse(await system.inside(installed.node, probeProgram))
  const hardened = await probe(system)
  const { folders, ...outcomes } = hardened
  const may = Object.keys(outcomes).filter((name) => outcomes[name] === 'done')
  t.same(may, ['add an address'], 'all that it may')
  const wouldWork = Object.keys(outcomes).filter((name) => asRoot[name] === 'done')
  t.same(wouldWork, Object.keys(outcomes), 'root may do all of it')
  const ofTheDisk = ['boot', 'home', 'media', 'mnt', 'opt', 'srv']
  t.same(
    ofTheDisk.filter((name) => folders.includes(name)),
    [],
    'nothing else of the machine is to be seen',
  )
}

async function hasOneCapability(t: Test, system: LiveSystem): Promise<void> {
  const { MainPID } = await show(system, agentUnit, 'MainPID')
  const text = await system.inside('cat', `/proc/${MainPID}/status`)
  const lines = text.split('\n').map((line) => line.split(/:\s*/) as [string, string])
  const status = Object.fromEntries(lines)
  const only = (1n << BigInt(netAdmin)).toString(16).padStart(16, '0')
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
    t.equal(status[set], only, set)
  t.equal(status.NoNewPrivs, '1')
  t.equal(status.Seccomp, '2', 'a filter of system calls')
  const user = Number(status.Uid?.split(/\s/)[0])
  t.ok(user >= dynamicUsers.first && user <= dynamicUsers.last, `user ${user}`)
}

/** Runs the probe once in a unit that is the agent's but for the program and the name. */
async function probe({ inside }: LiveSystem) {
  const name = 'installer-probe'
  const text = await inside('cat', `/etc/systemd/system/${agentUnit}`)
  const copy = text
    .replace(/^(Restart.*|OpenFile=.*|Environment=.*)\n/gm, '')
    .replace(/^Type=.*$/m, 'Type=oneshot')
    .replace(/^ExecStart=.*$/m, `ExecStart=${execLine([installed.node, probeProgram])}`)
    .replaceAll('installer-agent', name)
  await inside('sh', '-c', 'printf %s "$1" >"/run/systemd/system/$0.service"', name, copy)
  await inside('systemctl', 'start', name)
  // What it said may still be on its way.
  await inside('journalctl', '--sync')
  const said = await inside('journalctl', `--unit=${name}`, '--output=cat', '_TRANSPORT=stdout')
  return JSON.parse(said.split('\n').find((line) => line.startsWith('{')) ?? '{}')
}
