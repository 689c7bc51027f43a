import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type CommandResult, runCommand } from '../../common/command.ts'
import { runInside } from '../../scanner/demo/namespace.ts'
import { bootInstaller, type Lab, machine, makeLab, scannerProgram } from '../netns/lab.ts'
import { ipBatch, makeSwitch, plugInto } from '../netns/segment.ts'
import { bootMachine, type Machine, skipWithoutMachines } from './machine.ts'
import {
  closeTree,
  debianTree,
  disable,
  installPackage,
  installUnits,
  makeLive,
  openTree,
  run,
  write,
} from './tree.ts'

const skip = await skipWithoutMachines('losetup')
const mac = '52:54:00:12:34:56'
const id = '525400fffe123456'
const order = "nixos-install --flake '/iso/devos#NixOS'"
const said = 'nixos-install --flake /iso/devos#NixOS'

/** Takes a minute, or as long as the test likes: it does what it is told through a pipe. */
const nixosInstall = `#!/bin/sh
echo "nixos-install $*"
echo "as $(id -un) in $PWD, input from $(readlink /proc/self/fd/0), HOME $HOME"
while read -r word rest <&3; do
  case $word in
    say) echo "$rest" ;;
    complain) echo "$rest" >&2 ;;
    exit) exit "$rest" ;;
  esac
done 3<>/run/gate
`

interface Stage {
  lab: Lab
  live: Machine
  hub: Awaited<ReturnType<typeof makeSwitch>>
  disks: Record<'root' | 'boot' | 'swap' | 'bad', string>
  scanner(args: string, environment?: NodeJS.ProcessEnv): Promise<CommandResult>
  /** Tells the stand-in of nixos-install what to do. */
  tell(...lines: string[]): Promise<string>
}

async function makeTree(t: Test, lab: Lab): Promise<string> {
  const folder = await lab.newFolder('tree')
  t.teardown(() => closeTree(folder))
  const root = await openTree((await debianTree()) ?? '', folder)
  await installPackage(root)
  await makeLive(root, await readFile(`${lab.files.identity}.pub`, 'utf8'))
  await installUnits(root)
  await disable(root, 'NetworkManager.service', 'NetworkManager-wait-online.service')
  const flake = '[Service]\nEnvironment=INSTALLER_AGENT_FLAKE=/iso/devos\n'
  await write(root, '/etc/systemd/system/installer-agent.service.d/flake.conf', flake)
  await write(root, '/iso/devos/flake.nix', '{ }\n')
  await write(root, '/usr/local/bin/nixos-install', nixosInstall, 0o755)
  return root
}

async function makeDisk(t: Test, folder: string, name: string, bytes: number): Promise<string> {
  const file = join(folder, name)
  await run('truncate', '-s', String(bytes), file)
  const device = (await run('losetup', '--find', '--show', file)).trim()
  t.teardown(() => run('losetup', '--detach', device))
  return device
}

async function setUp(t: Test): Promise<Stage> {
  const lab = await makeLab(t)
  const folder = await lab.newFolder('disks')
  const size = 16 * 1024 * 1024
  const disks = {
    root: await makeDisk(t, folder, 'root', size),
    boot: await makeDisk(t, folder, 'boot', size),
    swap: await makeDisk(t, folder, 'swap', size),
    bad: await makeDisk(t, folder, 'bad', size),
  }
  const root = await makeTree(t, lab)
  const hub = await makeSwitch(t)
  await plugInto(hub, 'op', { namespace: lab.operator, card: 'op0' })
  const namespace = await machine(t)
  await plugInto(hub, 'in', { namespace, mac })
  const options = Object.values(disks).map((device) => `--bind=${device}`)
  const live = await bootMachine(namespace, {
    root,
    name: 'live',
    options: [...options, '--system-call-filter=@swap'],
  })
  t.teardown(() => live.off())
  await lab.scanner(['wait', 'NixOS', '--for', 'ssh', '--timeout', '60s'])
  await live.inside('mkfs.ext4', '-q', '-L', 'nixos', disks.root)
  await live.inside('mkfs.ext4', '-q', '-L', 'boot', disks.boot)
  await live.inside('mkswap', '-L', 'swap', disks.swap)
  await live.inside('mkfifo', '/run/gate')
  await live.inside('systemd-run', '--quiet', 'sh', '-c', 'exec 3<>/run/gate; exec sleep infinity')
  // Swap of a machine with other pages: it looks right, and cannot be switched on.
  await live.inside('mkswap', '--pagesize', '65536', disks.bad)
  return {
    lab,
    live,
    hub,
    disks,
    scanner: (args, environment) => lab.scanner([...identity(lab, args.split(' '))], environment),
    tell: (...lines) => live.inside('sh', '-c', 'printf "%s\\n" "$@" >/run/gate', 'sh', ...lines),
  }
}

