import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type CommandResult, runCommand } from '../../common/command.ts'
import { makeKeyPair, signHostKeys } from '../../common/ssh-keygen.ts'
import { type Namespace, runInside } from '../../scanner/demo/namespace.ts'
import {
  addressesSettled,
  bootInstaller,
  isInstalled,
  type Lab,
  makeLab,
  scannerProgram,
  skipWithoutRoot,
  startDaemon,
} from './lab.ts'

/**
 * The tools that people use, by the name that `scanner ssh-config --install` gives an installer and by
 * the address that `scanner target` prints. The machines share a disk, but each has a `/there` folder,
 * a user database and a nix store of its own: what is in the installer's came over the wire.
 */

const skip = skipWithoutRoot(
  'ip',
  'ping',
  'ssh',
  'scp',
  'sftp',
  'sshd',
  'ssh-keygen',
  'rsync',
  'git',
)
/** The operator's own home, with the folder of the test in its place. */
const root = userInfo().homedir
const ours = join(root, '.config', 'installer-discovery', 'ssh_config')
const mac = '52:54:00:12:34:56'
const id = '525400fffe123456'

interface Desk {
  lab: Lab
  installer: Namespace
  home: string
  /** A folder whose content on the installer is another. */
  there: string
  /** Runs a command line on the operator's machine, as its shell does. */
  run(line: string): Promise<CommandResult>
}

async function makeDesk(t: Test): Promise<Desk> {
  const lab = await makeLab(t)
  const { namespace: installer } = await bootInstaller(t, lab, { mac })
  await addressesSettled(lab.operator)
  const [home, there, bin] = await Promise.all(['home', 'there', 'bin'].map(lab.newFolder))
  await ownFolder(installer, there as string)
  await ownStore(lab, installer)
  // ansible's socket lies in it, and has no room for a long path.
  await runInside(lab.operator, 'mount', ['--bind', home as string, root])
  const shell = await loginShell(lab)
  await ownUsers(installer, lab.files.folder, [
    `root:x:0:0::${there}:${shell}`,
    `nixos:x:0:0::${there}:${shell}`,
    'sshd:x:100:65534::/run/sshd:/usr/sbin/nologin',
  ])
  await writeProgram(join(bin as string, 'scanner'), scannerWrapper)
  await mkdir(join(home as string, '.ssh'), { mode: 0o700 })
  const own = ['Host *', `  IdentityFile ${lab.files.identity}`, '  IdentitiesOnly yes', '']
  await writeFile(join(home as string, '.ssh', 'config'), own.join('\n'))
  const environment = {
    HOME: root,
    // The C locale of our commands is not enough for ansible.
    LC_ALL: 'C.UTF-8',
    // The connection that it keeps has our stderr, which would keep us waiting for a minute.
    ANSIBLE_SSH_ARGS: '-o ControlMaster=auto -o ControlPersist=1s',
    XDG_STATE_HOME: lab.files.folder,
    PATH: `${bin}:${process.env.PATH}:/usr/sbin:/sbin`,
    ...nixEnvironment(lab),
  }
  const [first = '', ...enter] = lab.operator.enter
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  return {
    lab,
    installer,
    home: home as string,
    there: there as string,
    run: (line) => runCommand(first, [...enter, 'env', '-C', root, ...variables, 'sh', '-c', line]),
  }
}

/** `scanner` as a package manager installs it. */
const scannerWrapper = `#!/bin/sh\nexec ${process.execPath} ${scannerProgram} "$@"\n`

async function writeProgram(path: string, text: string): Promise<void> {
  await writeFile(path, text)
  await chmod(path, 0o755)
}

function ownFolder(namespace: Namespace, path: string): Promise<string> {
  return runInside(namespace, 'mount', ['-t', 'tmpfs', 'tmpfs', path])
}

/** A user database for this machine: sshd takes the home folder and the shell from there. */
async function ownUsers(namespace: Namespace, folder: string, lines: string[]): Promise<void> {
  const file = join(folder, `passwd-${namespace.pid}`)
  await writeFile(file, `${lines.join('\n')}\n`)
  await runInside(namespace, 'mount', ['--bind', file, '/etc/passwd'])
}

