import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { runCommand } from '../../common/command.ts'
import { agentProgram } from '../../scanner/demo/installer.ts'
import { isInstalled } from '../netns/lab.ts'
import { execLine, renderUnit, type Unit } from './render-unit.ts'

// The test runs from dist/test/nix; the Nix files are not compiled.
const nixFolder = fileURLToPath(new URL('../../../nix', import.meta.url))
const exec = execLine([process.execPath, agentProgram, 'run'])
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
    t.same(await verify(t, unrooted), { status: 0, stdout: '', stderr: '' })
    const misspelt = { ...unrooted, Service: { ...unrooted.Service, KillMode: 'gently' } }
    t.match((await verify(t, misspelt)).stderr, /gently/, 'it would say so')
  },
)

t.test(
  `the exposure is ${maxExposure} or less`,
  { skip: skipWithout('nix-instantiate', 'systemd-analyze') },
  async (t) => {
    const path = await writeUnit(t, await evaluateUnit())
    const args = ['security', '--offline=true', '--no-pager', path]
    const { stdout, stderr } = await runCommand('systemd-analyze', args)
    const exposure = Number(/Overall exposure level for .*: (\d+\.\d+)/.exec(stdout)?.[1])
    t.comment(`systemd-analyze security: ${exposure}`)
    t.ok(exposure <= maxExposure, `${exposure} ${stderr}`)
  },
)

/** Why a test that needs these commands is skipped; false when it can run. */
function skipWithout(...commands: string[]): string | false {
  const missing = commands.filter((command) => !isInstalled(command))
  return missing.length > 0 && `not installed: ${missing.join(', ')}`
}

/** Pure data wants no store: the dummy one needs no folder, no daemon and no user. */
function nixInstantiate(args: readonly string[]) {
  return runCommand('nix-instantiate', ['--store', 'dummy://', ...args])
}

async function evaluateUnit(): Promise<Unit> {
  const args = ['--eval', '--strict', '--json', '--argstr', 'exec', exec]
  const { stdout, stderr } = await nixInstantiate([...args, join(nixFolder, 'unit.nix')])
  if (!stdout) throw new Error(`unit.nix cannot be evaluated: ${stderr}`)
  return JSON.parse(stdout) as Unit
}

async function writeUnit(t: Test, unit: Unit): Promise<string> {
  const path = join(t.testdir(), 'installer-agent.service')
  await writeFile(path, renderUnit(unit))
  return path
}

async function verify(t: Test, unit: Unit) {
  const path = await writeUnit(t, unit)
  return runCommand('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', path])
}
