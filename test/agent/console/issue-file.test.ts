import { existsSync, readdirSync, readFileSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { IssueFile } from '../../../agent/console/issue-file.ts'
import { fakeLinkStatus, fakeStatus } from '../../fakes/status.ts'

/** Far above the second for which changes are gathered, on a machine that is busy. */
const patienceMs = 30_000

/** Something that happens, and a way to wait until enough of it has. */
class Happening {
  readonly all: string[] = []
  #wake = () => {}

  note(what: string): void {
    this.all.push(what)
    this.#wake()
  }

  async until(isEnough: () => boolean): Promise<void> {
    const end = setTimeout(() => this.#wake(), patienceMs)
    const endAt = Date.now() + patienceMs
    while (!isEnough() && Date.now() < endAt)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    clearTimeout(end)
    if (!isEnough()) throw new Error(`not within ${patienceMs} ms`)
  }
}

function setUp(t: Test, folder = t.testdir()) {
  const path = join(folder, 'issue')
  const quiet = () => {}
  const said: object[] = []
  const log = { error: quiet, info: quiet, debug: quiet, warn: (facts: object) => said.push(facts) }
  const links = [fakeLinkStatus()]
  const asked = new Happening()
  const status = () => {
    asked.note('status')
    return fakeStatus({ links })
  }
  const issue = new IssueFile(path, { status, onChange: quiet }, [], log)
  return { issue, path, folder, said, links, asked }
}

t.test(
  'many changes at once are one write, and what is the same is not written again',
  async (t) => {
    const { issue, path, folder, links, asked } = setUp(t)
    const files = new Happening()
    const watcher = watch(folder, (_, name) => files.note(name ?? ''))
    t.teardown(() => watcher.close())
    const shows = (text: string) => existsSync(path) && readFileSync(path, 'utf8').includes(text)
    const umask = process.umask(0o077)

    for (let times = 0; times < 1000; times++) issue.changed()
    await files.until(() => shows('eno1'))
    process.umask(umask)
    t.equal(asked.all.length, 1)
    t.equal(statSync(path).mode & 0o777, 0o644, 'for everybody')
    t.same(readdirSync(folder), ['issue'], 'no unfinished file is left')
    const { ino } = statSync(path)

    issue.changed()
    await asked.until(() => asked.all.length === 2)
    links.push(fakeLinkStatus({ interface: 'eno2' }))
    issue.changed()
    await files.until(() => shows('eno2'))
    t.not(statSync(path).ino, ino, 'put in place as a whole')
    const placed = () => files.all.filter((name) => name === 'issue').length
    await files.until(() => placed() >= 2)
    t.equal(placed(), 2, 'two of three times there was something to write')

    issue.close()
    t.same(readdirSync(folder), [], 'removed at the end')
  },
)

t.test('a folder that cannot be written to is a warning, once', async (t) => {
  const { issue, said, asked } = setUp(t, join(t.testdir(), 'none'))
  issue.changed()
  await asked.until(() => asked.all.length === 1)
  issue.changed()
  await asked.until(() => asked.all.length === 2)
  issue.close()
  t.match(said, [{ error: /ENOENT/, advice: /--issue-file/ }])
  t.equal(said.length, 1)
})

t.test('closed before anything was written, it touches nothing', async (t) => {
  const { issue, folder, asked } = setUp(t)
  issue.changed()
  issue.close()
  t.equal(asked.all.length, 0)
  t.same(readdirSync(folder), [])
})