/** The words with the key of the lab, before those that are for another program. */
function identity({ files }: Lab, [verb = '', ...words]: string[]): string[] {
  return [verb, '--identity', files.identity, ...words]
}

/** A scanner that runs while the test goes on. */
function start(stage: Stage, t: Test, args: string) {
  return startWords(stage, t, args.split(' '))
}

function startWords({ lab }: Stage, t: Test, args: string[]) {
  const [first = '', ...rest] = lab.operator.enter
  const words = [process.execPath, scannerProgram, ...identity(lab, args)]
  const state = `XDG_STATE_HOME=${lab.files.folder}`
  const child = spawn(first, [...rest, 'env', state, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const said = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
      for (const listener of listeners) listener()
    })
  const ended = once(child, 'close').then(([status]: (number | null)[]) => {
    for (const listener of listeners) listener()
    return status
  })
  const until = (name: 'stdout' | 'stderr', wanted: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (wanted.test(said[name])) resolve()
        else if (child.exitCode !== null)
          reject(new Error(`it ended: ${child.exitCode} ${said.stdout} ${said.stderr}`))
      }
      listeners.add(look)
      look()
    })
  return { said, ended, until, interrupt: () => child.kill('SIGINT') }
}

t.test('an installer with disks', { skip }, async (t) => {
  const began = performance.now()
  const stage = await setUp(t)
  t.comment(`booted: ${((performance.now() - began) / 1000).toFixed(1)} s`)
  const parts: Record<string, (t: Test, stage: Stage) => Promise<void>> = {
    'bootstrap: the disks, the plan, the mounts, and back': mounts,
    'bootstrap and install: refused': refusals,
    'install: a cable is pulled, the same command joins again': pulledCable,
    'install: left, it ends meanwhile; the new host key is pinned': leftAlone,
    'install: another command, under tmux, stopped': stopped,
    'install by other programs': tools,
    'without ssh': withoutSsh,
    'two fit: none is touched': twoMachines,
  }
  for (const [name, part] of Object.entries(parts)) {
    const from = performance.now()
    await t.test(name, (t) => part(t, stage))
    t.comment(`${name}: ${((performance.now() - from) / 1000).toFixed(1)} s`)
  }
})

