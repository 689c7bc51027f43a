import { type BannerSource, type Credentials, formatBanner, sshUri } from './banner.ts'
import { ed25519Randomart, readHostKeys } from './host-keys.ts'
import { qrLines } from './qr.ts'

/** Columns of a console in text mode; those of a frame buffer are wider. */
export const consoleColumns = 80

/** What is shown of sshd's keys in a folder: fingerprints, and a picture where ssh-keygen is. */
export async function readCredentials(folder: string): Promise<Credentials> {
  const hostKeys = await readHostKeys(folder)
  return { hostKeys, randomart: await ed25519Randomart(hostKeys) }
}

/** The console's banner: how to reach this machine, and how to know that it is this one. */
export function issueText(source: BannerSource, credentials: Credentials, width: number): string {
  const uri = sshUri(source, credentials.hostKeys)
  const lines = formatBanner(source, credentials, uri ? qrLines(uri) : [], width)
  return `${lines.join('\n')}\n`
}

/** As a file that agetty reads, where a backslash begins an escape (agetty(8), ISSUE FILES). */
export function asIssueFile(text: string): string {
  return `${text.replaceAll('\\', '\\\\')}\n`
}
