import { setMaxListeners } from 'node:events'
import { exitStatus } from '../../common/contract.ts'
import { isRoot } from '../demo/world.ts'
import type { Context } from '../doctor/check.ts'
import { count } from '../doctor/checks/link.ts'
import { checks, checksOn } from '../doctor/checks.ts'
import { diagnose } from '../doctor/diagnose.ts'
import type { LayerFinding } from '../doctor/finding.ts'
import { look } from '../doctor/look.ts'
import { whyMute } from '../left-out.ts'
import { meantLinks } from '../operator-links.ts'
import type { Console } from '../options.ts'
import { formatDiagnosis, formatFinding } from '../print/findings.ts'

export interface DoctorOptions {
  name: string | undefined
  interfaces: string[]
  json: boolean
}

/** `scanner doctor [NAME]`: one line a finding on stdout; status 0 only when nothing failed. */
export async function doctor(
  { name, interfaces, json }: DoctorOptions,
  console_: Console,
  signal: AbortSignal,
): Promise<number> {
  const { links, meant } = await meantLinks(interfaces, console_.warn)
  const searched = meant.filter((link) => whyMute(link) === undefined)
  // Each check and each command that it runs listens to it.
  setMaxListeners(0, signal)
  const found = look(searched, name, console_.log, signal)
  // Each check that waits for it says that it failed.
  found.catch(() => {})
  const isNamed = interfaces.length > 0
  const context: Context = { name, isNamed, links, meant, searched, look: found }
  const able = checksOn(process.platform)
  if (able.length < checks.length)
    console_.warn(
      `routes, kernel parameters, port 5353 and name services are looked at on Linux only`,
    )
  const findings: LayerFinding[] = []
  for await (const finding of diagnose(able, context, signal)) {
    findings.push(finding)
    if (!json) process.stdout.write(formatFinding(finding, style()))
  }
  if (signal.aborted) return exitStatus.failed
  if (json) process.stdout.write(formatDiagnosis(name, findings, isRoot()))
  const of = (level: LayerFinding['level']) =>
    findings.filter((each) => each.level === level).length
  const failed = of('fail')
  if (!json)
    console_.say(
      `scanner: ${failed === 0 ? 'nothing failed' : `${failed} failed`}, ${count(of('warn'), 'warning')}`,
    )
  return failed === 0 ? exitStatus.done : exitStatus.failed
}

function style() {
  const { isTTY, columns } = process.stdout
  const colour = isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
  return { width: isTTY ? columns : undefined, colour, isRoot: isRoot() }
}
