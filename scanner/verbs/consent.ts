import type { Options } from 'yargs'
import { isFingerprint } from '../../common/advertisement.ts'
import { usageFailure } from '../options.ts'

/** What the user says of a host key, for each verb that goes by ssh. */
export const consentOptions = {
  fingerprint: {
    type: 'string',
    requiresArg: true,
    describe: 'only with this host key, SHA256:... read off the console',
  },
  'accept-new-key': {
    type: 'boolean',
    default: false,
    describe: 'another key than before is the same machine, booted anew',
  },
} as const satisfies Record<string, Options>

export function readFingerprint(text: string | undefined): string | undefined {
  if (text === undefined || isFingerprint(text)) return text
  throw usageFailure(
    `expected a fingerprint, got '--fingerprint ${text}'`,
    'SHA256: and 43 letters, as the console and ssh-keygen -l show it',
  )
}
