import { allNodes } from '../../../common/contract.ts'
import { Failure } from '../../../common/failure.ts'
import { ownLinkLocal } from '../../../common/links.ts'
import { echo } from '../../sources/echo.ts'
import type { Check } from '../check.ts'
import { type Finding, fix, rootFix } from '../finding.ts'

/** Whether `ping` is there, and may send. */
export const ping: Check = {
  layer: 'ping',
  async run({ searched }, signal) {
    const link = searched.find(ownLinkLocal)
    if (link === undefined) return []
    try {
      for await (const _ of echo(link, allNodes, signal)) break
      return [{ level: 'ok', code: 'ping', reason: 'ping may send' }]
    } catch (error) {
      if (error instanceof Failure) return [judgePing(error)]
      throw error
    }
  },
}

/** Group ids for whom the kernel opens ping's sockets (icmp(7), ping_group_range). */
const everybody = '0 2147483647'

/** What is to be said of why `ping` failed. Pure. */
export function judgePing({ message, advice }: Failure): Finding {
  const rest = 'machines that do not speak mDNS may stay hidden'
  if (/may not send/.test(message))
    return {
      level: 'warn',
      code: 'ping-forbidden',
      reason: `ping may not send for this user: ${rest}`,
      fix: rootFix(['sysctl', '-w', `net.ipv4.ping_group_range=${everybody}`]),
    }
  if (/was not found/.test(message))
    return {
      level: 'warn',
      code: 'ping-missing',
      reason: `${message}: ${rest}; ${advice ?? ''}`,
    }
  return {
    level: 'warn',
    code: 'ping-fails',
    reason: `${message}: ${rest}`,
    fix: fix(['ping', '-6', '-c1', '::1']),
  }
}
