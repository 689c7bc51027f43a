// Writes the sources as the JavaScript that tsc writes for npm, with nothing but Node (22.13 or later):
//   node nix/compile.mjs OUT FOLDER...
// The types are erasable, so they become blanks and every line and column stays where it was.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'

const relativeImport = /((?:from|import|import\()\s*)(['"])(\.\.?\/[^'"]+)\.ts\2/g

const [out, ...folders] = process.argv.slice(2)
for (const folder of folders)
  for (const name of readdirSync(folder, { recursive: true })) {
    const source = join(folder, name)
    if (source.endsWith('.ts')) write(join(out, source.replace(/ts$/, 'js')), compile(source))
  }

function compile(source) {
  const javaScript = stripTypeScriptTypes(readFileSync(source, 'utf8'))
  return javaScript.replace(relativeImport, '$1$2$3.js$2')
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
