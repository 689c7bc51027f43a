import type { Check } from './check.ts'
import { addresses } from './checks/address.ts'
import { firewall } from './checks/firewall.ts'
import { identities } from './checks/identity.ts'
import { installers } from './checks/installer.ts'
import { interfaces } from './checks/interface.ts'
import { keys } from './checks/keys.ts'
import { linkBehaviour } from './checks/link.ts'
import { logins } from './checks/login.ts'
import { names } from './checks/names.ts'
import { neighbours } from './checks/neighbour.ts'
import { ping } from './checks/ping.ts'
import { port } from './checks/port.ts'
import { routes } from './checks/route.ts'
import { sshServers } from './checks/ssh.ts'
import { sysctls } from './checks/sysctl.ts'

/** From the card up to the login. */
export const checks: readonly Check[] = [
  interfaces,
  addresses,
  routes,
  sysctls,
  neighbours,
  firewall,
  port,
  names,
  ping,
  linkBehaviour,
  installers,
  sshServers,
  identities,
  keys,
  logins,
]

/** Those that can look at something on a system. */
export function checksOn(platform: NodeJS.Platform): Check[] {
  return checks.filter(({ isOfLinux = false }) => platform === 'linux' || !isOfLinux)
}
