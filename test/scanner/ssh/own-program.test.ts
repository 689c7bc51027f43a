import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ownProgram } from '../../../scanner/ssh/own-program.ts'

t.test('by name where PATH leads here, else by absolute paths', async (t) => {
  const root = t.testdir({
    'main.js': '',
    linked: {},
    wrapped: {},
    another: { scanner: '#!/bin/sh\n' },
    plain: { scanner: 'not a program' },
    none: {},
  })
  const script = join(root, 'main.js')
  symlinkSync('../main.js', join(root, 'linked', 'scanner'))
  writeFileSync(join(root, 'wrapped', 'scanner'), `#!/bin/sh\nexec node ${script} "$@"\n`)
  for (const path of [script, join(root, 'wrapped', 'scanner'), join(root, 'another', 'scanner')])
    chmodSync(path, 0o755)
  const absolute = [process.execPath, script]
  for (const [folders, expected] of [
    [['linked'], ['scanner']],
    [['wrapped'], ['scanner']],
    [['none', 'plain', 'linked'], ['scanner']],
    [['another', 'linked'], absolute],
    [['none'], absolute],
    [[], absolute],
  ] as const) {
    const path = folders.map((each) => join(root, each)).join(':')
    t.same((await ownProgram(script, path)).words, expected, folders.join(':'))
  }
  t.same((await ownProgram(join(root, 'linked', 'scanner'), join(root, 'linked'))).words, [
    'scanner',
  ])
})
