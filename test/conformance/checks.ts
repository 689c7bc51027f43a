import type { Check } from './check.ts'
import { conflictChecks } from './conflicts.ts'
import { formatChecks } from './format.ts'
import { lifetimeChecks } from './lifetimes.ts'
import { linkChecks } from './links.ts'
import { probingChecks } from './probing.ts'
import { respondingChecks } from './responding.ts'
import { serviceChecks } from './service-discovery.ts'
import { startupChecks } from './startup.ts'
import { suppressionChecks } from './suppression.ts'
import { unicastChecks } from './unicast.ts'

/** All of them, in the order in which results are shown. */
export const checks: readonly Check[] = [
  ...startupChecks,
  ...probingChecks,
  ...respondingChecks,
  ...unicastChecks,
  ...suppressionChecks,
  ...conflictChecks,
  ...lifetimeChecks,
  ...formatChecks,
  ...serviceChecks,
  ...linkChecks,
]
