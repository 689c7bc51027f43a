import { mdnsPort } from '../../../common/contract.ts'
import { errorMessage, Failure } from '../../../common/failure.ts'
import { type Link, ownIPv4, ownLinkLocal } from '../../../common/links.ts'
import { openGroup } from '../../../common/mdns.ts'
import type { Check } from '../check.ts'
import { readKernelFile } from '../doors/kernel.ts'
import { programsOf, readHolders, userName } from '../doors/sockets.ts'
import { type Finding, fix, rootFix } from '../finding.ts'

/** Port 5353: who else has it, and whether he shares. */
export const port: Check = {
  layer: 'port',
  isOfLinux: true,
  async run({ searched }) {
    const [programs, avahi] = await Promise.all([
      readPrograms(),
      readKernelFile('/etc/avahi/avahi-daemon.conf'),
    ])
    // Ours are opened after it was read who has it.
    const refusals = await Promise.all(searched.map(whyDeaf))
    const runsAvahi = programs.some((each) => each.includes('avahi'))
    return [
      judgeHolders(programs, refusals.flat()),
      ...judgeResponders(programs, searched),
      ...(runsAvahi ? judgeAvahi(avahi ?? '', searched) : []),
    ]
  },
}

/** Programs by name, or where only root sees that, by their user. */
async function readPrograms(): Promise<string[]> {
  const holders = await readHolders(mdnsPort)
  const names = await programsOf(new Set(holders.map(({ inode }) => inode)))
  const said = holders.map(
    async ({ uid, inode }) =>
      names.get(inode) ?? `a program of ${(await userName(uid)) ?? `user ${uid}`}`,
  )
  return [...new Set(await Promise.all(said))]
}

/** Why the group cannot be heard on a link. */
async function whyDeaf(link: Link): Promise<Failure[]> {
  const ipv4 = ownIPv4(link)
  const opened = await Promise.allSettled([
    ...(ownLinkLocal(link) ? [openGroup(link.name, 'IPv6')] : []),
    ...(ipv4 ? [openGroup(link.name, 'IPv4', ipv4)] : []),
  ])
  for (const each of opened) if (each.status === 'fulfilled') each.value.close()
  const reasons = opened.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
  return reasons.map((each) => (each instanceof Failure ? each : new Failure(errorMessage(each))))
}

const seeWho = rootFix(['ss', '-ulpn', `sport = :${mdnsPort}`])

/** What is to be said of the programs that have the port, and of why the group was not heard. Pure. */
export function judgeHolders(programs: readonly string[], refusals: readonly Failure[]): Finding {
  const who = programs.length > 0 ? programs.join(', ') : 'nobody'
  const [refusal] = refusals
  if (refusal && programs.length > 0)
    return {
      level: 'warn',
      code: 'port-held',
      reason: `UDP port ${mdnsPort} is held by ${who}, who shares it with nobody: what is told to all is not heard`,
      fix: seeWho,
    }
  if (refusal)
    return {
      level: 'warn',
      code: 'deaf',
      reason: `what is told to all is not heard: ${refusal.message}`,
    }
  if (programs.length === 0)
    return { level: 'ok', code: 'port-free', reason: `nobody else has UDP port ${mdnsPort}` }
  return {
    level: 'ok',
    code: 'port-shared',
    reason: `UDP port ${mdnsPort} is shared with ${who}: nothing is taken from either`,
  }
}

const isAvahi = (program: string) => program.includes('avahi')
const isResolved = (program: string) => program.includes('systemd-resolve')

/** Two responders on one machine take each other for another machine with the same name (RFC 6762 section 15). */
export function judgeResponders(
  programs: readonly string[],
  links: readonly Pick<Link, 'name'>[],
): Finding[] {
  if (!programs.some(isAvahi) || !programs.some(isResolved)) return []
  return [
    {
      level: 'warn',
      code: 'two-responders',
      reason:
        'avahi and systemd-resolved both answer for the name of this machine, and rename it in turn',
      fix: rootFix(...links.map(({ name }) => ['resolvectl', 'mdns', name, 'no'])),
    },
  ]
}

/** Settings of avahi-daemon.conf(5) by which other programs do not find what the scanner finds. */
export function judgeAvahi(settings: string, links: readonly Pick<Link, 'name'>[]): Finding[] {
  const value = (key: string) =>
    new RegExp(`^\\s*${key}\\s*=\\s*(.*?)\\s*$`, 'm').exec(settings)?.[1]
  const list = (key: string) => value(key)?.split(/\s*,\s*/)
  const edit = fix(['sudoedit', '/etc/avahi/avahi-daemon.conf'])
  const warn = (code: string, reason: string): Finding => ({
    level: 'warn',
    code,
    reason,
    fix: edit,
  })
  const isDeafTo = ({ name }: Pick<Link, 'name'>) =>
    list('deny-interfaces')?.includes(name) || list('allow-interfaces')?.includes(name) === false
  const deaf = links.filter(isDeafTo).map(({ name }) => name)
  return [
    ...(value('use-ipv6') === 'no'
      ? [
          warn(
            'avahi-ipv4-only',
            'avahi is told to use no IPv6 (use-ipv6=no): NixOS.local is not found on a bare cable',
          ),
        ]
      : []),
    ...(deaf.length > 0
      ? [
          warn(
            'avahi-deaf',
            `avahi is told not to listen on ${deaf.join(', ')}: NixOS.local is not found there`,
          ),
        ]
      : []),
  ]
}
