import type { Socket } from 'node:net'
import { addressBytes } from '../../common/address.ts'
import { dnsName, record, response, srv, txt } from './packets.ts'

/** What a hostile responder says of itself, from its own address: the packets of one answer. */
export type Lie = (own: string) => Iterable<Buffer>

const service = '_ssh._tcp.local'
const subtype = '_nixos-installer._sub._ssh._tcp.local'
/** The machine that the tests put beside the rogue: MAC 52:54:00:12:34:56. */
export const victim = { id: '525400fffe123456', address: 'fe80::5054:ff:fe12:3456' }

/** Where words of the wire could become something else. */
export const poison = [
  '-oProxyCommand=touch$IFS-x',
  '--help',
  '%n%s%i',
  'a\nb\r\tc',
  `'";$(id)\`id\`|&<>`,
  '\x1b]0;owned\x07\x1b[2J\x9b31m',
  '\u202etxt.exe\u2066\u200b\u200f\ufeff',
  'Nix\u041eS',
  '../../etc/passwd',
  '__proto__',
  'x'.repeat(255),
]

interface Claim {
  instance: string
  host: readonly string[]
  addresses: readonly string[]
  strings?: readonly string[]
  ttl?: number
  port?: number
}

/** A whole service, subtype and all, as our own agent would announce it. */
function announce({ instance, host, addresses, strings = [], ttl = 120, port = 22 }: Claim) {
  const name = dnsName([instance, ...service.split('.')])
  const target = dnsName([...host, 'local'])
  return response([
    record(dnsName(service), 'PTR', name, ttl),
    record(dnsName(subtype), 'PTR', name, ttl),
    record(name, 'SRV', srv(port, target), ttl),
    record(name, 'TXT', txt(strings), ttl),
    ...addresses.map((address) =>
      record(target, address.includes(':') ? 'AAAA' : 'A', addressBytes(address), ttl),
    ),
  ])
}

/** The strings of an agent's TXT record with a hostile value under each key. */
function poisoned(word: string): string[] {
  const keys = ['host', 'user', 'hostkey', 'boot', 'agent', 'os', 'flake', 'eui64']
  const twice = ['user=first', 'USER=second', '__proto__=x', 'constructor=x', '=x', word]
  return ['txtvers=1', 'id=00000000000000ff', ...keys.map((key) => `${key}=${word}`), ...twice]
}

/** Nowhere on the link: loopback, unspecified, multicast, mapped, elsewhere. */
export const elsewhere = [
  ...['::', '::1', '127.0.0.1', '224.0.0.1', 'ff02::1', '0.0.0.0', '255.255.255.255'],
  ...['::ffff:1.2.3.4', '::ffff:127.0.0.1', '198.51.100.7', '2001:db8::7', 'fe80::', '192.0.2.255'],
]

const installer = (addresses: readonly string[], over: Partial<Claim> = {}) =>
  announce({ instance: 'NixOS', host: ['NixOS'], addresses, ...over })
const identified = (id: string) => ['txtvers=1', `id=${id}`, 'host=NixOS', 'user=nixos']

export const lies: Record<string, Lie> = {
  'hostile words': function* (own) {
    for (const word of poison)
      yield announce({ instance: word, host: [word], addresses: [own], strings: poisoned(word) })
    yield installer([own], { strings: poisoned('-oProxyCommand=x') })
  },
  'addresses elsewhere': function* () {
    yield installer(elsewhere)
    for (const address of elsewhere)
      yield announce({ instance: `at ${address}`, host: ['NixOS'], addresses: [address] })
  },
  'services without end': function* () {
    for (let index = 0; index < 20_000; index++) {
      const address = `fe80::${(index >> 8).toString(16)}:${(index & 255).toString(16)}:1`
      yield announce({ instance: `n${index}`, host: [`n${index}`], addresses: [address] })
    }
  },
  'records without life': function* (own) {
    yield installer([own], { ttl: 0 })
  },
  "another's id": function* (own) {
    yield installer([own], { strings: identified(victim.id) })
  },
  "another's address": function* (own) {
    yield installer([victim.address, own], { strings: identified('00000000000000ff') })
  },
}

/** What an ssh server of a rogue says to whoever connects. */
export function greet(greeting: string, socket: Socket): void {
  if (greeting === 'says 64 KB') socket.write(`SSH-2.0-${'A'.repeat(65_536)}\r\n`)
  if (greeting === 'says escapes')
    socket.write('SSH-2.0-\x1b]0;owned\x07\x9b2J%s$(id)\u202e \x1b[31m-oX\r\n')
  if (greeting !== 'says one byte a second') return
  const bytes = Buffer.from('SSH-2.0-slow\r\n')
  let at = 0
  const tick = setInterval(() => socket.write(bytes.subarray(at, ++at)), 1000)
  socket.on('close', () => clearInterval(tick))
}
