import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Namespace, runInside } from '../../scanner/demo/namespace.ts'

/**
 * Starts a real D-Bus and a real NetworkManager on a machine, as a stock live ISO has it: any cable
 * gets "Wired connection 1" with automatic IPv4 and IPv6. Its files lie in the machine's own folders.
 */
export async function startNetworkManager(
  namespace: Namespace,
  folder: string,
  timeoutSeconds?: number,
): Promise<ReturnType<Namespace['start']>> {
  for (const own of ['/etc/NetworkManager', '/var/lib/NetworkManager'])
    await runInside(namespace, 'mount', ['-t', 'tmpfs', 'tmpfs', own])
  // NetworkManager waits for udev to know a device, unless it finds itself in a container.
  await runInside(namespace, 'mount', ['-t', 'sysfs', '-o', 'ro', 'sysfs', '/sys'])
  const config = join(folder, 'NetworkManager.conf')
  // It gives up when neither DHCP nor a router has answered: after 45 s by default.
  const timeouts = ['[connection]', 'ipv4.dhcp-timeout', 'ipv6.ra-timeout']
  const shortened = timeoutSeconds
    ? timeouts.map((each) => (each.includes('-') ? `${each}=${timeoutSeconds}` : each))
    : []
  const settings = [
    ['[main]', 'plugins=keyfile', 'dns=none', 'rc-manager=unmanaged', 'hostname-mode=none'],
    ['[device]', 'match-device=*', 'managed=1'],
    shortened,
  ]
  await writeFile(config, `${settings.flat().join('\n')}\n`)
  await runInside(namespace, 'dbus-daemon', ['--system', '--fork', '--nopidfile', '--nosyslog'])
  const args = ['--debug', '--log-level=INFO', `--config=${config}`]
  return namespace.start(['NetworkManager', ...args])
}
