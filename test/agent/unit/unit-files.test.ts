import t from 'tap'
import { unitFileNames } from '../../../agent/unit/names.ts'
import { type Installation, unitFile } from '../../../agent/unit/unit-files.ts'

const machine: Installation = {
  command: ['/opt/node/bin/node', '/opt/100%/main.js', 'run'],
  programs: ['-/usr', '/opt/node'],
  path: [],
  locate: (name) => `/sbin/${name}`,
  sshd: 'ssh.service',
  systemd: 257,
}

t.test('paths of the machine take the places of the templates', (t) => {
  const text = unitFile('installer-agent.service', machine)
  t.match(text, 'ExecStart="/opt/node/bin/node" "/opt/100%%/main.js" "run"\n')
  const folders = ['-/usr', '/opt/node', '-/etc/ssh', '-/etc/os-release']
  t.match(text, `${folders.map((each) => `BindReadOnlyPaths=${each}\n`).join('')}Cap`)
  t.match(unitFile('installer-agent-issue.service', machine), 'ExecStart=/sbin/agetty --reload\n')
  const reload = 'ExecStart=/sbin/systemctl try-reload-or-restart ssh.service\n'
  t.match(unitFile('installer-agent-certificate.service', machine), reload)
  for (const name of unitFileNames) t.notMatch(unitFile(name, machine), /@[a-z]+@/, name)
  t.end()
})

t.test('programs outside of the usual folders are on the path of the unit', (t) => {
  const text = unitFile('installer-agent.service', { ...machine, path: ['/opt/b', '/opt/c'] })
  t.match(text, '"run"\nEnvironment=PATH=/opt/b:/opt/c:/usr')
  t.end()
})

t.test('systemd gets what it knows', (t) => {
  const text = (systemd: number) => unitFile('installer-agent.service', { ...machine, systemd })
  t.match(text(254), /^Type=notify$/m)
  t.match(text(254), /^RestartSteps=/m)
  t.match(text(253), /^Type=exec$/m)
  t.notMatch(text(253), /^(RestartSteps|OpenFile)=/m)
  t.end()
})
