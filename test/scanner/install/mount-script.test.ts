import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Step } from '../../../scanner/install/mount-plan.ts'
import { asCommands, readOutcomes, stepScript } from '../../../scanner/install/mount-script.ts'

const step = (name: string, over: Partial<Step> = {}): Step => ({
  text: name,
  words: ['mkdir', name],
  undo: ['rmdir', name],
  ...over,
})
const run = (steps: Step[]) => {
  const { stdout, status } = spawnSync('sh', ['-s'], { input: stepScript(steps), encoding: 'utf8' })
  return { outcomes: [...readOutcomes(stdout)], status }
}

t.test('one after another, and back when one fails', (t) => {
  const folder = join(t.testdir(), "it's")
  const [a, b] = [folder, join(folder, 'b c')]
  t.same(run([step(a), step(b)]), {
    outcomes: [
      [0, 'ok'],
      [1, 'ok'],
    ],
    status: 0,
  })
  const there = step(b, { unless: ['test', '-d', b] })
  const failing = step('', { words: ['false'] })
  t.same(run([there, step(join(b, 'c')), failing]), {
    outcomes: [
      [1, 'undone'],
      [2, 'failed'],
    ],
    status: 1,
  })
  t.ok(existsSync(b), 'what was there before stays')
  t.notOk(existsSync(join(b, 'c')))
  const stuck = step(join(b, 'd'), { undo: ['false'] })
  t.same(run([stuck, failing]).outcomes, [
    [0, 'stuck'],
    [1, 'failed'],
  ])
  t.end()
})

t.test('as commands each depends on the one before', (t) => {
  t.equal(asCommands([step('/a b'), step('/c')], true), "sudo mkdir '/a b' &&\nsudo mkdir /c\n")
  t.equal(asCommands([step('/c')], false), 'mkdir /c\n')
  t.equal(asCommands([], true), '')
  t.end()
})
