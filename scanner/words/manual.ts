import type { exitStatus } from '../../common/contract.ts'
import type { Manual } from '../../common/manual.ts'
import { scannerWords } from './definitions.ts'

/** In the order of their numbers, from 0. */
const statuses: Record<keyof typeof exitStatus, string> = {
  done: 'done',
  failed: 'failed',
  usage: 'wrong usage',
  nothingFound: 'nothing found, or time was up',
  ambiguous: 'more than one machine fits',
  identityMismatch: 'the host key or the identity does not match',
  unreachable: 'found, but no ssh server answers',
}

/** The manual page scanner(1). */
export function scannerManual(date: Date): Manual {
  const rows = Object.values(statuses).flatMap((words, status) => [`.It ${status}`, words])
  return {
    name: 'scanner',
    section: 1,
    summary: 'find machines booted from a NixOS live ISO, and open a shell on them',
    date,
    words: scannerWords(),
    sections: [
      {
        title: 'FILES',
        roff: [
          '.Bl -tag -width Ds',
          '.It Pa ~/.local/state/installer-discovery/known_hosts',
          'host keys of installers, by the identity of the machine',
          '.It Pa ~/.cache/installer-discovery/names.json',
          'names that were seen of late, for completion',
          '.El',
        ].join('\n'),
      },
      {
        title: 'EXIT STATUS',
        roff: [
          '.Bl -tag -width Ds',
          ...rows,
          '.El',
          '.Pp',
          '.Ic scanner ssh',
          'otherwise gives the status of',
          '.Xr ssh 1 .',
        ].join('\n'),
      },
      {
        title: 'EXAMPLES',
        roff: [
          'A shell on the installer that is called NixOS:',
          '.Pp',
          '.Dl scanner ssh NixOS',
          '.Pp',
          'The addresses of all of them, for a script:',
          '.Pp',
          ".Dl scanner find --json | jq -r '.installers[].target'",
        ].join('\n'),
      },
      { title: 'SEE ALSO', roff: '.Xr ssh 1 ,\n.Xr installer-agent 8' },
    ],
  }
}
