import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { eventually } from '../netns/segment.ts'
import { type LiveSystem, type Segment, ssh } from './live.ts'
import { packageFolder } from './tree.ts'

/** What the tree has of us besides the program. */
const forget = `
systemctl disable --now installer-agent.service installer-agent-issue.path installer-agent-certificate.path
rm -r /etc/systemd/system/installer-agent* /etc/issue.d/installer-agent.issue \
  /etc/ssh/sshd_config.d/certificate.conf
systemctl daemon-reload`

/** The commands of docs/other-distributions.md, on a machine that has the program only. */
export async function makeByHand(t: Test, segment: Segment): Promise<void> {
  const [, system] = segment.systems as [LiveSystem, LiveSystem]
  const shell = (script: string) => system.inside('sh', '-e', '-c', script)
  await shell(forget)
  for (const script of await documented()) await shell(script)
  const find = ['find', system.id, '--source=service', '--wait', '--json', '--timeout=30s']
  const row = async () => JSON.parse((await segment.lab.scanner(find)).stdout).installers[0]
  const named = await eventually(row, (found) => found?.configuredName === 'Debian', 20_000)
  t.match(named, { configuredName: 'Debian', user: 'root' })
  const entered = await eventually(
    () => ssh(segment, system.id, 'id -un'),
    ({ status }) => status === 0,
    20_000,
  )
  t.same(entered, { status: 0, stdout: 'root\n', stderr: '' }, 'with a certificate')
  const banner = () => shell('cat /etc/issue.d/installer-agent.issue')
  t.match(await eventually(banner, (text) => text.includes('Debian')), 'scanner ssh Debian')
}

async function documented(): Promise<string[]> {
  const text = await readFile(join(packageFolder, 'docs/other-distributions.md'), 'utf8')
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, script = '']) => script)
}
