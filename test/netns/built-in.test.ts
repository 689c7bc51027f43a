import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { commandEnvironment, runCommand } from '../../common/command.ts'
import { makeKeyPair } from '../../common/ssh-keygen.ts'
import { makeKeys } from '../../scanner/demo/installer.ts'
import { runInside, untilSaid } from '../../scanner/demo/namespace.ts'
import {
  bootInstaller,
  type Installer,
  type Lab,
  makeLab,
  scannerProgram,
  skipWithout,
  skipWithoutRoot,
  sshOptions,
} from './lab.ts'

/** `scanner ssh` on a machine without an ssh program, against OpenSSH's own server. */

const skip = skipWithout(
  'ip',
  'ping',
  'sshd',
  'ssh',
  'ssh-keygen',
  'ssh-agent',
  'script',
  'stty',
  'pgrep',
)
t.jobs = 3
const mac = '52:54:00:12:34:56'

interface Operator {
  lab: Lab
  installer: Installer
  /** What `scanner` runs with: a PATH without ssh, a home without keys. */
  environment: Record<string, string>
}

/** An operator without ssh, and an installer. */
async function makeOperator(t: Test): Promise<Operator> {
  const lab = await makeLab(t)
  const installer = await bootInstaller(t, lab, { mac })
  const commands = await lab.newFolder('bin')
  for (const command of ['ip', 'ping', 'stty']) {
    const path = await runInside(lab.operator, 'sh', ['-c', `command -v ${command}`])
    await symlink(path.trim(), join(commands, command))
  }
  const environment = {
    PATH: commands,
    HOME: await lab.newFolder('home'),
    XDG_STATE_HOME: lab.files.folder,
    SSH_AUTH_SOCK: '',
    TERM: 'xterm',
  }
  return { lab, installer, environment }
}

interface Result {
  status: number | null
  stdout: Buffer
  stderr: string
}

/** The words that run `scanner` on the operator's machine. */
function scannerWords({ lab, environment }: Operator, args: readonly string[]): string[] {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  return [...lab.operator.enter, 'env', ...variables, process.execPath, scannerProgram, ...args]
}

/** Without a terminal: a session of its own, so that /dev/tty is not the one of whoever runs the tests. */
function run(
  operator: Operator,
  args: readonly string[],
  input: Uint8Array | string = '',
): Promise<Result> {
  return runWords(scannerWords(operator, args), input)
}

function runWords(
  [first = '', ...rest]: readonly string[],
  input: Uint8Array | string,
): Promise<Result> {
  const child = spawn(first, rest, { detached: true, env: commandEnvironment() })
  const out: Buffer[] = []
  let stderr = ''
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin.on('error', () => {}).end(input)
  return new Promise((resolve) => {
    child.on('close', (status) => resolve({ status, stdout: Buffer.concat(out), stderr }))
  })
}

const key = ({ lab }: Operator) => ['-i', lab.files.identity]

interface Screen {
  /** Waits for what is written from here on, and gives it. */
  until(wanted: RegExp): Promise<string>
  type(keys: string): void
  raw(): string
  device: string
  pid: number
  status: Promise<number | null>
}

