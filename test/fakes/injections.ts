import { addressBytes, eui64FromMac, linkLocalFromMac, reverseName } from '../../common/address.ts'
import { elsewhere } from './lies.ts'
import { dnsName, record, response, srv, txt, type Word } from './packets.ts'

/** Words that mean something to a program that takes them for more than text, each at each place of the wire. */

/** What a word that was obeyed leaves behind: in a folder that no program of ours has a reason to write to. */
export const canary = '/run/c'

/** In a name a word ends after 63 bytes, in a TXT record after 255, keys and all (RFC 1035 section 2.3.4). */
export const words: Record<string, Word> = {
  'a short option': `-oProxyCommand=touch ${canary}`,
  'a long option': '--help',
  'a file option': `-F${canary}`,
  'an option after a space': `a -oProxyCommand=touch$IFS${canary}`,
  'percent signs': '%n%h%p%d%s%i%(id)s%25',
  'a line of ssh_config': `x\n  ProxyCommand touch ${canary}\n`,
  'a block of ssh_config': `x\r\nHost *\r\nProxyCommand touch ${canary}`,
  'a line of known_hosts': 'x\n* ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==\n#',
  'a pattern of known_hosts': '*,!x,|1|a|b',
  'an authority': '@cert-authority * ssh-ed25519 AAAA',
  'an inventory line': `x ansible_ssh_common_args=-oProxyCommand=touch${canary}`,
  quotes: `'"; touch ${canary}; '"\\`,
  'a substitution': `$(touch ${canary})`,
  'an old substitution': `\`touch ${canary}\``,
  'a pipe': `x|touch ${canary}&>${canary}<${canary}`,
  'a title of the terminal': '\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x1b\\',
  'a move of the cursor': '\x1b[2J\x1b[31m\b\b\x7f',
  'a C1 control': '\u009b31m\u0085',
  'a C1 control as a byte': Buffer.from([0x61, 0x9b, 0x33, 0x31, 0x6d, 0x00]),
  'right to left': '\u202etxt.exe\u202c\u2066\u061c\u2069',
  'no width': 'Nix\u200bOS\u200d\u2060\u00ad\ufeff\u{e0041}',
  'a look-alike': 'Nix\u041eS',
  'a look-alike in ASCII': 'xn--nixs-w5d',
  'a path': `../../../..${canary}`,
  'an absolute path': canary,
  'a property': '__proto__',
  'a destination': 'root@198.51.100.7',
  'a jump host': '[::1]:22,root@198.51.100.7',
  'a comment': '#x',
  nothing: '',
  'as long as it goes': 'x'.repeat(255),
  'a tab': 'NixOS\tfe80::1%eth0',
}

/** A machine of a rogue's, on a card of its own: what it announces and how it receives. */
export interface RogueMachine {
  card: string
  mac: string
  address: string
  id: string
  /** The hostile words on it: each a case, by name. */
  cases: string[]
  packets: Buffer[]
  /** Of its ssh server, which has a host key; undefined where `greeting` is all that comes. */
  identification?: Buffer
  greeting?: Buffer
}

const service = '_ssh._tcp.local'
const subtype = '_nixos-installer._sub._ssh._tcp.local'
const bytesOf = (word: Word) => (typeof word === 'string' ? Buffer.from(word) : word)
const join = (...parts: Word[]) => Buffer.concat(parts.map(bytesOf))

function machineAt(index: number): Pick<RogueMachine, 'card' | 'mac' | 'address' | 'id'> {
  const mac = `52:54:00:00:03:${(index + 1).toString(16).padStart(2, '0')}`
  return { card: `m${index}`, mac, address: linkLocalFromMac(mac), id: eui64FromMac(mac) }
}

interface Claim {
  instance: Word
  /** Labels. */
  host: readonly Word[]
  addresses: readonly string[]
  strings: readonly Word[]
}

function announce({ instance, host, addresses, strings }: Claim): Buffer {
  const name = dnsName([instance, ...service.split('.')])
  const target = dnsName([...host, 'local'])
  return response([
    record(dnsName(service), 'PTR', name),
    record(dnsName(subtype), 'PTR', name),
    record(name, 'SRV', srv(22, target)),
    record(name, 'TXT', txt(strings)),
    ...addresses.map((each) =>
      record(target, each.includes(':') ? 'AAAA' : 'A', addressBytes(each)),
    ),
  ])
}

