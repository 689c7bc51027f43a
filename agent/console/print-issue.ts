import { explain } from '../../common/failure.ts'
import { readLinks } from '../../common/links.ts'
import { isServed } from '../addresses/desired-addresses.ts'
import { readHostKeys } from '../host-keys.ts'
import { machineId } from '../identity.ts'
import { namesAfter } from '../mdns/names.ts'
import type { RunOptions } from '../options.ts'
import type { BannerSource } from './banner.ts'
import { consoleColumns, issueText } from './issue.ts'
import { AgentAbsent, readStatus, statusSocketOf } from './read-status.ts'
import { linkStatus } from './status.ts'

/** `installer-agent issue`: from the running agent, else what files and the kernel know. */
export async function printIssue(options: RunOptions): Promise<void> {
  const source = await readStatus(statusSocketOf(options)).catch((error: unknown) => {
    if (!(error instanceof AgentAbsent)) throw error
    process.stderr.write(`installer-agent: ${explain(error)}; names are not announced\n`)
    return kernelSource(options)
  })
  const hostKeys = readHostKeys(options.hostKeys)
  const width = process.stdout.columns ?? consoleColumns
  process.stdout.write(issueText(source, hostKeys, width))
}

/** The addresses that are there without us; nobody answers to a name. */
async function kernelSource(options: RunOptions): Promise<BannerSource> {
  const links = await readLinks()
  const { hostname: configuredName, user, sshPort: port, interfaces } = options
  const served = links.filter((link) => isServed(link, interfaces))
  const nothing = { kept: [], responders: [], complaints: [] }
  return {
    id: machineId(links) ?? null,
    configuredName,
    user,
    port,
    links: served.map((link) => {
      const names = namesAfter(false, 0, configuredName, link.mac ?? '')
      const { staticAddress } = options
      return linkStatus({ ...nothing, link, staticAddress, configuredName, names, conflicts: 0 })
    }),
  }
}
