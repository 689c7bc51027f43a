import { runCommand } from '../../common/command.ts'

/** The server has answered a moment ago. */
const answerSeconds = 3

/**
 * The host certificates that the server at an address shows, in base64; none when it shows none.
 * Throws a Failure when there is no ssh-keyscan.
 */
export async function scanCertificates(target: string, port: number): Promise<string[]> {
  const args = ['-c', '-T', String(answerSeconds), '-p', String(port), '--', target]
  const { stdout } = await runCommand('ssh-keyscan', args)
  // With the host before it or, by some versions, without.
  const found = stdout.matchAll(/(?:^|\s)\S+-cert-v01@openssh\.com (\S+)/gm)
  return [...found].map(([, key = '']) => key)
}
