import { userInfo } from 'node:os'
import { join } from 'node:path'
import { scanner, timeToExit, wordsIn } from './commands.ts'
import { type Pair, withInstaller } from './installer.ts'
import { inTurn, type Row, spread, type Topic } from './measure.ts'

/** `scanner ssh NixOS true`, which has to find it first, beside ssh to the address, typed by hand. */
export const ssh: Topic = {
  name: 'ssh',
  needs: ['ip', 'ping', 'ssh', 'sshd', 'ssh-keygen'],
  measure: (runs) => withInstaller((pair) => measure(pair, runs)),
}

async function* measure({ operator, files, address }: Pair, runs: number): AsyncGenerator<Row> {
  const options = ['-F', 'none', '-o', 'IdentitiesOnly=yes', '-i', files.identity]
  // Both know the host key: a first connection writes it down.
  const known = `UserKnownHostsFile=${join(files.folder, 'known_hosts')}`
  const typed = ['-o', known, '-o', 'StrictHostKeyChecking=accept-new', '-T', '-n']
  const byHand = ['ssh', ...options, ...typed, `${userInfo().username}@${address}`, 'true']
  const ours = [...scanner, 'ssh', 'NixOS', ...options, 'true']
  const state = { XDG_STATE_HOME: files.folder }
  const figures = await inTurn(
    {
      byHand: () => timeToExit(wordsIn(operator, byHand)),
      ours: () => timeToExit(wordsIn(operator, ours), state),
    },
    runs,
  )
  yield {
    what: 'scanner ssh NixOS true, discovery included',
    unit: 'ms',
    ours: spread(figures.ours),
    peer: { name: 'ssh user@fe80::...%op0 true', spread: spread(figures.byHand) },
    target: { most: 1.4 },
  }
}