const keys = ['host', 'user', 'os', 'flake', 'hostkey', 'hostkey2', 'boot', 'agent', 'eui64']
const moreKeys = ['static', 'unknown', 'txtvers']

/** An agent's service as it should be, but for what each key of its TXT record says, and its server. */
function hostileText([name, word]: [string, Word], index: number): RogueMachine {
  const own = machineAt(index)
  const odd = elsewhere[index % elsewhere.length] ?? '::'
  const strings = [
    'txtvers=1',
    `id=${own.id}`,
    ...[...keys, ...moreKeys].map((key) => join(`${key}=`, word)),
    join(word, '=x'),
    word,
    'user=root',
  ]
  const places = [...keys, ...moreKeys].map((key) => `${name} as TXT ${key}`)
  const others = ['as a key', 'without a key', 'as the identification'].map((as) => `${name} ${as}`)
  const addresses = [own.address, odd]
  return {
    ...own,
    cases: [...places, ...others, `${odd} as an address, beside ${name}`],
    packets: [announce({ instance: 'NixOS', host: ['NixOS'], addresses, strings })],
    identification: bytesOf(word).subarray(0, 240),
  }
}

/** A service whose names are the word, and whose id; and a server that offers a key of that type. */
function hostileNames([name, word]: [string, Word], index: number): RogueMachine {
  const own = machineAt(index)
  const data = addressBytes(own.address)
  const reverse = dnsName(reverseName(own.address))
  const besides = [
    record(dnsName(['NixOS', word, 'local']), 'AAAA', data),
    record(dnsName([join('NixOS.', word), 'local']), 'AAAA', data),
  ]
  const places = ['id', 'instance', 'target', 'host', 'domain', 'dotted host', 'reverse name']
  const strings = ['txtvers=1', join('id=', word)]
  const claim = { instance: word, host: [word], addresses: [own.address], strings }
  return {
    ...own,
    cases: [...places, 'key type'].map((place) => `${name} as ${place}`),
    packets: [
      announce(claim),
      response(besides),
      response([record(reverse, 'PTR', dnsName([word, 'local']))]),
    ],
    greeting: join('SSH-2.0-rogue\r\n', offer(word)),
  }
}

/** RFC 4253 section 7.1: a server's key exchange message, with a host key algorithm that is none. */
function offer(keyType: Word): Buffer {
  const list = (text: Word) => join(length(bytesOf(text).length), text)
  const both = (text: string) => join(list(text), list(text))
  const payload = join(
    Buffer.from([20]),
    Buffer.alloc(16),
    list('curve25519-sha256'),
    list(join(keyType, ',ssh-ed25519')),
    both('aes128-ctr'),
    both('hmac-sha2-256'),
    both('none'),
    both(''),
    Buffer.alloc(5),
  )
  // Section 6: length, length of the padding, payload, at least four bytes of padding, to a multiple of 8.
  const padding = 4 + ((8 - ((5 + payload.length + 4) % 8)) % 8)
  const rest = join(Buffer.from([padding]), payload, Buffer.alloc(padding))
  return join(length(rest.length), rest)
}

function length(bytes: number): Buffer {
  const four = Buffer.alloc(4)
  four.writeUInt32BE(bytes)
  return four
}

const listed = Object.entries(words)
const withText = listed.map(hostileText)
const withNames = listed.map((each, index) => hostileNames(each, listed.length + index))
/** 64 KB before the end of a line (RFC 4253 section 4.2 allows 255 bytes), and lines before the identification. */
const greetings: Record<string, Buffer> = {
  'an identification of 64 KB': Buffer.from(`SSH-2.0-${'A'.repeat(65_536)}\r\n`),
  '64 KB without a line': Buffer.alloc(65_536, 0x1b),
  'lines before the identification': Buffer.from(`\x1b]0;owned\x07\r\nSSH-2.0-\x1b[2J\r\n`),
  'a NUL in the identification': Buffer.from('SSH-2.0-a\0b\x1b[2J\u202e\r\n'),
}
const withGreetings = Object.entries(greetings).map(([name, greeting], index): RogueMachine => {
  const own = machineAt(2 * listed.length + index)
  const strings = ['txtvers=1', `id=${own.id}`]
  const claim = { instance: 'NixOS', host: ['NixOS'], addresses: [own.address], strings }
  return { ...own, cases: [name], packets: [announce(claim)], greeting }
})

export const rogueMachines: readonly RogueMachine[] = [...withText, ...withNames, ...withGreetings]
