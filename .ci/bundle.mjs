// `node .ci/bundle.mjs`: the programs and the library, each with all that it needs, under dist/bundle: a
// start reads few files, and nothing of node_modules. Needs the production dependencies and `esbuild`,
// from node_modules or PATH.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const out = 'dist/bundle'
/** Each is loaded by itself: with what is not needed at a start, Node would read ten times as much. */
const parts = [
  'agent/main.ts',
  'agent/command-line.ts',
  'scanner/main.ts',
  'scanner/ask-ahead.ts',
  'scanner/first-rows.ts',
  'scanner/find-line.ts',
  'scanner/ssh-line.ts',
  'scanner/command-line.ts',
  'scanner/index.ts',
  // A program that the demo starts.
  'scanner/demo/ssh-server.ts',
]
const packages = ['ip6addr', 'pino', 'ssh2', 'yargs']

rmSync(out, { recursive: true, force: true })
const inputs = [
  ...bundle(
    [...parts, `--outdir=${out}`, '--outbase=.'],
    [...parts.map((part) => `./${basename(part)}`), ...packages],
  ),
  ...bundle([...packages, `--outdir=${out}/packages`], []),
]
for (const part of parts) linkUp(`${out}/${part.replace(/ts$/, 'js')}`)
writeFileSync(`${out}/package.json`, '{ "type": "commonjs" }\n')
writeFileSync(`${out}/THIRD-PARTY-LICENSES.txt`, licenses(inputs))
writeFileSync(`${out}/scanner/help.json`, JSON.stringify(await helpTexts()))

/**
 * Gives the files that went into it. CommonJS: Node's loader of ES modules takes longer than most
 * verbs. Not minified: what a stack shows can be read.
 */
function bundle(words, external) {
  const metafile = `${out}/meta.json`
  const options = [
    ...['--bundle', '--format=cjs', '--platform=node', '--target=node20.19'],
    '--supported:dynamic-import=false',
    "--banner:js=const _url=require('node:url').pathToFileURL(__filename).href",
    '--define:import.meta.url=_url',
    // Native code, which ssh2 does without.
    ...['*.node', 'cpu-features', ...external].map((each) => `--external:${each}`),
    ...[`--metafile=${metafile}`, '--log-level=warning'],
  ]
  const PATH = [resolve('node_modules/.bin'), process.env.PATH].join(delimiter)
  const env = { ...process.env, PATH }
  execFileSync('esbuild', [...words, ...options], { stdio: 'inherit', env })
  const { inputs } = JSON.parse(readFileSync(metafile, 'utf8'))
  rmSync(metafile)
  return Object.keys(inputs)
}

/** Leads from one part to the others. */
function linkUp(file) {
  const up = '../'.repeat(file.split('/').length - out.split('/').length - 1)
  const text = readFileSync(file, 'utf8')
    .replace(/require\("(.*?)"\)/g, (all, name) =>
      packages.includes(name)
        ? `require("${up}packages/${name}.js")`
        : all.replace(/\.ts"/, '.js"'),
    )
    // An ES module, which has a default of its own.
    .replaceAll('/yargs.js"), 1)', '/yargs.js"))')
  writeFileSync(file, text)
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
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each))
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `License: ${license}`
  return `${name} ${version}\n\n${text}\n`
}

/** What `scanner ... --help` says, by the words before it: yargs takes longer to load than Node to start. */
async function helpTexts() {
  const { helpAfter } = createRequire(import.meta.url)(resolve(`${out}/scanner/command-line.js`))
  const texts = {}
  const pending = ['']
  for (let words = pending.shift(); words !== undefined; words = pending.shift()) {
    texts[words] = await helpAfter(words.split(' ').filter(Boolean))
    const verbs = [...texts[words].matchAll(/^ {2}scanner ((?:[a-z-]+ ?)+)/gm)]
    pending.push(...verbs.map(([, verb]) => verb.trim()).filter((verb) => !(verb in texts)))
  }
  return texts
}
