import t from 'tap'
import { type Arguments, checkOptions } from '../../agent/option-checks.ts'
import { exitStatus } from '../../common/contract.ts'
import { Failure } from '../../common/failure.ts'

const given: Arguments = {
  hostname: 'NixOS',
  user: 'nixos',
  sshPort: 22,
  staticAddress: 'fe80::47',
  hostKeys: '/etc/ssh',
  caKey: 'none',
  certificates: '/run/installer-agent/certificates',
  statusSocket: '/run/installer-agent/status.sock',
  issueFile: 'none',
  logLevel: 'info',
}

t.test('where the agent shows itself: a path, or none', (t) => {
  t.match(checkOptions(given), {
    statusSocket: '/run/installer-agent/status.sock',
    issueFile: undefined,
  })
  const over = { statusSocket: 'none', issueFile: '/run/issue.d/50-installer-agent.issue' }
  t.match(checkOptions({ ...given, ...over }), { ...over, statusSocket: undefined })
  t.end()
})

t.test('what cannot be a path is refused, with what would be right', (t) => {
  const cases: [Partial<Record<keyof Arguments, unknown>>, RegExp][] = [
    [{ statusSocket: 'status.sock' }, /absolute path, or none, after --status-socket, got 'status/],
    [{ statusSocket: '' }, /absolute path, or none/],
    [{ statusSocket: ['/a', '/b'] }, /got '\/a,\/b'/],
    [{ statusSocket: `/${'x'.repeat(107)}` }, /at most 107 bytes/],
    [{ statusSocket: `/${'ä'.repeat(54)}` }, /at most 107 bytes/],
    [{ caKey: 'key' }, /absolute path, or none, after --ca-key/],
    [{ certificates: '' }, /absolute path, or none, after --certificates/],
    [{ issueFile: 'issue' }, /absolute path, or none, after --issue-file/],
  ]
  for (const [over, complaint] of cases) {
    try {
      checkOptions({ ...given, ...over } as Arguments)
      t.fail(JSON.stringify(over))
    } catch (error) {
      t.ok(error instanceof Failure)
      t.match(error, { exitStatus: exitStatus.usage, message: complaint })
    }
  }
  t.ok(checkOptions({ ...given, statusSocket: `/${'x'.repeat(106)}` }))
  t.end()
})
