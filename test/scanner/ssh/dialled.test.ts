import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { noteDialled, readDialled } from '../../../scanner/ssh/dialled.ts'
import { fakeMachine } from '../../fakes/machine.ts'

const ssh = 4711
// A proxy writes one note, and takes it away at its exit; this process writes many.
process.setMaxListeners(0)

t.test('what is noted is read again, by whoever knows the parent; for the user only', async (t) => {
  const environment = { XDG_RUNTIME_DIR: t.testdir() }
  const folder = join(environment.XDG_RUNTIME_DIR, 'installer-discovery')
  const announcedKeys = [`SHA256:${'A'.repeat(43)}`]
  await noteDialled(fakeMachine({ announcedKeys }), ssh, environment)
  t.same(readDialled(ssh, environment), {
    name: 'NixOS',
    id: '525400fffe123456',
    boot: '0a1b2c3d',
    announced: announcedKeys,
  })
  t.equal(readDialled(ssh + 1, environment), undefined)
  t.equal(statSync(folder).mode & 0o777, 0o700)
  const file = join(folder, `dialled-${ssh}.json`)
  t.equal(statSync(file).mode & 0o777, 0o600)

  const inode = statSync(file).ino
  await noteDialled(fakeMachine({ name: null, agent: null }), ssh, environment)
  t.match(readDialled(ssh, environment), { name: null, boot: null })
  t.not(statSync(file).ino, inode, 'another file in its place: never one half written')
  t.same(readdirSync(folder), [`dialled-${ssh}.json`], 'and no draft is left')
})

t.test('without a runtime folder, or with a relative one, it lies with the state', async (t) => {
  const environment = { XDG_RUNTIME_DIR: 'run', XDG_STATE_HOME: t.testdir() }
  await noteDialled(fakeMachine(), ssh, environment)
  const file = join(environment.XDG_STATE_HOME, 'installer-discovery', `dialled-${ssh}.json`)
  t.ok(statSync(file).isFile())
})

t.test('a name stays a name, whatever is in it', async (t) => {
  const environment = { XDG_RUNTIME_DIR: t.testdir() }
  const folder = join(environment.XDG_RUNTIME_DIR, 'installer-discovery')
  for (const name of [
    '../../x',
    '-oProxyCommand=x',
    '"},"id":"x',
    'a\nb',
    '\u001b[2J',
    '$(x)',
    '\u202e',
  ]) {
    await noteDialled(fakeMachine({ name, id: name }), ssh, environment)
    t.match(readDialled(ssh, environment), { name, id: name }, JSON.stringify(name))
  }
  t.same(readdirSync(folder), [`dialled-${ssh}.json`])
})

t.test('what is no note of a running proxy is none', async (t) => {
  const environment = { XDG_RUNTIME_DIR: t.testdir() }
  const file = join(environment.XDG_RUNTIME_DIR, 'installer-discovery', `dialled-${ssh}.json`)
  await noteDialled(fakeMachine(), ssh, environment)
  const note = JSON.parse(readFileSync(file, 'utf8'))
  const ended = execFile('true')
  await once(ended, 'close')
  const over = [{ proxy: ended.pid }, { proxy: 'x' }, { id: 1 }, { name: 1 }, { boot: 1 }]
  for (const each of [...over, { announced: [1] }, { announced: 'x' }]) {
    writeFileSync(file, JSON.stringify({ ...note, ...each }))
    t.equal(readDialled(ssh, environment), undefined, JSON.stringify(each))
  }
  for (const broken of ['', '{', 'null', '[]', '1']) {
    writeFileSync(file, broken)
    t.equal(readDialled(ssh, environment), undefined, broken)
  }
  writeFileSync(file, JSON.stringify(note))
  t.match(readDialled(ssh, environment), { name: 'NixOS' }, 'and the test would see one')
})

t.test('where it cannot be written an error says so', async (t) => {
  await t.rejects(noteDialled(fakeMachine(), ssh, { XDG_RUNTIME_DIR: '/dev/null' }))
})