async function mounts(t: Test, { scanner, live, disks }: Stage): Promise<void> {
  const { root, boot, swap, bad } = disks
  const list = await scanner('bootstrap NixOS')
  t.equal(list.status, 0, list.stderr)
  t.match(list.stdout, new RegExp(`^${root} +16 MiB +ext4 +nixos +- `, 'm'))
  t.match(list.stderr, /NixOS boots by (BIOS|UEFI); name what to mount: --root DEV/)

  const wish = `--root LABEL=nixos --boot /dev/disk/by-label/boot --swap ${swap}`
  const printed = await scanner(`bootstrap NixOS ${wish} --print`)
  const commands = `sudo mkdir -p /mnt &&\nsudo mount ${root} /mnt &&\nsudo mkdir -p /mnt/boot &&\nsudo mount ${boot} /mnt/boot &&\nsudo swapon ${swap}\n`
  t.equal(printed.stdout, commands)
  const mounted = () =>
    live.inside('findmnt', '-rno', 'TARGET,SOURCE', '-R', '/mnt').catch(() => '')
  const asWished = `/mnt ${root}\n/mnt/boot ${boot}\n`
  t.equal(await mounted(), '', 'nothing was done')
  await live.inside('su', 'nixos', '-c', commands)
  t.equal(await mounted(), asWished, 'what is printed works pasted')
  await live.inside('umount', '-R', '/mnt')
  await live.inside('swapoff', swap)

  const failed = await scanner(`bootstrap NixOS --root nixos --boot boot --swap ${bad}`)
  t.equal(failed.status, 1)
  t.match(failed.stderr, new RegExp(`'swapon ${bad}' failed on NixOS: swapon: `))
  t.match(failed.stderr, /taken back: mount .* at \/mnt, mount .* at \/mnt\/boot/)
  t.equal(await mounted(), '', 'what was done is taken back')

  const done = await scanner(`bootstrap NixOS ${wish}`)
  t.equal(done.status, 0, done.stderr)
  t.match(done.stderr, new RegExp(`mount ${root} .* at /mnt\n .*mount ${boot} .* at /mnt/boot\n`))
  t.equal(await mounted(), asWished)
  t.match(await live.inside('cat', '/proc/swaps'), swap)
  const again = await scanner(`bootstrap NixOS ${wish}`)
  t.equal(again.status, 0, again.stderr)
  t.match(again.stderr, /nothing was left to do; next: scanner install/)
  t.equal(await mounted(), asWished, 'idempotent')
  await live.inside('swapoff', swap)
}

async function refusals(t: Test, { scanner, live, disks }: Stage): Promise<void> {
  await live.inside('umount', '/mnt/boot')
  for (const [args, status, message] of [
    [
      'bootstrap NixOS --root boot',
      1,
      /something else is mounted at \/mnt: \/dev\/loop\d+ \(ext4\)/,
    ],
    ["bootstrap NixOS --root /dev/x';reboot;'", 1, /no device fits '--root \/dev\/x';reboot;''/],
    [
      'install NixOS --target /else --yes',
      1,
      /nothing is mounted at \/else[\s\S]*scanner bootstrap/,
    ],
  ] as const) {
    const result = await scanner(args)
    t.equal(result.status, status, `${args}: ${result.stderr}`)
    t.match(result.stderr, message, args)
  }
  const asked = await scanner('install NixOS')
  t.match(
    asked.stderr,
    /Installing on NixOS, id 525400fffe123456, 52:54:00:12:34:56 on op0, Debian/,
  )
  t.match(
    asked.stderr,
    new RegExp(`/mnt  ${disks.root}  ext4  'nixos'  16 MiB\n  ${order}   \\(in /iso/devos`),
  )
  t.notOk(await live.inside('ls', '/run/scanner-install').catch(() => ''), 'nothing was started')
}

async function pulledCable(t: Test, stage: Stage): Promise<void> {
  const { live, hub, tell, scanner } = stage
  const alive = '--ssh-option ServerAliveInterval=1 --ssh-option ServerAliveCountMax=2'
  const words = `install NixOS --yes --heartbeat 500ms ${alive} -- --impure`
  const first = start(stage, t, words)
  await first.until('stdout', /HOME \/root\n/)
  await tell('say one', 'complain two')
  await first.until('stdout', /one\ntwo\n/)
  await first.until('stderr', /it runs for \d s, and said nothing for \d s/)
  const printed = await scanner('install NixOS --print -- --impure')
  t.equal(printed.stdout, `cd /iso/devos && sudo ${order} --impure\n`)

  await ipBatch(hub, 'link set in down')
  await tell('say three', 'say four')
  t.equal(await first.ended, 6, first.said.stderr)
  t.match(first.said.stderr, /connection to NixOS is lost; the install goes on there/)
  t.match(first.said.stderr, /same command: scanner install .*NixOS .*-- --impure\n/)
  await ipBatch(hub, 'link set in up')

  const other = await scanner('install NixOS --yes --timeout 20s -- --keep-going')
  t.equal(other.status, 1, other.stderr)
  t.match(
    other.stderr,
    new RegExp(`is installing something else, running for [1-9]\\d* s: ${order} --impure`),
  )
  const second = start(stage, t, words)
  await second.until('stdout', /three\nfour\n/)
  t.match(second.said.stderr, /joined on NixOS, .*, running for [1-9]\d* s: nixos-install/)
  await tell('say five', 'exit 7')
  t.equal(await second.ended, 7, 'the status is passed through')
  t.equal(second.said.stdout, 'three\nfour\nfive\n')
  const log = await live.inside('sh', '-c', 'cat /run/scanner-install/*/log')
  t.equal(first.said.stdout + second.said.stdout, log, 'nothing is lost, nothing is told twice')
  t.match(
    log,
    new RegExp(`^${said} --impure\nas root in /iso/devos, input from /dev/null, HOME /root\n`),
  )
}

