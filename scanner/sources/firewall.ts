import type { Link } from '../../common/links.ts'
import type { Querier } from './querier.ts'

/**
 * Whether this machine drops what comes to the mDNS group: who was asked directly answered, nobody
 * answered the group's question, and not even our own question came back to us from the group, which
 * no machine and no switch on the link has a part in.
 */
export function dropsGroup({
  heard,
  hearsGroup,
  askedGroup,
}: Pick<Querier, 'heard' | 'hearsGroup' | 'askedGroup'>): boolean {
  const asked = hearsGroup && askedGroup
  return asked && heard.direct > 0 && heard.fromGroup === 0 && !heard.ownQuestion
}

/** What it means, and how to open the port with the three firewalls that people have. */
export function dropsGroupWarning({ name }: Pick<Link, 'name'>): string {
  return [
    `a firewall on this machine drops multicast DNS on ${name}: machines that were not asked one by one stay hidden;`,
    'open UDP port 5353:',
    'NixOS: networking.firewall.allowedUDPPorts = [ 5353 ];',
    'firewalld: firewall-cmd --add-service=mdns;',
    'nftables: nft add rule inet filter input udp dport 5353 accept',
  ].join(' ')
}
