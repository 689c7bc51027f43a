import type { Check } from './check.ts'
import { respondingChecks } from './responding.ts'
import { startupChecks } from './startup.ts'
import { suppressionChecks } from './suppression.ts'
import { unicastChecks } from './unicast.ts'

/** All of them, in the order in which results are shown. */
export const checks: readonly Check[] = [
  ...startupChecks,
  ...respondingChecks,
  ...unicastChecks,
  ...suppressionChecks,
]
