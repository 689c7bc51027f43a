import type { Log } from '../../common/log.ts'
import { readHostKeys } from '../host-keys.ts'
import type { RunOptions } from '../options.ts'
import type { StatusSource } from './status.ts'
import { serveStatus } from './status-socket.ts'

export interface Report {
  close(): Promise<void>
}

/**
 * What the running agent shows on its own machine: the status to whoever asks, the banner on the
 * console. Throws a Failure when another agent runs here.
 */
export async function startReporting(
  source: StatusSource,
  options: RunOptions,
  log: Log,
): Promise<Report> {
  const { statusSocket, issueFile } = options
  const server = statusSocket && (await serveStatus(statusSocket, () => source.status(), log))
  const issue = issueFile ? await keepIssue(issueFile, source, options, log) : undefined
  return {
    async close() {
      issue?.close()
      if (server) await server.close()
    },
  }
}

async function keepIssue(path: string, source: StatusSource, options: RunOptions, log: Log) {
  // The QR encoder is loaded by those who asked for a banner.
  const { IssueFile } = await import('./issue-file.ts')
  const issue = new IssueFile(path, source, readHostKeys(options.hostKeys), log)
  source.onChange = () => issue.changed()
  return issue
}
