import t from 'tap'
import { parseEchoReply } from '../../../scanner/sources/echo.ts'

t.test('the source of an echo reply, as ping prints it, without zone', (t) => {
  for (const [line, expected] of [
    ['64 bytes from fe80::1%eno1: icmp_seq=1 ttl=64 time=0.1 ms', 'fe80::1'],
    ['64 bytes from FE80:0::1%br-lan: icmp_seq=12 ttl=64 time=0.1 ms (DUP!)', 'fe80::1'],
    ['64 bytes from 2001:db8::1: icmp_seq=1 ttl=64 time=0.1 ms', '2001:db8::1'],
    ['PING ff02::1%eno1 (ff02::1%eno1) 56 data bytes', undefined],
    ['From fe80::1%eno1 icmp_seq=1 Destination unreachable: Address unreachable', undefined],
    ['64 bytes from nixos (fe80::1%eno1): icmp_seq=1 ttl=64', undefined],
    ['64 bytes from fe80::1::2: icmp_seq=1', undefined],
    [' 64 bytes from fe80::1: icmp_seq=1', undefined],
    ['', undefined],
  ] as const)
    t.equal(parseEchoReply(line), expected, line)
  t.end()
})
