import type { Machine } from '../machine.ts'

/** The one document of `find --json`; its shape is in docs/find.schema.json and stays stable. */
export function formatJson(machines: readonly Machine[], warnings: readonly string[]): string {
  const installers = machines.map(({ installer: _, ...shown }) => shown)
  return `${JSON.stringify({ version: 1, installers, warnings })}\n`
}
