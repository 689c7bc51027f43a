import t from 'tap'
import { cleanBanner } from '../../../scanner/sources/ssh.ts'

t.test('a banner is printable ASCII, and begins as RFC 4253 section 4.2 says', (t) => {
  for (const [line, expected] of [
    ['SSH-2.0-OpenSSH_9.2p1 Debian-2\r', 'SSH-2.0-OpenSSH_9.2p1 Debian-2'],
    ['SSH-2.0-x\x1b[2J\x07\x00\x9b\xe9', 'SSH-2.0-x[2J'],
    ['SSH-1.99-a\tb', 'SSH-1.99-ab'],
    ['HTTP/1.1 400 Bad Request', null],
    [' SSH-2.0-x', null],
    ['', null],
  ] as const)
    t.equal(cleanBanner(line), expected, JSON.stringify(line))
  t.end()
})
