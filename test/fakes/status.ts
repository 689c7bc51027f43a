import type { AgentStatus, LinkStatus } from '../../agent/console/status.ts'

/** A link on which all is well, with MAC 52:54:00:12:34:56, but for what is given. */
export function fakeLinkStatus(over: Partial<LinkStatus> = {}): LinkStatus {
  return {
    interface: 'eno1',
    mac: '52:54:00:12:34:56',
    eui64: '525400fffe123456',
    hostname: 'NixOS.local',
    names: [
      { name: 'NixOS.local', family: 'IPv6', state: 'held' },
      { name: 'nixos-123456.local', family: 'IPv6', state: 'held' },
    ],
    conflicts: 0,
    addresses: [
      { address: 'fe80::5054:ff:fe12:3456', kind: 'eui64', state: 'usable', ours: false },
      { address: 'fe80::47', kind: 'static', state: 'usable', ours: true },
    ],
    static: { address: 'fe80::47', state: 'held', retryInMs: null },
    packets: { received: 4, malformed: 1, answered: 2, sent: 9 },
    complaints: [],
    ...over,
  }
}

export function fakeStatus(over: Partial<AgentStatus> = {}): AgentStatus {
  return {
    version: 1,
    agent: { version: '1.0.0', pid: 42, started: '2026-11-22T20:14:00.000Z', boot: '0a1b2c3d' },
    id: '525400fffe123456',
    configuredName: 'NixOS',
    user: 'nixos',
    port: 22,
    hostKeys: [`SHA256:${'A'.repeat(43)}`],
    links: [fakeLinkStatus()],
    ...over,
  }
}
