/** The first descriptor after the standard streams (sd_listen_fds(3)). */
const firstDescriptor = 3

/**
 * The sockets that systemd has connected for us (`OpenFile=` in nix/unit.nix), by their names, as
 * sd_listen_fds_with_names(3) gives them. Node has no datagram sockets of AF_UNIX, but it can write to
 * one. The programs that we start are not told of them.
 */
export function passedSockets(
  environment: NodeJS.ProcessEnv = process.env,
  pid: number = process.pid,
): Map<string, number> {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' } = environment
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete environment[name]
  if (LISTEN_PID !== String(pid)) return new Map()
  const names = LISTEN_FDNAMES.split(':').slice(0, Number(LISTEN_FDS))
  return new Map(names.map((name, index) => [name, firstDescriptor + index]))
}
