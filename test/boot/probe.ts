import { spawnSync } from 'node:child_process'
import { chownSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'

/** Tries what a program that was taken over would try, and prints what came of it, as JSON. */

const attempts: Record<string, () => unknown> = {
  'write /usr': () => writeFileSync('/usr/probe', ''),
  'write /etc/ssh': () => writeFileSync('/etc/ssh/probe', ''),
  'write /': () => writeFileSync('/probe', ''),
  'write /run': () => writeFileSync('/run/probe', ''),
  'read the disk': () => readFileSync('/mnt/disk/secret'),
  'read the host key': () => readFileSync('/etc/ssh/ssh_host_ed25519_key'),
  'read the passwords': () => readFileSync('/etc/shadow'),
  'give a file away': () => {
    writeFileSync('/tmp/probe', '')
    chownSync('/tmp/probe', 1, 1)
  },
  'become root': () => process.setuid?.(0),
  'take precedence': () => setPriority(-5),
  'see others': () => readFileSync('/proc/1/status'),
  'signal others': () => process.kill(1, 0),
  mount: () => command('mount', '-t', 'tmpfs', 'tmpfs', '/tmp'),
  'make a namespace': () => command('unshare', '--user', 'true'),
  'make a device': () => command('mknod', '/tmp/device', 'c', '1', '3'),
  'add an address': () => command('ip', 'address', 'replace', '192.0.2.99/32', 'dev', 'lo'),
}

function command(name: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(name, args, { encoding: 'utf8' })
  if (status !== 0) throw error ?? new Error(stderr.trim())
}

function outcome(attempt: () => unknown): string {
  try {
    attempt()
    return 'done'
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code ?? message
  }
}

const outcomes = Object.entries(attempts).map(([name, attempt]) => [name, outcome(attempt)])
const folders = readdirSync('/').sort()
process.stdout.write(`${JSON.stringify({ ...Object.fromEntries(outcomes), folders })}\n`)