async function leftAlone(t: Test, stage: Stage): Promise<void> {
  const { lab, live, tell, scanner } = stage
  const first = start(stage, t, 'install NixOS --yes')
  await first.until('stdout', /HOME \/root\n/)
  first.interrupt()
  t.equal(await first.ended, 1)
  t.match(
    first.said.stderr,
    /left; the install goes on there\n +to join it again: scanner install /,
  )
  await live.inside('mkdir', '-p', '/mnt/etc/ssh')
  const key = '/mnt/etc/ssh/ssh_host_ed25519_key'
  await live.inside('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key)
  await tell('say installation finished!', 'exit 0')
  await live.inside(
    'sh',
    '-c',
    'flock -s /run/scanner-install/$(cat /run/scanner-install/current)/alive true',
  )

  const second = await scanner('install NixOS --yes')
  t.equal(second.status, 0, second.stderr)
  t.equal(second.stdout, 'installation finished!\n')
  t.match(second.stderr, /joined on NixOS, .*, ended with status 0 after \d+ s: nixos-install/)
  t.match(
    second.stderr,
    /NixOS is installed; to start it: scanner ssh 525400fffe123456 sudo reboot/,
  )
  const [reach = ''] = /ssh -o HostKeyAlias=installed-525400fffe123456 .*/.exec(second.stderr) ?? []
  const log_in = () => {
    const line = `${reach.replace(/^ssh/, `ssh -F none -i ${lab.files.identity}`)} true`
    const [command = '', ...enter] = lab.operator.enter
    return runCommand(command, [...enter, 'sh', '-c', line])
  }
  t.equal((await log_in()).status, 255, 'the live system is another')
  await live.inside(
    'sh',
    '-c',
    `cp -a /etc/ssh /run/live && cp ${key}* /etc/ssh/ && systemctl restart ssh`,
  )
  const reached = await log_in()
  t.equal(reached.status, 0, `${reach}: ${reached.stderr}`)
  await live.inside('sh', '-c', 'cp -a /run/live/. /etc/ssh/ && systemctl restart ssh')
}

async function stopped(t: Test, stage: Stage): Promise<void> {
  const { live, scanner } = stage
  await live.inside('mount', '--bind', '/dev/null', '/usr/bin/systemd-run')
  const words = ['--yes', '--command', 'echo "in $PWD by $0"; exec sleep 600']
  const first = startWords(stage, t, ['install', 'NixOS', ...words])
  await first.until('stdout', /in \/iso\/devos by sh\n/)
  t.match(first.said.stderr, /started under tmux/)
  const stop = await scanner('install NixOS --stop')
  t.equal(stop.status, 0, stop.stderr)
  t.match(stop.stderr, /stopped after \d+ s: echo /)
  t.equal(await first.ended, 143)
  await live.inside('umount', '/usr/bin/systemd-run')

  const next = startWords(stage, t, ['install', 'NixOS', ...words])
  await next.until('stdout', /in \/iso\/devos/)
  t.match(next.said.stderr, /started under systemd/, 'the same command starts another')
  await scanner('install NixOS --stop')
  t.equal(await next.ended, 143)
}

/** The programs write down what they were told, and do with the real ssh what they would do. */
async function tools(t: Test, { lab, scanner }: Stage): Promise<void> {
  const home = await lab.newFolder('home')
  const bin = await lab.newFolder('bin')
  const programs = {
    'nixos-anywhere':
      'for last; do case $before in --target-host) to=$last ;; esac; before=$last; done',
    deploy: 'for last; do case $before in --hostname) to=root@$last ;; esac; before=$last; done',
    scanner: `exec ${process.execPath} ${scannerProgram} "$@"`,
  }
  for (const [name, text] of Object.entries(programs)) {
    const work =
      name === 'scanner'
        ? ''
        : `echo "${name} $*"; exec ssh -i ${lab.files.identity} "$to" 'hostname; exit 5'`
    await writeFile(join(bin, name), `#!/bin/sh\n${text}\n${work}\n`, { mode: 0o755 })
  }
  await runInside(lab.operator, 'mount', ['--bind', home, userInfo().homedir])
  const environment = { PATH: `${bin}:${process.env.PATH}:/usr/sbin`, HOME: userInfo().homedir }
  const words = 'install NixOS --yes --with'
  const unknown = await scanner(`${words} deploy-rs`, environment)
  t.equal(unknown.status, 1)
  t.match(unknown.stderr, /scanner ssh-config --install/)
  await lab.scanner(['ssh-config', '--install'], environment)
  const deploy = await scanner(`${words} deploy-rs -- --dry-activate`, environment)
  t.equal(deploy.status, 5, deploy.stderr)
  t.equal(
    deploy.stdout,
    `deploy --hostname ${id}.installer --ssh-user nixos --ssh-opts -i ${lab.files.identity} .#NixOS --dry-activate\nlive\n`,
  )
  const anywhere = await scanner(`${words} nixos-anywhere --flake /src --host other`, environment)
  t.equal(anywhere.status, 5, anywhere.stderr)
  t.equal(
    anywhere.stdout,
    `nixos-anywhere --flake /src#other --target-host nixos@${id}.installer -i ${lab.files.identity}\nlive\n`,
  )
  await rm(join(bin, 'deploy'))
  const missing = await scanner(`${words} deploy-rs`, environment)
  t.equal(missing.status, 1)
  t.match(
    missing.stderr,
    /'deploy' was not found on PATH[\s\S]*nix shell github:serokell\/deploy-rs/,
  )
  await runInside(lab.operator, 'umount', [userInfo().homedir])
}

/** Only what a search takes is on PATH. */
async function withoutSsh(t: Test, stage: Stage): Promise<void> {
  const { lab, scanner, tell } = stage
  const bin = await lab.newFolder('few')
  for (const name of ['ip', 'ping', 'env'])
    await symlink((await run('sh', '-c', `command -v ${name}`)).trim(), join(bin, name))
  const list = await scanner('bootstrap NixOS', { PATH: bin })
  t.equal(list.status, 0, list.stderr)
  t.match(list.stdout, /ext4 +nixos +\/mnt/)
  await tell('say by ssh2', 'exit 3')
  const installed = await scanner('install NixOS --yes', { PATH: bin })
  t.equal(installed.status, 3, installed.stderr)
  t.match(installed.stdout, /by ssh2\n$/)
}

async function twoMachines(t: Test, { lab, scanner, live, disks }: Stage): Promise<void> {
  await live.inside('umount', '/mnt')
  await bootInstaller(t, lab, { link: 'op1', mac: '52:54:00:00:00:0b' })
  for (const words of [`bootstrap NixOS --root ${disks.root}`, 'install NixOS --yes']) {
    const result = await scanner(words)
    t.equal(result.status, 4, result.stderr)
  }
  t.notOk(await live.inside('findmnt', '/mnt').catch(() => ''))
}
