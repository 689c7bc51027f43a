import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import {
  appendLine,
  formatKnownHosts,
  isAbout,
  type KeyLine,
  keyLine,
  keyType,
  parseKnownHosts,
} from '../../../scanner/trust/known-hosts-lines.ts'

const key = 'AAAAC3NzaC1lZDI1NTE5AAAAIB8mw0SKxkTdTNYAVnPFJ8QMDlmzKFHKXLgQC8rv3Jz0'
const type = 'ssh-ed25519'

t.test('what a line says', (t) => {
  const text = `@cert-authority installer-*,!installer-0 ${type} ${key} the CA  of us\n`
  t.same(parseKnownHosts(text), [
    {
      kind: 'key',
      text,
      marker: '@cert-authority',
      patterns: ['installer-*', '!installer-0'],
      type,
      key,
      comment: 'the CA  of us',
    },
  ])
  t.match(parseKnownHosts(`\t host\t${type}  ${key}\r\n`), [
    { marker: undefined, patterns: ['host'], type, key, comment: '' },
  ])
  t.match(parseKnownHosts(`@revoked * ${type} ${key}`), [{ marker: '@revoked', comment: '' }])
  t.end()
})

t.test('what ssh passes over is kept, and is no key', (t) => {
  for (const text of [
    '',
    '\n',
    ' \t\n',
    `# installer-1 ${type} ${key}\n`,
    `#installer-1 ${type} ${key}\n`,
    `@trusted host ${type} ${key}\n`,
    `@revoked ${type} ${key}\n`,
    `host ${type}\n`,
    `host ssh-rsa ${key}\n`,
    `host ${type} AAAA\n`,
    `host ${type} !!!!\n`,
    'host 1024 35 1234567890\n',
    'a\rb\0c',
  ]) {
    const lines = parseKnownHosts(text)
    t.equal(lines.filter((line) => line.kind === 'key').length, 0, JSON.stringify(text))
    t.equal(formatKnownHosts(lines), text)
  }
  t.end()
})

t.test('nothing is lost, whatever the file is', (t) => {
  const word = fc.constantFrom(type, key, '@revoked', '#', ' ', '\t', '\n', '\r\n', 'a,b', '\xff')
  const text = fc.array(fc.oneof(word, fc.string()), { maxLength: 30 }).map((all) => all.join(''))
  fc.assert(fc.property(text, (given) => formatKnownHosts(parseKnownHosts(given)) === given))
  t.end()
})

t.test('a line that is written reads back, or is refused', (t) => {
  const parts = { marker: undefined, patterns: ['installer-1'], type, key, comment: 'a b' }
  const line = keyLine(parts)
  t.equal(line.text, `installer-1 ${type} ${key} a b\n`)
  t.same(parseKnownHosts(line.text), [line])
  for (const over of [
    { patterns: ['a b'] },
    { patterns: ['#a'] },
    { patterns: ['@a'] },
    { patterns: ['a\nb'] },
    { patterns: ['a,b'] },
    { patterns: [] },
    { type: 'ssh-rsa' },
    { key: 'x' },
    { comment: 'a\nb' },
    { comment: ' a' },
  ])
    t.throws(() => keyLine({ ...parts, ...over }), /no line of known_hosts/, JSON.stringify(over))
  const open = parseKnownHosts(`a ${type} ${key}`)
  t.equal(formatKnownHosts(appendLine(open, line)), `a ${type} ${key}\n${line.text}`)
  t.equal(formatKnownHosts(appendLine([], line)), line.text)
  t.end()
})

t.test('whom a line is about, as ssh-keygen -F finds it', (t) => {
  const folder = t.testdir()
  const file = join(folder, 'known_hosts')
  const hosts = ['installer-1', 'INSTALLER-1', 'installer-22', 'other', 'installer-1.x', '[a]:23']
  const found = (host: string) => {
    try {
      return execFileSync('ssh-keygen', ['-F', host, '-f', file], { stdio: 'pipe' }).length > 0
    } catch {
      return false
    }
  }
  const about = (line: string, host: string) =>
    parseKnownHosts(line).some((each) => each.kind === 'key' && isAbout(each, host))
  for (const patterns of [
    'installer-1',
    'installer-*',
    'Installer-?',
    '*,!installer-1',
    'other,*-22',
    'installer-1?x',
    '[a]:23',
    '****',
  ]) {
    const line = `${patterns} ${type} ${key}\n`
    writeFileSync(file, line)
    for (const host of hosts) t.equal(about(line, host), found(host), `${patterns} ${host}`)
  }
  writeFileSync(file, `installer-1 ${type} ${key}\n`)
  execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'pipe' })
  const hashed = readFileSync(file, 'latin1')
  t.match(hashed, /^\|1\|/)
  for (const host of hosts) t.equal(about(hashed, host), found(host), `hashed ${host}`)
  t.notOk(
    isAbout({ patterns: ['!a'] } as KeyLine, 'b'),
    'to exclude one is not to include the others',
  )
  t.end()
})

t.test('the type of a key is a name (RFC 4251 section 6), or it is no key', async (t) => {
  const keyOf = (type: string) =>
    Buffer.concat([
      Buffer.from([0, 0, 0, type.length]),
      Buffer.from(type, 'latin1'),
      Buffer.from([0, 0, 0, 1, 7]),
    ]).toString('base64')
  for (const type of ['ssh-ed25519', 'sk-ssh-ed25519@openssh.com'])
    t.equal(keyType(keyOf(type)), type)
  for (const type of ['', 'a b', 'a\nb', 'a,b', '\x1b[2J', '\x9b2J', 'a\0', 'x'.repeat(65)])
    t.equal(keyType(keyOf(type)), undefined, JSON.stringify(type))
})
