import { statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { hostKeyAlias, knownHostsFile, stateFolder } from '../../../scanner/ssh/known-hosts.ts'

t.test('the folder is where XDG_STATE_HOME says, unless that is no absolute path', (t) => {
  const usual = join(homedir(), '.local/state/installer-discovery')
  t.equal(stateFolder({ XDG_STATE_HOME: '/x/state' }), '/x/state/installer-discovery')
  for (const environment of [{}, { XDG_STATE_HOME: '' }, { XDG_STATE_HOME: 'state' }])
    t.equal(stateFolder(environment), usual)
  t.end()
})

t.test('the folder of the host keys is made, and is the users alone', async (t) => {
  const folder = join(t.testdir(), 'a', 'b')
  t.equal(await knownHostsFile(folder), join(folder, 'known_hosts'))
  t.equal(statSync(folder).mode & 0o777, 0o700)
  t.equal(await knownHostsFile(folder), join(folder, 'known_hosts'), 'again')
  t.equal(hostKeyAlias('525400fffe123456'), 'installer-525400fffe123456')
})

t.test('where it cannot be made a Failure says so, and what to set', async (t) => {
  for (const folder of ['/proc/nope/state', '/dev/null/state'])
    await t.rejects(knownHostsFile(folder), {
      message: new RegExp(`cannot make ${folder} for the host keys`),
      advice: /XDG_STATE_HOME/,
    })
})
