import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { runCommand } from '../../common/command.ts'
import { isInstalled } from '../netns/lab.ts'
import { renderUnit, type Unit } from './render-unit.ts'

/** Evaluates the pure data in nix/ and lets systemd judge the units that it gives. */

// The tests run from dist/test/nix; the Nix files are not compiled.
export const nixFolder = fileURLToPath(new URL('../../../nix', import.meta.url))

/** Why a test that needs these commands is skipped; false when it can run. */
export function skipWithout(...commands: string[]): string | false {
  const missing = commands.filter((command) => !isInstalled(command))
  return missing.length > 0 && `not installed: ${missing.join(', ')}`
}

/** Pure data wants no store: the dummy one needs no folder, no daemon and no user. */
export function nixInstantiate(args: readonly string[]) {
  return runCommand('nix-instantiate', ['--store', 'dummy://', ...args])
}

/** What a file of nix/, a function of strings (and of other expressions), gives as JSON. */
export async function evaluate(
  file: string,
  strings: Record<string, string>,
  expressions: Record<string, string> = {},
): Promise<unknown> {
  const given = [
    ...Object.entries(strings).flatMap(([name, value]) => ['--argstr', name, value]),
    ...Object.entries(expressions).flatMap(([name, value]) => ['--arg', name, value]),
  ]
  const args = ['--eval', '--strict', '--json', ...given, join(nixFolder, file)]
  const { stdout, stderr } = await nixInstantiate(args)
  if (!stdout) throw new Error(`${file} cannot be evaluated: ${stderr}`)
  return JSON.parse(stdout)
}

/** Writes unit files, by name, to a folder of the test's and gives their paths. */
async function writeUnits(t: Test, units: Record<string, Unit>): Promise<string[]> {
  const folder = t.testdir()
  const paths = Object.keys(units).map((name) => join(folder, name))
  await Promise.all(
    Object.values(units).map((unit, index) => writeFile(paths[index] ?? '', renderUnit(unit))),
  )
  return paths
}

export async function verify(t: Test, units: Record<string, Unit>) {
  const paths = await writeUnits(t, units)
  return runCommand('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', ...paths])
}

/** What `systemd-analyze security` finds, from 0 (nothing exposed) to 10; NaN when it finds nothing. */
export async function exposure(t: Test, name: string, unit: Unit): Promise<number> {
  const paths = await writeUnits(t, { [name]: unit })
  const args = ['security', '--offline=true', '--no-pager', ...paths]
  const { stdout } = await runCommand('systemd-analyze', args)
  const level = Number(/Overall exposure level for .*: (\d+\.\d+)/.exec(stdout)?.[1])
  t.comment(`systemd-analyze security: ${name} ${level}`)
  return level
}
