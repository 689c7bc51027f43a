import { existsSync } from 'node:fs'
import { cp, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import t, { type Test } from 'tap'
import { runCommand } from '../../common/command.ts'
import { version } from '../../common/contract.ts'
import { skipWithout } from './judge.ts'
import { evaluateWithFlake, root } from './outputs.ts'

/** Runs what the derivations of nix/node-modules.nix and nix/package.nix run, with sh instead of Nix. */

interface Derivation {
  src: { root: string; files: string[] }
  buildPhase: string
  installPhase: string
}

/** What the phases take from the standard environment of nixpkgs; its wrappers are programs, not scripts. */
const standardEnvironment = `set -eu
runHook() { :; }
makeWrapper() {
  mkdir -p "$(dirname "$2")"
  printf '#!/bin/sh\\nexec %s %s "$@"\\n' "$1" "$4" >"$2"
  chmod 755 "$2"
}
`

/** Fetched by .ci/node-modules with the script of nix/node-modules.nix. */
const nodeModules = join(root, 'node_modules/.cache/production')
const unfetched = !existsSync(nodeModules) && 'sh .ci/node-modules fetches the packages'

t.test(
  'npm lays down what nix/node-modules.hash says',
  { skip: skipWithout('nix-hash') || unfetched },
  async (t) => {
    const { stdout } = await runCommand('nix-hash', ['--type', 'sha256', nodeModules])
    const hash = `sha256-${Buffer.from(stdout.trim(), 'hex').toString('base64')}`
    const recorded = await readFile(join(root, 'nix/node-modules.hash'), 'utf8')
    t.equal(recorded.trim(), hash, 'nix/node-modules.hash has to be what npm lays down')
  },
)

t.test(
  'the programs that the derivations build run',
  {
    skip: skipWithout('nix-instantiate') || unfetched,
  },
  async (t) => {
    const folder = t.testdir()
    const expected = { 'installer-agent': /--static-address/, scanner: /find \[name\]/ }
    for (const [program, help] of Object.entries(expected)) {
      const out = join(folder, program)
      await realise(t, program, join(folder, `${program}-source`), out)
      const command = join(out, 'bin', program)
      t.equal((await runCommand(command, ['--version'])).stdout.trim(), version)
      t.match((await runCommand(command, ['--help'])).stdout, help)
    }
    const scanner = join(folder, 'scanner/bin/scanner')
    const find = await runCommand(scanner, ['find', '--help'])
    t.match(find, { status: 0, stdout: /--timeout/, stderr: '' })
  },
)

/** Runs the phases of a program's derivation in a folder that has its sources alone. */
async function realise(t: Test, program: string, source: string, out: string) {
  const { src, buildPhase, installPhase } = (await evaluateWithFlake(
    `let inherit (self.packages.x86_64-linux.${program}) attrs;
      in { inherit (attrs) src buildPhase installPhase; }`,
  )) as Derivation
  for (const file of src.files)
    await cp(file, join(source, relative(src.root, file)), { recursive: true })
  const phases = `${buildPhase}\n${installPhase}`
    .replaceAll('/nix/store/installer-discovery-node-modules', nodeModules)
    .replaceAll(/\/nix\/store\/nodejs-slim\/\S+/g, process.execPath)
  const path = `${join(root, 'node_modules/.bin')}:$PATH`
  const script = `${standardEnvironment} PATH=${path} out=$1; cd "$2"\n${phases}`
  const { status, stderr } = await runCommand('sh', ['-c', script, 'sh', out, source])
  t.equal(status, 0, stderr)
}
