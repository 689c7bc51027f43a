import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { cleanBanner, probeSsh } from '../../../scanner/sources/ssh.ts'

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

t.test('a server that has taken the connection is waited for as long as is asked', async (t) => {
  const server = createServer(async (socket) => {
    socket.on('error', () => {})
    await wait(200)
    socket.write('SSH-2.0-slow\r\n')
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const visit = async (answerMs: number) => {
    const noKey = () => false
    const { signal } = new AbortController()
    const { ssh } = await probeSsh('lo', '127.0.0.1', port, signal, noKey, answerMs)
    return ssh?.banner
  }
  t.equal(await visit(20), null)
  t.equal(await visit(20_000), 'SSH-2.0-slow')
})
