import { execLine } from './exec-line.ts'
import type { UnitFile } from './names.ts'
import { templates } from './templates.ts'

/** Where the programs of the units lie on this machine. */
export interface Installation {
  /** Command line of the agent. */
  command: readonly string[]
  /** Folders with the programs and their libraries; a minus: it may be missing. */
  programs: readonly string[]
  /** Folders with `ip` and `ssh-keygen` that systemd would not look in. */
  path: readonly string[]
  /** The path of another program; throws a Failure when it is missing. */
  locate(name: string): string
  /** sshd's unit. */
  sshd: string
  /** Version of systemd. */
  systemd: number
}

/** Where systemd looks for the programs of a unit (systemd.exec(5), ExecSearchPath=). */
export const systemdPath = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
]

/** The first systemd that knows every key of the unit; for older ones there is another text. */
const currentSystemd = 254

/** Each file's text for a machine. */
const unitFiles: Record<UnitFile, (machine: Installation) => string> = {
  'installer-agent.service': ({ systemd }: Installation) =>
    systemd >= currentSystemd ? templates.service : templates.olderService,
  'installer-agent.service.d/ca-key.conf': () => templates.caKey,
  'installer-agent-issue.path': () => templates.issuePath,
  'installer-agent-issue.service': () => templates.issueService,
  'installer-agent-certificate.path': () => templates.certificatePath,
  'installer-agent-certificate.service': () => templates.certificateService,
}

/** The text of a unit file with the paths of this machine in it. */
export function unitFile(name: UnitFile, machine: Installation): string {
  const { path, programs } = machine
  const search = [...path, ...systemdPath].join(':')
  const environment = path.length > 0 ? [`Environment=PATH=${search}`] : []
  const lines: Record<string, string[]> = {
    'ExecStart=@exec@': [`ExecStart=${execLine(machine.command)}`, ...environment],
    'BindReadOnlyPaths=@programs@': programs.map((each) => `BindReadOnlyPaths=${each}`),
  }
  return unitFiles[name](machine)
    .split('\n')
    .flatMap((line) => lines[line] ?? line)
    .join('\n')
    .replace(/@(agetty|systemctl)@/g, (_, program: string) => machine.locate(program))
    .replaceAll('@sshd@', machine.sshd)
}
