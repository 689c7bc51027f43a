import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Namespace, runInside, untilSaid } from '../../scanner/demo/namespace.ts'
import { type Lab, startDaemon } from './lab.ts'

/** The other mDNS responders that a live system may have, real ones. */

/** Starts a real D-Bus and a real avahi on a machine; its sockets lie in the machine's own /run. */
export async function startAvahi(lab: Lab, namespace: Namespace, hostname: string): Promise<void> {
  await runInside(namespace, 'dbus-daemon', ['--system', '--fork', '--nopidfile', '--nosyslog'])
  await startAvahiAlone(lab, namespace, hostname)
}

/** Starts a real avahi on a machine that has a D-Bus already. */
export async function startAvahiAlone(
  lab: Lab,
  namespace: Namespace,
  hostname: string,
): Promise<void> {
  const config = join(lab.files.folder, `avahi-${hostname}.conf`)
  await writeFile(
    config,
    `[server]\nhost-name=${hostname}\nuse-ipv4=yes\nuse-ipv6=yes\n[publish]\npublish-workstation=no\n`,
  )
  const avahi = ['avahi-daemon', '--file', config, '--no-drop-root', '--no-chroot', '--no-rlimits']
  await startDaemon(namespace, avahi, /Server startup complete/)
}

/** Where systemd-resolved lies: on this machine, or unpacked beside the dependencies (.ci/resolved). */
const resolved = [
  '/usr/lib/systemd/systemd-resolved',
  fileURLToPath(
    new URL('../../../node_modules/.cache/systemd-resolved/systemd-resolved', import.meta.url),
  ),
].find((path) => existsSync(path))

/** Why a test that needs systemd-resolved is skipped; false when it can run. */
export const skipWithoutResolved = resolved === undefined && 'not installed: systemd-resolved'

/** A bus on which everybody may do everything: resolved's own policy comes with its package. */
const openBus = `<busconfig><type>system</type><auth>EXTERNAL</auth>
<listen>unix:path=/run/dbus/system_bus_socket</listen>
<policy context="default"><allow user="*"/><allow own="*"/>
<allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>`

/**
 * Starts a real systemd-resolved on a machine, with MulticastDNS=yes on one link, and waits until its
 * host name has been probed for. It wants a bus, and a user of its own: here that is another name of root.
 */
export async function startResolved(
  lab: Lab,
  namespace: Namespace,
  hostname: string,
  link: string,
): Promise<void> {
  const folder = await lab.newFolder(`resolved-${hostname}`)
  const bus = join(folder, 'bus.conf')
  const passwd = join(folder, 'passwd')
  await writeFile(bus, openBus)
  const others = (await readFile('/etc/passwd', 'utf8')).replace(/^systemd-resolve:.*\n/m, '')
  await writeFile(passwd, `${others}systemd-resolve:x:0:0::/:/usr/sbin/nologin\n`)
  await runInside(namespace, 'mount', ['--bind', passwd, '/etc/passwd'])
  await runInside(namespace, 'mkdir', ['-p', '/run/systemd'])
  await startDaemon(
    namespace,
    ['dbus-daemon', `--config-file=${bus}`, '--nofork', '--nopidfile', '--print-address=2'],
    /^unix:/,
  )
  const begin = `hostname ${hostname}; SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console exec ${resolved}`
  const daemon = namespace.start(['unshare', '--uts', 'sh', '-c', begin])
  await untilSaid(daemon, /acquired requested service name/)
  const probed = untilSaid(daemon, new RegExp(`${hostname}\\.local IN AAAA .*successfully probed`))
  await enableMulticastDns(namespace, link)
  await probed
}

/** What `MulticastDNS=yes` in a .network file comes to. */
async function enableMulticastDns(namespace: Namespace, link: string): Promise<void> {
  const index = (await runInside(namespace, 'ip', ['-o', 'link', 'show', link])).split(':')[0] ?? ''
  const manager = 'org.freedesktop.resolve1'
  const method = [manager, '/org/freedesktop/resolve1', `${manager}.Manager`, 'SetLinkMulticastDNS']
  await runInside(namespace, 'busctl', ['--system', 'call', ...method, 'is', index, 'yes'])
}