/** `scanner` on a real terminal of 100 x 30, with its settings before and after. */
async function onTerminal(t: Test, operator: Operator, args: readonly string[]): Promise<Screen> {
  const words = scannerWords(operator, args)
    .slice(operator.lab.operator.enter.length)
    .map((word) => `'${word}'`)
  const command = `tty; stty cols 100 rows 30; echo "before $(stty -g)"; ${words.join(' ')}; echo "status $?"; echo "after $(stty -g)"`
  const [first = '', ...rest] = [...operator.lab.operator.enter, 'script', '-qfec', command]
  const child = spawn(first, [...rest, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...commandEnvironment(), SHELL: '/bin/sh' },
  })
  t.teardown(() => child.kill('SIGKILL'))
  let raw = ''
  let seen = 0
  let over = false
  let wake = () => {}
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    raw += text
    wake()
  })
  const status = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      over = true
      wake()
      resolve(code)
    })
  })
  const until = async (wanted: RegExp): Promise<string> => {
    for (;;) {
      const found = wanted.exec(raw.slice(seen))
      if (found) {
        seen += found.index + found[0].length
        return found[0]
      }
      if (over) throw new Error(`it ended before ${wanted}: ${raw}`)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  const device = (await until(/\/dev\/\S+/)).trim()
  return {
    until,
    status,
    device,
    pid: child.pid ?? 0,
    raw: () => raw,
    type: (keys) => void child.stdin.write(keys),
  }
}

/** That the terminal is as it was, and the status that the shell saw. */
async function endsWith(t: Test, screen: Screen, status: number): Promise<void> {
  await screen.status
  const [, before] = /before (\S+)/.exec(screen.raw()) ?? []
  t.match(screen.raw(), new RegExp(`status ${status}\\r`))
  t.match(screen.raw(), new RegExp(`after ${before}\\r`), 'the terminal is as it was')
}

t.test('a command: the same as with ssh', { skip, buffered: true }, async (t) => {
  const operator = await makeOperator(t)
  const { lab } = operator
  const args = (typed: readonly string[]) => ['ssh', 'NixOS', ...sshOptions(lab), ...typed]
  // The first contact is told, and then the key is known to both.
  t.equal((await run(operator, args(['true']))).status, 0)
  const knownHosts = join(lab.files.folder, 'installer-discovery', 'known_hosts')
  const settings = [`UserKnownHostsFile=${knownHosts}`, 'HostKeyAlias=installer-525400fffe123456']
  const host = ['fe80::5054:ff:fe12:3456%op0', ...settings.flatMap((each) => ['-o', each])]
  const lines = ({ stderr }: Result) => stderr.replaceAll('\r\n', '\n')
  for (const [typed, input] of [
    [['cat; echo to-stderr >&2; exit 7'], 'some input'],
    [['--', 'echo', '-n', '-e', '$((1 + 1))'], ''],
    // A signal ends the shell there: ssh has no status of its own for that.
    [['kill -9 $$'], ''],
    [['-T'], 'echo by a shell; tty; exit 3\n'],
    [['-n', 'cat'], 'not read'],
    [['-t', 'tty'], ''],
    [['-q', '-o', 'Port=22', '-o', 'BatchMode yes', 'exit 4'], ''],
  ] as const) {
    const words = ['ssh', ...sshOptions(lab), ...host, ...typed]
    const expected = await runWords([...lab.operator.enter, ...words], input)
    const own = await run(operator, args(typed), input)
    const shown = typed.join(' ')
    t.equal(own.status, expected.status, `status of ${shown}: ${own.stderr}`)
    t.equal(own.stdout.toString(), expected.stdout.toString(), `output of ${shown}`)
    t.equal(lines(own), lines(expected), `stderr of ${shown}`)
  }
})

t.test(
  '10 MB there and back are whole, also to a slow reader',
  { skip, buffered: true },
  async (t) => {
    const operator = await makeOperator(t)
    const sent = randomBytes(10 * 1024 * 1024)
    const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
    const there = await run(operator, ['ssh', 'NixOS', ...key(operator), 'sha256sum'], sent)
    t.equal(there.status, 0, there.stderr)
    t.match(there.stdout.toString(), hash(sent), 'standard input, to its end')
    const back = await run(operator, ['ssh', 'NixOS', ...key(operator), 'cat'], sent)
    t.equal(back.status, 0, back.stderr)
    t.equal(hash(back.stdout), hash(sent), 'standard output')
    const [first = '', ...rest] = scannerWords(operator, ['ssh', 'NixOS', ...key(operator), 'cat'])
    const file = join(operator.lab.files.folder, 'sent')
    await writeFile(file, sent)
    const pipe = '"$@" <"$0" | { sleep 1; sha256sum; }'
    const { stdout } = await runCommand('sh', ['-c', pipe, file, first, ...rest])
    t.match(stdout, hash(sent), 'from a file to a slow reader')
  },
)

t.test('a shell on a terminal', { skip, buffered: true }, async (t) => {
  const operator = await makeOperator(t)
  const { lab } = operator
  const screen = await onTerminal(t, operator, ['ssh', 'NixOS', ...key(operator)])
  await screen.until(/no ssh program here: the built-in client is used/)
  // Echoed words are not what is waited for: the quotes tell them apart.
  screen.type('PS1=; echo te""rm=$TERM; stty size\r')
  await screen.until(/term=xterm\r\n30 100\r\n/)
  screen.type("trap 'stty size; echo resi''zed' WINCH; echo rea''dy\r")
  await screen.until(/ready/)
  await runInside(lab.operator, 'stty', ['-F', screen.device, 'cols', '132'])
  await screen.until(/30 132\r\nresized/)
  // The prompt comes back: what is typed before it with Ctrl-C the terminal there throws away.
  screen.type("trap - WINCH; PS1='next''> '; sh -c 'echo star''ted; exec sleep 600'\r")
  await screen.until(/started/)
  screen.type('\x03')
  await screen.until(/\^C[\s\S]*next> /)
  // Not translated twice: the terminal there does that.
  screen.type("stty -opost; printf 'a''\\nb\\n'; stty opost; echo do''ne\r")
  await screen.until(/a\nb\ndone/)
  screen.type('exit 5\r')
  await screen.until(/Connection to fe80::5054:ff:fe12:3456(%op0)? closed\.\r\n/)
  await endsWith(t, screen, 5)
})

t.test(
  'the terminal is as it was, however the session ends',
  { skip, buffered: true },
  async (t) => {
    const operator = await makeOperator(t)
    const begin = async (args: readonly string[] = []) => {
      const screen = await onTerminal(t, operator, ['ssh', 'NixOS', ...key(operator), ...args])
      screen.type("PS1=; echo rea''dy\r")
      await screen.until(/ready/)
      return screen
    }
    t.test('~. at the start of a line', async (t) => {
      const screen = await begin()
      screen.type("echo here ~''.\r")
      await screen.until(/here ~\./)
      screen.type('\r~.')
      await endsWith(t, screen, 255)
      t.notMatch(screen.raw(), /by remote host/)
    })
    for (const signal of ['TERM', 'HUP', 'QUIT', 'INT'])
      t.test(`SIG${signal}`, async (t) => {
        const screen = await begin()
        const terminal = screen.device.replace('/dev/', '')
        const found = await runCommand('pgrep', ['-t', terminal, '-f', `^${process.execPath} `])
        await runCommand('kill', [`-${signal}`, found.stdout.trim()])
        await endsWith(t, screen, 255)
      })
    t.test('the connection breaks', async (t) => {
      const screen = await begin()
      screen.type('kill -9 $PPID\r')
      await screen.until(/closed by remote host/)
      await endsWith(t, screen, 255)
    })
    t.test('a command with -t', async (t) => {
      const args = ['ssh', 'NixOS', ...key(operator), '-t', 'tty; exit 6']
      const screen = await onTerminal(t, operator, args)
      await screen.until(/\/dev\/pts/)
      await endsWith(t, screen, 6)
    })
  },
)

t.test(
  'keys: an agent, one with a passphrase, the wrong one',
  { skip, buffered: true },
  async (t) => {
    const operator = await makeOperator(t)
    const { lab, environment } = operator
    const other = join(lab.files.folder, 'other_key')
    await makeKeyPair(other, 'other')

    t.test('ssh-agent', async (t) => {
      // The path of a Unix socket has at most 107 bytes.
      const folder = await mkdtemp(join(tmpdir(), 'agent-'))
      t.teardown(() => rm(folder, { recursive: true }))
      const socket = join(folder, 'socket')
      const agent = spawn('ssh-agent', ['-D', '-a', socket], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      t.teardown(() => agent.kill())
      await once(agent.stdout, 'data')
      for (const each of [other, lab.files.identity])
        await runCommand('env', [`SSH_AUTH_SOCK=${socket}`, 'ssh-add', '-q', each])
      const withAgent = { ...operator, environment: { ...environment, SSH_AUTH_SOCK: socket } }
      const { status, stderr } = await run(withAgent, ['ssh', 'NixOS', 'exit 8'])
      t.equal(status, 8, stderr)
      const only = ['-o', 'IdentitiesOnly=yes', '-i', other]
      const refused = await run(withAgent, ['ssh', 'NixOS', ...only, 'exit 8'])
      t.equal(refused.status, 255, 'only the one that is named')
      t.match(refused.stderr, /Permission denied \(publickey\)/)
      const gone = { ...operator, environment: { ...environment, SSH_AUTH_SOCK: '/nowhere' } }
      t.equal((await run(gone, ['ssh', 'NixOS', ...key(operator), 'exit 8'])).status, 8)
    })

    t.test('the usual files', async (t) => {
      const home = await lab.newFolder('other-home')
      await mkdir(join(home, '.ssh'))
      await copyFile(lab.files.identity, join(home, '.ssh', 'id_ecdsa'))
      const { status, stderr } = await run(
        { ...operator, environment: { ...environment, HOME: home } },
        ['ssh', 'NixOS', 'exit 9'],
      )
      t.equal(status, 9, stderr)
    })

    t.test('the wrong key', async (t) => {
      const { status, stderr } = await run(operator, ['ssh', 'NixOS', '-i', other, 'true'])
      t.equal(status, 255)
      t.match(stderr, /^\w+@fe80::\S+: Permission denied \(publickey\)\.$/m)
      const missing = await run(operator, ['ssh', 'NixOS', '-i', '/no/key', 'true'])
      t.equal(missing.status, 255)
      t.match(missing.stderr, /Identity file \/no\/key not accessible: ENOENT/)
    })

    for (const [form, extra] of [
      ['openssh', []],
      ['pem', ['-m', 'PEM']],
    ] as const)
      t.test(`a locked key (${form})`, async (t) => {
        const locked = join(lab.files.folder, `locked-${form}`)
        const type = form === 'pem' ? ['-t', 'rsa', '-b', '2048'] : ['-t', 'ed25519']
        await runCommand('ssh-keygen', ['-q', ...type, ...extra, '-N', 'a secret', '-f', locked])
        const publicKey = await readFile(`${locked}.pub`, 'utf8')
        await writeFile(`${lab.files.identity}.pub`, publicKey, { flag: 'a' })
        const silent = await run(operator, ['ssh', 'NixOS', '-i', locked, 'true'])
        t.equal(silent.status, 255, 'nobody can be asked')
        const screen = await onTerminal(t, operator, ['ssh', 'NixOS', '-i', locked, 'exit 10'])
        await screen.until(/Enter passphrase for key '.*': /)
        screen.type('mistaken\r')
        await screen.until(/Enter passphrase for key '.*': /)
        screen.type('no\x15a secx\x7fret\r')
        await endsWith(t, screen, 10)
        t.notMatch(screen.raw(), /mistaken|secret/, 'no echo')
        if (form === 'pem') return
        const given = await onTerminal(t, operator, ['ssh', 'NixOS', '-i', locked, 'exit 10'])
        await given.until(/Enter passphrase/)
        given.type('\x03')
        await endsWith(t, given, 255)
      })
  },
)

t.test('passwords', { skip: skip || skipWithoutRoot('mount'), buffered: true }, async (t) => {
  const operator = await makeOperator(t)
  const { lab, installer } = operator
  /** An sshd as stock images have it, with this password field for root. */
  const serve = async (port: number, field: string) => {
    const folder = await lab.newFolder(`port-${port}`)
    const shadow = join(folder, 'shadow')
    const entries = (await readFile('/etc/shadow', 'utf8')).split('\n')
    const changed = entries.map((line) => line.replace(/^root:[^:]*/, `root:${field}`))
    await writeFile(shadow, changed.join('\n'), { mode: 0o600 })
    const settings = [
      `Port ${port}`,
      `HostKey "${join(lab.files.folder, 'ssh_host_ed25519_key')}"`,
      'PermitRootLogin yes',
      'PermitEmptyPasswords yes',
      'UsePAM no',
      'PidFile none',
      'PrintMotd no',
    ]
    await writeFile(join(folder, 'config'), `${settings.join('\n')}\n`)
    const script =
      'mount --bind "$0" /etc/shadow && exec "$(command -v sshd)" -D -e -f "$1" </dev/null'
    const words = ['unshare', '--mount', 'sh', '-c', script, shadow, join(folder, 'config')]
    await untilSaid(installer.namespace.start(words), /listening/i)
  }
  // `openssl passwd -6 -salt installer 'open sesame'`
  await serve(
    2201,
    '$6$installer$3y8EMwFlPCTIouTTsPUhWznMgurYPfJKcHreLHaPF1N9VVASxFvVfcH/OeAcoKADJKnz7qZyMni3QDOcEMyYG.',
  )
  await serve(2202, '')
  const args = (port: number) => ['ssh', 'root@NixOS', '-p', String(port), 'exit 11']

  const silent = await run(operator, args(2201))
  t.equal(silent.status, 255, 'without a terminal nothing is asked')
  t.match(silent.stderr, /Permission denied \(publickey,password.*\)/)
  const screen = await onTerminal(t, operator, args(2201))
  await screen.until(/root@\S+'s password: /)
  screen.type('open says me\r')
  await screen.until(/Permission denied, please try again\.\s+root@\S+'s password: /)
  screen.type('open sesame\r')
  await endsWith(t, screen, 11)
  t.notMatch(screen.raw(), /sesame/, 'no echo')
  const empty = await run(operator, args(2202))
  t.equal(empty.status, 11, `an empty password: ${empty.stderr}`)
})

t.test('the host key is the one that is remembered', { skip, buffered: true }, async (t) => {
  const operator = await makeOperator(t)
  const { lab, installer } = operator
  const knownHosts = join(lab.files.folder, 'installer-discovery', 'known_hosts')
  t.equal((await run(operator, ['ssh', 'NixOS', ...key(operator), 'true'])).status, 0)
  const known = await readFile(knownHosts, 'utf8')
  t.match(known, /^installer-525400fffe123456 ssh-ed25519 \S+ .*\n$/)
  const stranger = await makeKeys(await lab.newFolder('stranger'))
  // Another server of the same machine: it is not looked at by the search.
  const config = join(stranger.folder, 'config')
  const settings = [`HostKey "${join(stranger.folder, 'ssh_host_ed25519_key')}"`, 'Port 2222']
  await writeFile(
    config,
    [
      ...settings,
      `AuthorizedKeysFile "${lab.files.identity}.pub"`,
      'StrictModes no',
      'PidFile none\n',
    ].join('\n'),
  )
  const sshd = (await runInside(installer.namespace, 'sh', ['-c', 'command -v sshd'])).trim()
  const server = installer.namespace.start([sshd, '-D', '-d', '-e', '-f', config])
  let log = ''
  server.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  await new Promise<void>((resolve) => {
    server.stderr.on('data', () => /listening on ::/i.test(log) && resolve())
  })
  const ended = new Promise((resolve) => server.once('close', resolve))
  const refused = await run(operator, ['ssh', 'NixOS', ...key(operator), '-p', '2222', 'true'])
  t.equal(refused.status, 5)
  t.match(refused.stderr, /Host key verification failed: NixOS shows the host key SHA256:/)
  t.equal(await readFile(knownHosts, 'utf8'), known)
  await ended
  t.match(log, /kex: algorithm/i, 'it came to the handshake')
  t.notMatch(log, /userauth/i, 'and no further')

  t.test('a first one is remembered, before anything is given away', async (t) => {
    await writeFile(knownHosts, '')
    const first = await run(operator, ['ssh', 'NixOS', ...key(operator), '-p', '22', 'exit 12'])
    t.equal(first.status, 12, first.stderr)
    t.match(
      first.stderr,
      /first contact with NixOS \(installer-525400fffe123456\), host key SHA256:/,
    )
    t.match(await readFile(knownHosts, 'utf8'), known.split(' boot=')[0])
  })

  t.test('where only an authority vouches it says that it cannot', async (t) => {
    const authority = await readFile(`${lab.files.identity}.pub`, 'utf8')
    await writeFile(knownHosts, `@cert-authority installer-* ${authority}`)
    const { status, stderr } = await run(operator, ['ssh', 'NixOS', ...key(operator), 'true'])
    t.equal(status, 5)
    t.match(
      stderr,
      /only a certificate authority vouches for NixOS.*certificates\n.*openssh-client/,
    )
  })
})

t.test(
  'what it cannot do it says, and ssh does not need it',
  { skip, buffered: true },
  async (t) => {
    const operator = await makeOperator(t)
    for (const option of ['-L8080:[::1]:80', '-A']) {
      const { status, stderr } = await run(operator, [
        'ssh',
        'NixOS',
        option,
        ...key(operator),
        'true',
      ])
      t.equal(status, 255, option)
      const [letter, value] = [option.slice(0, 2), option.slice(2)]
      t.match(stderr, `the built-in client cannot do ${letter}${value ? ` ${value}` : ''}\n`)
      t.match(stderr, /install openssh-client/)
    }
    const printed = await run(operator, ['ssh', 'NixOS', '-A', '--print', 'true'])
    t.equal(printed.status, 0)
    t.match(printed.stdout.toString(), /^ssh -A -o HostKeyAlias=/)
  },
)
