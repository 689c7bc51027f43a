import type { LogLevel } from '../common/log.ts'

/** What `installer-agent run` was told, by option, environment or JSON file. */
export interface RunOptions {
  hostname: string
  user: string
  sshPort: number
  /** Interface name patterns; none means every suitable link. */
  interfaces: string[]
  /** Undefined when no static address is wanted. */
  staticAddress: string | undefined
  addresses: boolean
  mdns: boolean
  /** Folder with sshd's public host keys. */
  hostKeys: string
  /** Private key of the certificate authority that signs the host keys; undefined for none. */
  caKey?: string | undefined
  /** Folder for the certificates that it makes; undefined for none. */
  certificates?: string | undefined
  /** Where on this machine the baked flake lies. */
  flake: string | undefined
  /** Where `installer-agent status` asks; undefined for nowhere. */
  statusSocket?: string | undefined
  /** File with the console's banner, kept up to date; undefined for none. */
  issueFile?: string | undefined
  logLevel: LogLevel
}
