import type { Machine } from '../machine.ts'

/** A machine as `find --json` and the library show it. */
export type Installer = Omit<Machine, 'installer' | 'announcedKeys'>

export function publicInstaller(machine: Machine): Installer {
  const { installer: _, announcedKeys: __, ...shown } = machine
  return shown
}

/** The one document of `find --json`; its shape is in docs/find.schema.json and stays stable. */
export function formatJson(machines: readonly Machine[], warnings: readonly string[]): string {
  const installers = machines.map(publicInstaller)
  return `${JSON.stringify({ version: 1, installers, warnings })}\n`
}
