import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parseRouters } from '../../../scanner/doctor/doors/ip.ts'
import { knock } from '../../../scanner/doctor/doors/knock.ts'
import { isMissing } from '../../../scanner/doctor/doors/missing.ts'
import { askFirewalld, readNftables } from '../../../scanner/doctor/doors/rules.ts'
import { parseHolders } from '../../../scanner/doctor/doors/sockets.ts'

const { signal } = new AbortController()

t.test('lines of /proc/net/udp6', (t) => {
  const table = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 5012: 00000000000000000000000000000000:14E9 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000   104        0 17031 2 0000000000000000 0
 5012: 00000000000000000000000000000000:14E8 00000000000000000000000000000000:14E9 07 00000000:00000000 00:00000000 00000000     0        0 17032 2 0000000000000000 0`
  t.same(parseHolders(table, 5353), [{ uid: 104, inode: '17031' }])
  t.same(parseHolders('', 5353), [])
  t.end()
})

t.test('routes of `ip -j`', (t) => {
  const json = '[{"dst":"default","gateway":"fe80::1","dev":"eno1"},{"dst":"default","dev":"tun0"}]'
  t.same(parseRouters(json), [{ address: 'fe80::1', link: 'eno1' }])
  t.same(parseRouters(''), [])
  t.end()
})

t.test('a connection that is broken off has told nothing', async (t) => {
  t.equal(await knock('127.0.0.1', 22, AbortSignal.abort()), 'silent')
})

/** firewalld itself is a service with a bus: its command is stood in for, in its words of version 1.3. */
const firewallCmd = `#!/bin/sh
case "$*" in
  --state) echo running ;;
  --get-zone-of-interface=eno1) echo 'no zone' >&2; exit 2 ;;
  --get-default-zone) echo public ;;
  '--zone=public --query-service=mdns') echo no; exit 1 ;;
  *) exit 99 ;;
esac
`
const stopped = "#!/bin/sh\necho 'not running' >&2\nexit 252\n"
const refused = "#!/bin/sh\necho 'Authorization failed.' >&2\nexit 253\n"
const notRoot = "#!/bin/sh\necho 'Operation not permitted (you must be root)' >&2\nexit 1\n"

t.test('what the commands of firewalls say', async (t) => {
  const folder = t.testdir()
  const { PATH } = process.env
  process.env.PATH = `${folder}:${PATH}`
  t.teardown(() => {
    process.env.PATH = PATH
  })
  const say = async (command: string, script: string) => {
    await writeFile(join(folder, command), script)
    await chmod(join(folder, command), 0o755)
  }
  await say('firewall-cmd', firewallCmd)
  t.same(await askFirewalld('eno1', signal), { zone: 'public', letsMdnsIn: false })
  await say('firewall-cmd', stopped)
  t.equal(await askFirewalld('eno1', signal), undefined)
  await say('firewall-cmd', refused)
  t.equal(await askFirewalld('eno1', signal), undefined)
  await say('nft', notRoot)
  t.equal(await readNftables(signal), 'hidden')
})

t.test('a command that is not there is no fault of ours', (t) => {
  t.ok(isMissing(Object.assign(new Error(), { code: 'ENOENT' })))
  t.notOk(isMissing(new TypeError('x')))
  t.end()
})
