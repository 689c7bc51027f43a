import { runCommand } from '../../common/command.ts'

/** The server has answered a moment ago. */
const answerSeconds = 3

/**
 * The host certificates that the server at an address shows, as lines of known_hosts under that
 * address; empty when it shows none. Throws a Failure when there is no ssh-keyscan.
 */
export async function scanCertificates(target: string, port: number): Promise<string> {
  const args = ['-c', '-T', String(answerSeconds), '-p', String(port), '--', target]
  const { stdout } = await runCommand('ssh-keyscan', args)
  return stdout
}
