import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { editKnownHosts, readKnownHosts } from '../../../scanner/trust/known-hosts-file.ts'
import type { Line } from '../../../scanner/trust/known-hosts-lines.ts'

const add =
  (text: string) =>
  (lines: Line[]): Line[] => [...lines, { kind: 'other', text }]

t.test('a file is made, for the user only, and nothing is left beside it', async (t) => {
  const folder = t.testdir()
  const file = join(folder, 'known_hosts')
  t.same(await readKnownHosts(file), [])
  await editKnownHosts(file, add('# one \xff\n'))
  await editKnownHosts(file, add('# two\n'))
  t.equal(readFileSync(file, 'latin1'), '# one \xff\n# two\n')
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.same(readdirSync(folder), ['known_hosts'])
})

t.test('what changes nothing writes nothing', async (t) => {
  const file = join(t.testdir({ known_hosts: '# mine\n' }), 'known_hosts')
  utimesSync(file, 1, 1)
  await editKnownHosts(file, (lines) => lines)
  t.equal(statSync(file).mtimeMs, 1000)
})

t.test('a line that ssh appends meanwhile is not lost', async (t) => {
  const file = join(t.testdir({ known_hosts: '# mine\n' }), 'known_hosts')
  let edits = 0
  await editKnownHosts(file, (lines) => {
    if (edits++ === 0) appendFileSync(file, '# of ssh\n')
    return add('# ours\n')(lines)
  })
  t.equal(readFileSync(file, 'utf8'), '# mine\n# of ssh\n# ours\n')
  t.equal(edits, 2)
})

t.test('scanners take turns; the lock of one that was killed is taken away', async (t) => {
  const folder = t.testdir()
  const file = join(folder, 'known_hosts')
  writeFileSync(`${file}.lock`, '')
  utimesSync(`${file}.lock`, 1, 1)
  const names = Array.from({ length: 20 }, (_, index) => `# ${index}\n`)
  await Promise.all(names.map((name) => editKnownHosts(file, add(name))))
  t.same(readFileSync(file, 'utf8').match(/.*\n/g)?.sort(), [...names].sort())
  t.same(readdirSync(folder), ['known_hosts'])
})

t.test('a link stays one', async (t) => {
  const folder = t.testdir({ real: '' })
  const link = join(folder, 'known_hosts')
  symlinkSync(join(folder, 'real'), link)
  await editKnownHosts(link, add('# x\n'))
  t.ok(lstatSync(link).isSymbolicLink())
  t.equal(readFileSync(join(folder, 'real'), 'utf8'), '# x\n')
})

t.test(
  'what cannot be read or written is a Failure, and an edit that throws leaves no lock',
  async (t) => {
    const folder = t.testdir()
    mkdirSync(join(folder, 'known_hosts'))
    await t.rejects(readKnownHosts(join(folder, 'known_hosts')), {
      message: /cannot read .*known_hosts/,
    })
    await t.rejects(editKnownHosts(join(folder, 'none', 'x'), add('')), { message: /cannot write/ })
    const fails = () => {
      throw new Error('no')
    }
    await t.rejects(editKnownHosts(join(folder, 'file'), fails), { message: /no$/ })
    t.same(readdirSync(folder), ['known_hosts'])
  },
)
