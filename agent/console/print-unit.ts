import { findInstallation } from '../unit/installation.ts'
import type { UnitFile } from '../unit/names.ts'
import { unitFile } from '../unit/unit-files.ts'

/** `installer-agent unit`: a unit file for this installation; of this systemd, or of a version that is said. */
export async function printUnit(name: UnitFile, systemd?: number): Promise<void> {
  process.stdout.write(unitFile(name, await findInstallation(systemd)))
}
