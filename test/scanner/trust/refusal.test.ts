import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { keyFingerprint } from '../../../common/advertisement.ts'
import { trusting } from '../../../scanner/trust/authorities.ts'
import { parseCertificate } from '../../../scanner/trust/certificate.ts'
import { keyLine, type Line } from '../../../scanner/trust/known-hosts-lines.ts'
import { vouchedKey, whyRefused } from '../../../scanner/trust/refusal.ts'
import { isInstalled } from '../../netns/lab.ts'

const skip = !isInstalled('ssh-keygen') && 'not installed: ssh-keygen'
const folder = t.testdir()
const alias = 'installer-525400fffe123456'

function keygen(...args: string[]): void {
  execFileSync('ssh-keygen', args, { stdio: 'pipe' })
}

/** The words of `X.pub`; a pair is made when there is none. */
function publicKey(name: string, type = 'ed25519'): { type: string; key: string } {
  const path = join(folder, name)
  keygen('-q', '-t', type, '-N', '', '-f', path)
  const [algorithm = '', key = ''] = readFileSync(`${path}.pub`, 'utf8').split(' ')
  return { type: algorithm, key }
}

function certify(ca: string, host: string, ...how: string[]): string {
  keygen('-q', '-s', join(folder, ca), '-I', 'x', ...how, join(folder, `${host}.pub`))
  return readFileSync(join(folder, `${host}-cert.pub`), 'utf8').split(' ')[1] ?? ''
}

t.test('why a machine is refused where an authority is trusted', { skip }, (t) => {
  const now = new Date('2026-11-27T12:00:00Z')
  const ca = { ...publicKey('ca'), comment: '' }
  publicKey('other')
  const host = publicKey('host')
  const fingerprints = [keyFingerprint(Buffer.from(host.key, 'base64'))]
  const lines = trusting([], ca)
  const known: Line = keyLine({ ...host, marker: undefined, patterns: [alias], comment: '' })
  const good = certify('ca', 'host', '-h', '-n', alias)
  const cases: [string, string[], readonly Line[], RegExp | undefined][] = [
    ['a good one', [good], lines, undefined],
    ['no authority is trusted', [], [], undefined],
    ['a plain key', [], lines, /^it shows no certificate$/],
    ['a plain key that is known', [], [...lines, known], undefined],
    ['no certificate', ['AAAA', 'nonsense'], lines, /^it shows no certificate$/],
    [
      'of another',
      [certify('other', 'host', '-h', '-n', alias)],
      lines,
      /SHA256:\S+, which is not/,
    ],
    ['no names', [certify('ca', 'host', '-h')], lines, /is not for installer-525400fffe123456/],
    ['of a user', [certify('ca', 'host', '-n', alias)], lines, /is not for/],
    [
      'expired',
      [certify('ca', 'host', '-h', '-n', alias, '-V', 'always:20261126Z')],
      lines,
      /expired on 2026-11-26: is its clock right/,
    ],
    [
      'too early',
      [certify('ca', 'host', '-h', '-n', alias, '-V', '20261128Z:forever')],
      lines,
      /not valid before 2026-11-28/,
    ],
    ['one of two is good', [certify('other', 'host', '-h', '-n', alias), good], lines, undefined],
  ]
  for (const [name, certificates, trusted, reason] of cases) {
    const why = whyRefused({ fingerprints, certificates }, trusted, alias, now)
    t.match(why ?? 'none', reason ?? /^none$/, name)
    const isGood = certificates.includes(good) && trusted.length > 0
    const vouched = certificates.flatMap((each) => vouchedKey(each, trusted, alias, now) ?? [])
    t.same(vouched, isGood ? [host] : [], name)
  }
  const unasked = { fingerprints: [], certificates: [] }
  t.equal(whyRefused(unasked, [...lines, known], alias, now), undefined, 'it may be the known key')
  t.end()
})

t.test('certificates of all kinds of keys are read, and no part of one', { skip }, (t) => {
  for (const type of ['ed25519', 'rsa', 'ecdsa']) {
    const { key } = publicKey(`ca-${type}`, type)
    const host = publicKey(`host-${type}`, type)
    const made = certify(
      `ca-${type}`,
      `host-${type}`,
      '-h',
      '-n',
      'a,b',
      '-V',
      '20260101Z:20270101Z',
    )
    t.same(parseCertificate(made), {
      ...host,
      authority: keyFingerprint(Buffer.from(key, 'base64')),
      isHost: true,
      principals: ['a', 'b'],
      validAfter: BigInt(Date.UTC(2026, 0) / 1000),
      validBefore: BigInt(Date.UTC(2027, 0) / 1000),
    })
    const bytes = Buffer.from(made, 'base64')
    const signature = type === 'rsa' ? 500 : 200
    for (let length = 0; length < bytes.length - signature; length += 7)
      t.equal(parseCertificate(bytes.toString('base64', 0, length)), undefined)
  }
  t.end()
})
