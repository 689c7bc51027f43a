import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runCommand } from '../../common/command.ts'
import { agentProgram } from '../../scanner/demo/installer.ts'

/** Runs the program with these variables, and none of ours from elsewhere. */
async function run(args: readonly string[], variables: Record<string, string> = {}) {
  const set = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  return runCommand('env', ['-u', 'NODE_OPTIONS', ...set, process.execPath, agentProgram, ...args])
}

t.test('each verb has its help', async (t) => {
  t.match((await run(['--help'])).stdout, /installer-agent status[\s\S]*--issue-file/)
  const status = (await run(['status', '--help'])).stdout
  t.match(status, /installer-agent status \[--json\]/)
  t.match(status, '--status-socket')
  t.notMatch(status, '--static-address', 'what only run heeds is not shown')
  const unit = (await run(['unit', '--help'])).stdout
  t.match(unit, /unit \[FILE\][\s\S]*--systemd/)
  t.notMatch(unit, '--hostname')
  t.match((await run(['issue', '--help'])).stdout, /QR code[\s\S]*--host-keys/)
})

t.test('wrong usage is status 2, an agent that is not there status 1', async (t) => {
  const nowhere = '/nonexistent/s'
  const cases: [string[], number, RegExp][] = [
    [['status', '--jsno'], 2, /Unknown argument: jsno/],
    [['status', 'all'], 2, /Unknown/],
    [['issue', '--json'], 2, /Unknown argument: json/],
    [['status', '--status-socket', 'none'], 2, /expected the path of a status socket, got none/],
    [['status', '--status-socket'], 2, /status-socket/],
    [['run', '--ca-key', 'here'], 2, /expected an absolute path, or none, after --ca-key/],
    [['run', '--issue-file', 'here'], 2, /expected an absolute path/],
    [['unit', 'other.service'], 2, /Choices: "installer-agent.service"/],
    [['unit', '--systemd', 'new'], 2, /expected a version number after --systemd/],
    [['status', '--status-socket', nowhere], 1, /no running installer-agent answers/],
  ]
  for (const [args, expected, complaint] of cases) {
    const { status, stdout, stderr } = await run(args)
    t.equal(status, expected, args.join(' '))
    t.match(stderr, complaint)
    t.equal(stdout, '', 'data only')
  }
})

t.test('the environment and the file of the service are for all verbs', async (t) => {
  const config = join(t.testdir(), 'config.json')
  const socket = '/nonexistent/s'
  writeFileSync(config, JSON.stringify({ 'static-address': 'none', 'status-socket': socket }))
  for (const variables of [
    { INSTALLER_AGENT_CONFIG: config },
    { INSTALLER_AGENT_STATUS_SOCKET: socket, INSTALLER_AGENT_ISSUE_FILE: '/run/x' },
  ] as Record<string, string>[]) {
    const { status, stderr } = await run(['status'], variables)
    t.equal(status, 1)
    t.match(stderr, `no running installer-agent answers at ${socket}\n`)
  }
})
