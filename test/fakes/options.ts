import type { RunOptions } from '../../agent/options.ts'

/** What `installer-agent run` is told by default, but without mDNS and quiet, and for what is given. */
export function fakeOptions(over: Partial<RunOptions> = {}): RunOptions {
  return {
    hostname: 'NixOS',
    user: 'nixos',
    sshPort: 22,
    interfaces: [],
    staticAddress: 'fe80::47',
    addresses: true,
    mdns: false,
    hostKeys: '/none',
    flake: undefined,
    logLevel: 'silent',
    ...over,
  }
}