const storeFolder = ({ files }: Lab) => join(files.folder, 'nix')

/** Nix without a daemon, as root, in a store of the test's own, the same path on both machines. */
function nixEnvironment(lab: Lab): Record<string, string> {
  return {
    NIX_STORE_DIR: join(storeFolder(lab), 'store'),
    NIX_STATE_DIR: join(storeFolder(lab), 'var'),
    NIX_LOG_DIR: join(storeFolder(lab), 'log'),
    NIX_CONFIG:
      'experimental-features = nix-command\nbuild-users-group =\nsandbox = false\nsubstitute = false\nrequire-sigs = false',
  }
}

async function ownStore(lab: Lab, installer: Namespace): Promise<void> {
  await mkdir(storeFolder(lab))
  await ownFolder(installer, storeFolder(lab))
}

/** The shell of the installer's user: it knows where nix has its store there. */
async function loginShell(lab: Lab): Promise<string> {
  const path = join(lab.files.folder, 'login-shell')
  const exports = Object.entries(nixEnvironment(lab)).map(
    ([name, value]) => `export ${name}='${value}'`,
  )
  await writeProgram(path, ['#!/bin/bash', ...exports, 'exec /bin/bash "$@"', ''].join('\n'))
  return path
}

/** Runs each command line; all are to succeed and say what is expected. */
async function all(t: Test, { run }: Desk, lines: readonly (readonly [string, RegExp])[]) {
  for (const [line, wanted] of lines) {
    const { status, stdout, stderr } = await run(line)
    t.equal(status, 0, `${line}\n${stderr}`)
    t.match(stdout, wanted, line)
  }
}

/** Commands for what not everybody has installed; a skipped test says which. */
function without(...commands: string[]): string | false {
  const missing = commands.filter((command) => !isInstalled(command))
  return missing.length > 0 && `not installed: ${missing.join(', ')}`
}

t.test('the tools that use ssh', { skip }, async (t) => {
  const desk = await makeDesk(t)
  await t.test('by name', (t) => byName(t, desk))
  await t.test('by the address that is printed for each', (t) => byAddress(t, desk))
  await t.test('a configuration that something else builds is left alone', (t) => refused(t, desk))
})

async function byName(t: Test, desk: Desk): Promise<void> {
  const { run, home, there, installer } = desk
  const mine = await readFile(join(home, '.ssh', 'config'), 'utf8')
  const installed = await run('scanner ssh-config --install')
  t.equal(installed.status, 0, installed.stderr)
  t.match((await run(`cat ${ours}`)).stdout, /ProxyCommand scanner proxy %n %p/)
  t.match(await run('ssh -o BatchMode=yes NixOS.installer true'), {
    status: 0,
    stderr: /^scanner: first contact with NixOS/,
  })
  await writeFile(join(home, 'file'), 'from here\n')
  const onInstaller = (path: string) => runInside(installer, 'cat', [join(there, path)])

  await all(t, desk, [
    ['ssh NixOS.installer ip -o link show in0', / in0@/],
    [`ssh ${id}.installer pwd`, new RegExp(there)],
    ['echo over stdin | ssh NixOS.installer tee stdin', /^over stdin$/m],
    [
      'ssh -o StrictHostKeyChecking=accept-new -J NixOS.installer nixos@127.0.0.1 pwd',
      new RegExp(there),
    ],
  ])
  t.equal((await run('ssh NixOS.installer exit 7')).status, 7, 'the status of the command there')

  await all(t, desk, [
    ['scp file NixOS.installer:scp', /^$/],
    ['scp NixOS.installer:scp back && cat back', /^from here$/m],
    ['echo put file sftp | sftp -b - NixOS.installer', /sftp> put/],
    ['rsync -a file NixOS.installer:rsync', /^$/],
    ['rsync -a NixOS.installer:rsync back2 && cat back2', /^from here$/m],
  ])
  for (const path of ['scp', 'sftp', 'rsync']) t.equal(await onInstaller(path), 'from here\n', path)

  await all(t, desk, [
    ['ssh NixOS.installer git init -q --bare -b main repo.git', /^$/],
    ['git clone -q ssh://NixOS.installer/~/repo.git', /^$/],
    [
      'cd repo && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x && git push -q NixOS.installer:repo.git HEAD:main && git ls-remote origin main',
      /refs\/heads\/main/,
    ],
  ])

  await t.test('ansible', { skip: without('ansible') }, (t) =>
    all(t, desk, [
      ['ansible -i NixOS.installer, all -m ping', /NixOS.installer \| SUCCESS[\s\S]*"pong"/],
    ]),
  )
  await t.test('nix', { skip: without('nix') }, async (t) => {
    const added = await run('nix store add-file file')
    t.equal(added.status, 0, added.stderr)
    const path = added.stdout.trim()
    await all(t, desk, [
      [`nix copy --to ssh-ng://nixos@NixOS.installer ${path}`, /^$/],
      [`nix store ls --store ssh-ng://nixos@NixOS.installer ${path}`, /file/],
      ['nix-copy-closure --to NixOS.installer $(nix store add-file .ssh/config)', /^$/],
    ])
    t.equal(await runInside(installer, 'cat', [path]), 'from here\n')
  })

  t.equal((await run('scanner ssh-config --uninstall')).status, 0)
  t.equal(await readFile(join(home, '.ssh', 'config'), 'utf8'), mine)
  t.match(await run('ssh -o BatchMode=yes NixOS.installer true'), { status: 255 })
}

