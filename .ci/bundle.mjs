// `node .ci/bundle.mjs`: the programs and the library, each with all that it needs, under dist/bundle: a
// start reads few files, and nothing of node_modules. Needs the production dependencies and `esbuild`,
// from node_modules or PATH.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = join(root, 'dist/bundle')
const entries = [
  'agent/main.ts',
  'scanner/main.ts',
  'scanner/index.ts',
  // A program that the demo starts; and what is asked for its help below.
  'scanner/demo/ssh-server.ts',
  'scanner/command-line.ts',
]

rmSync(out, { recursive: true, force: true })
const inputs = bundle()
mkdirSync(out, { recursive: true })
writeFileSync(join(out, 'THIRD-PARTY-LICENSES.txt'), licenses(inputs))
writeFileSync(join(out, 'scanner/help.json'), JSON.stringify(await helpTexts()))

/** Gives the files that went into it. */
function bundle() {
  const metafile = join(out, 'meta.json')
  const words = [
    ...entries,
    ...['--bundle', '--splitting', '--format=esm', '--platform=node', '--target=node20.19'],
    // As deep as the modules are, whose import.meta.url leads to other programs.
    ...[`--outdir=${out}`, '--outbase=.', '--chunk-names=scanner/chunks/[hash]'],
    // Native code, which ssh2 does without.
    ...['--external:*.node', '--external:cpu-features'],
    // CommonJS packages want these.
    `--banner:js=import{createRequire as _require}from'node:module';const require=_require(import.meta.url),_folder=import.meta.dirname;`,
    `--define:__dirname=_folder`,
    ...[`--metafile=${metafile}`, '--log-level=warning'],
  ]
  const PATH = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter)
  execFileSync('esbuild', words, { cwd: root, stdio: 'inherit', env: { ...process.env, PATH } })
  const { inputs } = JSON.parse(readFileSync(metafile, 'utf8'))
  rmSync(metafile)
  return Object.keys(inputs)
}

/** The terms of each package that is in the bundle: all of them want their notice to go along. */
function licenses(inputs) {
  const folders = inputs.flatMap(
    (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  )
  return [...new Set(folders)]
    .sort()
    .map(licenseOf)
    .join(`\n${'-'.repeat(80)}\n\n`)
}

function licenseOf(folder) {
  const path = join(root, folder)
  const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
  const file = readdirSync(path).find((each) => /^(licen[cs]e|copying)/i.test(each))
  const text = file ? readFileSync(join(path, file), 'utf8').trim() : `License: ${license}`
  return `${name} ${version}\n\n${text}\n`
}

/** What `scanner ... --help` says, by the words before it: yargs takes longer to load than Node to start. */
async function helpTexts() {
  const { helpAfter } = await import(join(out, 'scanner/command-line.js'))
  const texts = {}
  const pending = ['']
  for (let words = pending.shift(); words !== undefined; words = pending.shift()) {
    texts[words] = await helpAfter(words.split(' ').filter(Boolean))
    const verbs = [...texts[words].matchAll(/^ {2}scanner ((?:[a-z-]+ ?)+)/gm)]
    pending.push(...verbs.map(([, verb]) => verb.trim()).filter((verb) => !(verb in texts)))
  }
  return texts
}
