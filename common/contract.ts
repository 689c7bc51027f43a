/**
 * The names on which the two programs, and scripts outside this repository, rely.
 * Changing one of them is a change of the product, not of the code.
 */

/** Version of both programs; a test holds it against package.json. */
export const version = '0.1.0'

/** The static link-local address, the same on every installer: n=14 + i=9 + x=24 = 47. */
export const staticLinkLocal = 'fe80::47'

/** Solicited-node group of the static address (RFC 4291 section 2.7.1): a beacon that every installer answers. */
export const staticSolicitedNode = 'ff02::1:ff00:47'

/** All nodes of a link (RFC 4291 section 2.7.1). */
export const allNodes = 'ff02::1'

/** RFC 6762 section 3: mDNS groups and port. */
export const mdnsPort = 5353
export const mdnsGroup = { IPv4: '224.0.0.251', IPv6: 'ff02::fb' } as const

/** Host name an installer announces unless it is told another. */
export const defaultHostname = 'NixOS'

/** Names of live systems without our agent, asked for as well: stock ISO, nixos-images. */
export const stockHostnames = ['nixos', 'nixos-installer'] as const

/** Service types announced (RFC 6763 section 7), and the subtype (7.1) that says "an installer". */
export const sshService = '_ssh._tcp.local'
export const sftpService = '_sftp-ssh._tcp.local'
export const installerSubtype = '_nixos-installer._sub._ssh._tcp.local'
export const serviceEnumeration = '_services._dns-sd._udp.local'

/** Exit statuses of `scanner` and `installer-agent`. */
export const exitStatus = {
  done: 0,
  failed: 1,
  usage: 2,
  nothingFound: 3,
  ambiguous: 4,
  identityMismatch: 5,
  unreachable: 6,
} as const
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus]
