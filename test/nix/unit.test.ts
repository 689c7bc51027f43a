import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { execLine } from '../../agent/unit/exec-line.ts'
import { agentProgram } from '../../scanner/demo/installer.ts'
import { evaluate, exposure, nixFolder, nixInstantiate, skipWithout, verify } from './judge.ts'
import type { Unit } from './render-unit.ts'

const exec = execLine([process.execPath, agentProgram, 'run'])
const name = 'installer-agent.service'
/** What `systemd-analyze security` may find at most, from 0 (nothing exposed) to 10. */
const maxExposure = 1.5

t.test('every Nix file is well-formed', { skip: skipWithout('nix-instantiate') }, async (t) => {
  const files = readdirSync(nixFolder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.nix'))
    .sort()
  t.ok(files.includes('unit.nix'))
  for (const file of files) {
    const { status, stderr } = await nixInstantiate(['--parse', join(nixFolder, file)])
    t.equal(status, 0, `${file} ${stderr.trim()}`)
  }
})

t.test(
  'CAP_NET_ADMIN is the only capability',
  { skip: skipWithout('nix-instantiate') },
  async (t) => {
    const { Service } = await evaluateUnit()
    t.same(Service?.AmbientCapabilities, ['CAP_NET_ADMIN'])
    t.same(Service?.CapabilityBoundingSet, ['CAP_NET_ADMIN'])
    t.equal(Service?.DynamicUser, true)
  },
)

t.test(
  'systemd takes every setting and finds the program',
  { skip: skipWithout('nix-instantiate', 'systemd-analyze') },
  async (t) => {
    const unit = await evaluateUnit()
    // systemd-analyze looks for the program below RootDirectory, which is filled only at the start.
    const unrooted = { ...unit, Service: { ...unit.Service, RootDirectory: '/' } }
    t.same(await verify(t, { [name]: unrooted }), { status: 0, stdout: '', stderr: '' })
    const misspelt = { ...unrooted, Service: { ...unrooted.Service, KillMode: 'gently' } }
    t.match((await verify(t, { [name]: misspelt })).stderr, /gently/, 'it would say so')
  },
)

t.test(
  'each systemd gets what it knows: readiness and the journal from 253 on, growing delays from 254 on',
  { skip: skipWithout('nix-instantiate') },
  async (t) => {
    const keys = ['Type', 'OpenFile', 'RestartSteps', 'RestartMaxDelaySec']
    const service = async (systemd: string) => {
      const { Service = {} } = await evaluateUnit({ systemd })
      return keys.flatMap((key) => Service[key])
    }
    const sockets = ['/run/systemd/notify:notify', '/run/systemd/journal/socket:journal:graceful']
    t.same(await service('252'), ['exec', undefined, undefined, undefined])
    t.same(await service('253.5'), ['notify', ...sockets, undefined, undefined])
    t.same(await service('258'), ['notify', ...sockets, 5, '30s'])
    t.same(
      await evaluateUnit(),
      await evaluateUnit({ systemd: '252' }),
      'nothing said: all take it',
    )
  },
)

t.test(
  `the exposure is ${maxExposure} or less`,
  { skip: skipWithout('nix-instantiate', 'systemd-analyze') },
  async (t) => {
    for (const systemd of ['252', '258']) {
      const level = await exposure(t, name, await evaluateUnit({ systemd }))
      t.ok(level <= maxExposure, String(level))
    }
  },
)

t.test(
  'with an authority it gets the key as a credential, and nothing else changes',
  { skip: skipWithout('nix-instantiate', 'systemd-analyze') },
  async (t) => {
    const without = await evaluateUnit()
    t.equal(without.Service?.LoadCredential, undefined)
    const unit = await evaluateUnit({ caKey: 'installer-agent.ca-key' })
    const { LoadCredential, Environment, BindReadOnlyPaths, ...rest } = unit.Service ?? {}
    t.equal(String(LoadCredential), 'ca-key:installer-agent.ca-key')
    t.match(String(Environment), 'INSTALLER_AGENT_CA_KEY=%d/ca-key')
    t.match(String(BindReadOnlyPaths), '/run/systemd/userdb')
    t.match(without.Service, rest)
    const unrooted = { ...unit, Service: { ...unit.Service, RootDirectory: '/' } }
    t.same(await verify(t, { [name]: unrooted }), { status: 0, stdout: '', stderr: '' })
    const level = await exposure(t, name, unit)
    t.ok(level <= maxExposure, String(level))
  },
)

async function evaluateUnit(over: Record<string, string> = {}): Promise<Unit> {
  return (await evaluate('unit.nix', { exec, ...over })) as Unit
}
