import type { HostKey } from '../host-keys.ts'
import { type BannerSource, formatBanner, sshUri } from './banner.ts'
import { qrLines } from './qr.ts'

/** Columns of a console in text mode; those of a frame buffer are wider. */
export const consoleColumns = 80

/** The console's banner: how to reach this machine, and how to know that it is this one. */
export function issueText(
  source: BannerSource,
  hostKeys: readonly HostKey[],
  width: number,
): string {
  const uri = sshUri(source, hostKeys)
  const lines = formatBanner(source, hostKeys, uri ? qrLines(uri) : [], width)
  return `${lines.join('\n')}\n`
}

/** As a file that agetty reads, where a backslash begins an escape (agetty(8), ISSUE FILES). */
export function asIssueFile(text: string): string {
  return `${text.replaceAll('\\', '\\\\')}\n`
}
