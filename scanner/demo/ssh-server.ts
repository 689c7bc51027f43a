import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import ssh2 from 'ssh2'

/**
 * A small ssh server for machines where OpenSSH's own cannot run: `ssh-server HOSTKEY PUBLICKEY`.
 * One key may log in; commands and shells run as the present user, without a terminal of their own.
 */
const [hostKey = '', publicKey = ''] = process.argv.slice(2)
const allowed = ssh2.utils.parseKey(readFileSync(publicKey))
if (allowed instanceof Error) throw allowed

const server = new ssh2.Server({ hostKeys: [readFileSync(hostKey)] }, (connection) => {
  connection.on('error', () => {})
  connection.on('authentication', (attempt) => {
    const isKey = attempt.method === 'publickey' && attempt.key.data.equals(allowed.getPublicSSH())
    // Without a signature the client only asks whether the key would do (RFC 4252 section 7).
    const proven =
      isKey &&
      (attempt.signature === undefined ||
        allowed.verify(attempt.blob as Buffer, attempt.signature, attempt.hashAlgo) === true)
    if (proven) attempt.accept()
    else attempt.reject(['publickey'])
  })
  connection.on('ready', () => {
    connection.on('session', (accept) => {
      const session = accept()
      session.on('pty', (acceptPty) => acceptPty?.())
      session.on('exec', (acceptExec, _reject, { command }) => run(acceptExec(), ['-c', command]))
      session.on('shell', (acceptShell) => run(acceptShell(), ['-i']))
    })
  })
})

function run(channel: ssh2.ServerChannel, args: string[]): void {
  const child = spawn(
    userInfo().shell?.match(/(nologin|false)$/) ? '/bin/sh' : (userInfo().shell ?? '/bin/sh'),
    args,
  )
  channel.pipe(child.stdin)
  child.stdin.on('error', () => {})
  child.stdout.pipe(channel, { end: false })
  child.stderr.pipe(channel.stderr, { end: false })
  child.on('close', (status, signal) => {
    channel.exit(status ?? 255)
    channel.end()
    if (signal) channel.close()
  })
  channel.on('close', () => child.kill())
}

server.listen(22, '::', () => process.stderr.write('listening on port 22\n'))
