import { execFileSync, spawnSync } from 'node:child_process'
import t from 'tap'
import { asScript } from '../../../scanner/remote/script.ts'

const run = (script: string) => execFileSync('sh', ['-s'], { input: script, encoding: 'utf8' })

t.test('parameters stay words, and no command reads the script', (t) => {
  const parameters = ["it's", '$(reboot)', '']
  t.equal(run(asScript('cat; printf "<%s>" "$@"', parameters)), "<it's><$(reboot)><>")
  t.equal(spawnSync('sh', ['-s'], { input: asScript('return 3') }).status, 3)
  t.end()
})

t.test('a script that is cut off does nothing', (t) => {
  const script = asScript('echo one\necho two')
  for (const at of [script.indexOf('echo two'), script.indexOf('}')]) {
    const cut = script.slice(0, at)
    const { stdout } = spawnSync('sh', ['-s'], { input: cut, encoding: 'utf8' })
    t.equal(stdout, '')
  }
  t.end()
})