t.test('the host key is checked for them all, under the identity', { skip }, async (t) => {
  const { lab, installer, home, run } = await makeDesk(t)
  const { folder } = lab.files
  const config = join(folder, 'sshd_config')
  const sshd = (await runInside(installer, 'sh', ['-c', 'command -v sshd'])).trim()
  const serve = (...options: string[]) =>
    startDaemon(installer, [sshd, '-D', '-e', '-f', config, ...options], /listening/)
  t.match(await run('scanner ssh-config --install'), { status: 0 })
  const silently = { status: 0, stdout: 'in\n', stderr: '' }
  const knownHosts = join(folder, 'installer-discovery', 'known_hosts')

  t.match(await run('ssh NixOS.installer echo in'), {
    status: 0,
    stdout: 'in\n',
    stderr: new RegExp(
      `^scanner: first contact with NixOS \\(installer-${id}\\), host key SHA256:`,
    ),
  })
  t.match(await readFile(knownHosts, 'utf8'), /^installer-525400fffe123456 ssh-ed25519 .*\n$/)
  t.same(await run('ssh NixOS.installer echo in'), silently)
  await serve('-p', '2222')
  t.same(await run('ssh -p 2222 3456.installer echo in'), silently, '[3456.installer]:2222')

  await makeKeyPair(join(folder, 'other'), 'other')
  t.match(await run(`scanner trust import ${id} ${join(folder, 'other.pub')}`), { status: 0 })
  for (const anyway of ['', '-o UserKnownHostsFile=/dev/null']) {
    const refused = await run(`ssh ${anyway} -o StrictHostKeyChecking=no NixOS.installer echo in`)
    t.match(refused, { status: 255, stdout: '', stderr: /NixOS has another host key/ }, anyway)
  }

  await run('scanner trust forget --all')
  t.match(await run('scanner trust ca init --folder ca'), { status: 0 })
  const trusted = await readFile(knownHosts, 'utf8')
  for (const anyway of ['', '-o StrictHostKeyChecking=no']) {
    const refused = await run(`ssh ${anyway} NixOS.installer echo in`)
    t.match(refused, { status: 255, stdout: '', stderr: /shows no certificate/ }, anyway)
  }
  const publicKeys = [join(folder, 'ssh_host_ed25519_key.pub')]
  const authority = join(home, 'ca', 'installer_ca')
  const validUntil = 4_000_000_000
  const principals = [`installer-${id}`]
  await signHostKeys({ authority, identity: 'test', principals, validUntil, publicKeys })
  const certificate = join(folder, 'ssh_host_ed25519_key-cert.pub')
  await serve('-p', '2223', '-o', `HostCertificate=${certificate}`)
  for (const name of ['NixOS', '3456', id])
    t.same(await run(`ssh -p 2223 ${name}.installer echo in`), silently, name)
  t.equal(await readFile(knownHosts, 'utf8'), trusted, 'nothing was written down')
})

