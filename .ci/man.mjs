// `node .ci/man.mjs`: the manual pages, from the definitions of which yargs makes help, to dist/man.
import { mkdirSync, writeFileSync } from 'node:fs'
import { agentManual } from '../dist/agent/manual.js'
import { manualPage } from '../dist/common/manual.js'
import { scannerManual } from '../dist/scanner/words/manual.js'

// As reproducible builds want it (reproducible-builds.org/specs/source-date-epoch).
const { SOURCE_DATE_EPOCH: seconds } = process.env
const date = seconds ? new Date(Number(seconds) * 1000) : new Date()
const folder = new URL('../dist/man/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const manual of [scannerManual(date), agentManual(date)])
  writeFileSync(new URL(`${manual.name}.${manual.section}`, folder), manualPage(manual))
