import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../../common/command.ts'
import { agentProgram } from '../../scanner/demo/installer.ts'
import { type Namespace, runInside } from '../../scanner/demo/namespace.ts'
import type { LinkKind } from './check.ts'

/** Who is examined. The checks are the same for all; what differs between them is here. */
export interface Peer {
  name: 'agent' | 'avahi'
  /** The host name that it claims first. */
  host: string
  /** Its service instances, of the first two types below. */
  instances: readonly string[]
  services: readonly string[]
  subtype: string
  /** What its host name may look like once it has lost the first one. */
  renamed: RegExp
  /** Files for it, made once. */
  prepare(folder: string): Promise<void>
  /** The command that runs it, in the foreground. */
  start(namespace: Namespace, folder: string, kind: LinkKind): Promise<Program>
}

export type Program = ReturnType<Namespace['start']>

/** The card of the examined machine. */
export const peerMac = '52:54:00:12:34:56'
export const secondMac = '52:54:00:12:34:57'
const services = ['_ssh._tcp.local', '_sftp-ssh._tcp.local']
const names = {
  host: 'NixOS.local',
  services,
  instances: services.map((service) => `NixOS.${service}`),
  subtype: '_nixos-installer._sub._ssh._tcp.local',
}

const agent: Peer = {
  ...names,
  name: 'agent',
  renamed: /^nixos-1234(56|57)\.local$/,
  async prepare(folder) {
    // More than one key, as every installer has.
    for (const type of ['ed25519', 'ecdsa']) {
      const path = join(folder, `ssh_host_${type}_key`)
      await runCommand('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', '', '-f', path])
    }
  },
  async start(namespace, folder, kind) {
    const options = kind === 'IPv4' ? ['--static-address', 'none'] : []
    const args = [agentProgram, 'run', '--host-keys', folder, ...options]
    return namespace.start(['env', '-u', 'NODE_OPTIONS', process.execPath, ...args])
  },
}

const serviceFile = (type: string, extra: string) => `<?xml version="1.0"?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name replace-wildcards="yes">%h</name>
<service><type>${type}</type>${extra}<port>22</port>
<txt-record>txtvers=1</txt-record></service></service-group>
`

const avahi: Peer = {
  ...names,
  name: 'avahi',
  renamed: /^NixOS-\d+\.local$/,
  async prepare(folder) {
    const published = join(folder, 'services')
    await mkdir(published)
    const subtype = '<subtype>_nixos-installer._sub._ssh._tcp</subtype>'
    await writeFile(join(published, 'ssh.service'), serviceFile('_ssh._tcp', subtype))
    await writeFile(join(published, 'sftp.service'), serviceFile('_sftp-ssh._tcp', ''))
    await writeFile(
      join(folder, 'avahi.conf'),
      '[server]\nhost-name=NixOS\nuse-ipv4=yes\nuse-ipv6=yes\nenable-dbus=no\n[publish]\npublish-workstation=no\npublish-hinfo=no\n',
    )
  },
  async start(namespace, folder) {
    await runInside(namespace, 'mount', ['--bind', join(folder, 'services'), '/etc/avahi/services'])
    return namespace.start([
      'avahi-daemon',
      '--file',
      join(folder, 'avahi.conf'),
      '--no-drop-root',
      '--no-chroot',
      '--no-rlimits',
    ])
  },
}

export const peers = { agent, avahi }