async function byAddress(t: Test, desk: Desk): Promise<void> {
  const { run, home, there, installer } = desk
  const config = join(home, '.ssh', 'config')
  await writeFile(config, `${await readFile(config, 'utf8')}  StrictHostKeyChecking accept-new\n`)
  await writeFile(join(home, 'file'), 'from here\n')
  const lla = 'fe80::5054:ff:fe12:3456%op0'
  const target = (tool: string) => `$(scanner target NixOS --for ${tool})`

  await all(t, desk, [
    ['scanner target NixOS', new RegExp(`^${lla}\n$`)],
    // The agent of the test announces the user that runs it.
    ['scanner target NixOS --for url', /^ssh:\/\/root@\[fe80::5054:ff:fe12:3456%25op0\]:22\n$/],
    [`ssh ${target('ssh')} ip -o link show in0`, / in0@/],
    [`scp file "${target('scp')}:${there}/scp"`, /^$/],
    [`echo put file ${there}/sftp | sftp -b - "${target('scp')}"`, /sftp> put/],
    [`rsync -a file "${target('rsync')}:${there}/rsync"`, /^$/],
  ])
  for (const path of ['scp', 'sftp', 'rsync'])
    t.equal(await runInside(installer, 'cat', [join(there, path)]), 'from here\n', path)

  await t.test('ansible', { skip: without('ansible') }, (t) =>
    all(t, desk, [
      [
        'scanner target NixOS --for ansible >hosts && ansible -i hosts all -m ping',
        /NixOS \| SUCCESS[\s\S]*"pong"/,
      ],
    ]),
  )
  await t.test('nix', { skip: without('nix') }, async (t) => {
    const added = await run('nix store add-file file')
    await all(t, desk, [[`nix copy --to "${target('nix')}" ${added.stdout.trim()}`, /^$/]])
    t.equal(await runInside(installer, 'cat', [added.stdout.trim()]), 'from here\n')
  })

  t.match(await run('scanner target NixOS --for deploy-rs'), {
    stdout: `${id}.installer\n`,
    stderr: /ssh-config --install/,
  })
  await run('scanner ssh-config --install')
  t.match(await run('scanner target NixOS --for nixos-anywhere'), {
    status: 0,
    stdout: `root@${id}.installer\n`,
    stderr: /^$/,
  })
  await run('scanner ssh-config --uninstall')
  t.match(await run('scanner target NixOS --for telnet'), { status: 2 })
  t.match(await run('scanner target --timeout 500ms nobody'), { status: 3, stdout: '' })
}

async function refused(t: Test, { run, home, lab }: Desk): Promise<void> {
  await run('mkdir built && mv .ssh/config built/')
  await run('ln -s ../built/config .ssh/config')
  const built = join(root, 'built')
  await runInside(lab.operator, 'mount', ['--bind', built, built])
  await runInside(lab.operator, 'mount', ['-o', 'remount,bind,ro', built])
  const said = await run('scanner ssh-config --install')
  t.equal(said.status, 1)
  t.match(said.stderr, `  Include ${ours}\n`, 'the line to add')
  t.match(said.stderr, `programs.ssh.includes = [ "${ours}" ];`)
  t.notOk(existsSync(join(home, '.config', 'installer-discovery')), 'nothing was written')

  // What the person does then.
  const file = join(home, 'built', 'config')
  await writeFile(file, `Include ${ours}\n${await readFile(file, 'utf8')}`)
  t.match(await run('scanner ssh-config --install'), { status: 0, stderr: /includes it already/ })
  t.match((await run('ssh -G NixOS.installer')).stdout, /^proxycommand scanner proxy/m)
  t.match(await run('scanner ssh-config --uninstall'), { status: 1, stderr: /take this line out/ })
}
