import { eui64FromMac } from '../common/address.ts'
import type { Advertisement } from '../common/advertisement.ts'
import { version } from '../common/contract.ts'
import type { Link } from '../common/links.ts'
import { readHostKeys, readText } from './host-keys.ts'
import type { RunOptions } from './options.ts'

/** What this machine says of itself on every link, besides the machine's id. */
export type Identity = Omit<Advertisement, 'id' | 'eui64'>

/** Reads what does not change while the agent runs; a file that is not there leaves its field empty. */
export function readIdentity(options: RunOptions): Identity {
  const boot = readText('/proc/sys/kernel/random/boot_id')
  const os = readText('/etc/os-release')
  const hostKeys = readHostKeys(options.hostKeys)
  return {
    host: options.hostname,
    user: options.user,
    hostKeys: hostKeys.map((key) => key.fingerprint),
    boot: boot.replaceAll('-', '').slice(0, 8),
    agent: version,
    os: parseOsRelease(os),
    flake: options.flake,
  }
}

/**
 * The card that names the machine: one on a bus before one made by software, then the one that
 * the kernel found first, so that a card plugged in later changes nothing.
 */
export function machineId(links: readonly Link[]): string | undefined {
  const cards = links.filter((link) => link.mac !== undefined && !link.loopback && link.multicast)
  const [primary] = cards.sort(
    (a, b) => Number(b.physical) - Number(a.physical) || a.index - b.index,
  )
  return primary?.mac && eui64FromMac(primary.mac)
}

/** `NixOS 26.05` from os-release(5); undefined when it says nothing. */
export function parseOsRelease(text: string): string | undefined {
  const value = (key: string) =>
    new RegExp(`^${key}=(["']?)(.*)\\1$`, 'm').exec(text)?.[2]?.trim() || undefined
  const name = value('NAME')
  const number = value('VERSION_ID')
  return name && number ? `${name} ${number}` : (value('PRETTY_NAME') ?? name)
}
