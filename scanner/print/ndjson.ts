import type { MachineEvent } from '../watch/events.ts'

import { type Installer, publicInstaller } from './json.ts'

export type { Installer }

/** One event, as a line of `find --ndjson` and as the library gives it: docs/event.schema.json. */
export interface InstallerEvent {
  /** For `lost` the installer is as it was last known. */
  event: 'found' | 'changed' | 'lost'
  /** ISO 8601. */
  at: string
  installer: Installer
  /** The id that the installer had until now, when what was heard since tells a better one. */
  formerId?: string
}

/** The shape that others rely on. */
export function publicEvent({ event, machine, formerId }: MachineEvent, at: Date): InstallerEvent {
  const installer = publicInstaller(machine)
  return { event, at: at.toISOString(), installer, ...(formerId && { formerId }) }
}

/** One line of JSON. */
export function formatEvent(event: InstallerEvent): string {
  return `${JSON.stringify(event)}\n`
}
