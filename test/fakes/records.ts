import type { AddressRecord, ResourceRecord } from '../../common/message.ts'

/** One record of each type that is used. */

/** `NixOS.local` on the wire, in hexadecimal. */
export const nixos = '054e69784f53056c6f63616c00'
export const a: ResourceRecord & AddressRecord = {
  name: 'NixOS.local',
  type: 'A',
  ttl: 120,
  flush: true,
  data: '192.0.2.7',
}
const common = { name: 'NixOS.local', ttl: 120, flush: true }
export const records: ResourceRecord[] = [
  a,
  { ...common, type: 'AAAA', data: 'fe80::47' },
  { ...common, type: 'PTR', flush: false, ttl: 4500, data: 'NixOS._ssh._tcp.local' },
  {
    ...common,
    type: 'SRV',
    data: { priority: 0, weight: 0, port: 22, target: 'NixOS.local' },
  },
  { ...common, type: 'TXT', data: [Buffer.from('txtvers=1'), Buffer.from('host=NixOS')] },
  { ...common, type: 'NSEC', data: { nextDomain: 'NixOS.local', rrtypes: ['A', 'AAAA'] } },
]
