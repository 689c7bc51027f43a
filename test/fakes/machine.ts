import type { Machine } from '../../scanner/machine.ts'

/** The machine of the documentation's example, but for what is given. */
export function fakeMachine(over: Partial<Machine> = {}): Machine {
  return {
    id: '525400fffe123456',
    name: 'NixOS',
    hostname: 'NixOS.local',
    configuredName: 'NixOS',
    user: 'nixos',
    port: 22,
    target: 'fe80::5054:ff:fe12:3456%eno1',
    links: [
      {
        interface: 'eno1',
        mac: '52:54:00:12:34:56',
        eui64: '525400fffe123456',
        addresses: [
          { address: 'fe80::5054:ff:fe12:3456%eno1', kind: 'eui64' },
          { address: 'fe80::47%eno1', kind: 'static' },
          { address: '192.0.2.7', kind: 'ipv4' },
        ],
      },
    ],
    sources: ['mdns', 'service', 'neighbour', 'static', 'ssh'],
    ssh: { reachable: true, banner: 'SSH-2.0-OpenSSH_9.2', hostKeys: [`SHA256:${'A'.repeat(43)}`] },
    agent: { version: '1.0.0', boot: '0a1b2c3d', os: 'NixOS 26.05', flake: '/iso/devos' },
    firstSeen: '2026-11-22T20:14:00.000Z',
    lastSeen: '2026-11-22T20:14:00.100Z',
    installer: true,
    announcedKeys: [],
    ...over,
  }
}
