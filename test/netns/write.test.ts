import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, open, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { type CommandResult, commandEnvironment, runCommand } from '../../common/command.ts'
import { findPlace, openTarget } from '../../scanner/write/target.ts'
import { scannerProgram, skipWithoutRoot } from './lab.ts'

/** `scanner write` on loop devices of the kernel. */

const skip =
  skipWithoutRoot(
    'losetup',
    'lsblk',
    'blockdev',
    'xz',
    'zstd',
    'mkfs.ext4',
    'mkswap',
    'addpart',
    'wipefs',
  ) ||
  (spawnSync('losetup', ['-f'], { env: commandEnvironment() }).status !== 0 &&
    'the kernel gives no loop devices')
/** More than a block, and no whole number of sectors. */
const content = Buffer.concat([randomBytes(1_000_000), Buffer.alloc(4_000_001, 'end')])
const hash = sha256(content)
const deviceBytes = 8 * 1024 * 1024

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A loop device on a sparse file, until the test ends. */
async function loop(t: Test, file: string, ...options: string[]): Promise<string> {
  await writeFile(file, '', { flag: 'a' })
  if ((await stat(file)).size === 0) await truncate(file, deviceBytes)
  const device = await attach(['--find', '--show', ...options, file])
  t.teardown(() => runCommand('losetup', ['--detach', device]))
  return device
}

/** Another may take the device that was free, which is told by the error alone. */
async function attach(args: readonly string[], tries = 5): Promise<string> {
  const { status, stdout, stderr } = await runCommand('losetup', args)
  if (status === 0) return stdout.trim()
  if (tries > 1) return attach(args, tries - 1)
  throw new Error(`losetup ${args.join(' ')}: ${stderr}`)
}

async function run(command: string, ...args: string[]): Promise<CommandResult> {
  const result = await runCommand(command, args)
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.stderr}`)
  return result
}

/** As somebody types it, without a terminal; tap's hooks are not for programs. */
function write(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const program = [process.execPath, scannerProgram, 'write', ...args]
  return ['-u', 'NODE_OPTIONS', ...variables, ...program]
}

const written = (...args: string[]) => runCommand('env', write(args))

/** One that goes on while the test looks on. */
function start(args: readonly string[], environment: NodeJS.ProcessEnv) {
  const child = spawn('env', write(args, environment), { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  return {
    child,
    said: () => said,
    async until(fits: RegExp) {
      while (!fits.test(said)) await once(child.stderr, 'data')
    },
    ended: once(child, 'close').then(([status]) => status as number | null),
  }
}

t.test(
  'a plain image and each packing are written whole, and told by their hashes',
  { skip },
  async (t) => {
    const folder = t.testdir({ 'a.img': content, 'a.img.gz': gzipSync(content, { level: 1 }) })
    const image = join(folder, 'a.img')
    await run('xz', '-0', '--keep', image)
    await run('zstd', '--quiet', '--keep', image)
    const back = join(folder, 'back')
    const device = await loop(t, back)
    for (const ending of ['', '.gz', '.xz', '.zst']) {
      const before = Buffer.alloc(deviceBytes, 'x')
      await writeFile(back, before)
      const packed = await readFile(`${image}${ending}`)
      const { status, stdout, stderr } = await written(`${image}${ending}`, device, '--yes')
      t.equal(status, 0, stderr)
      const lines = [`${hash}  ${image}`]
      if (ending) lines.unshift(`${sha256(packed)}  ${image}${ending}`)
      t.same(stdout.trim().split('\n'), lines)
      t.match(
        stderr,
        /writing +\d+ % .*\n.*5000001 bytes are written to .*\n.*read back and the same/s,
      )
      t.notMatch(stderr, '\u001b', 'plain lines into a pipe')
      content.copy(before)
      t.ok((await readFile(back)).equals(before), 'and nothing beyond its end')
    }
  },
)

t.test('a file is written over when that is said, made when there is none', { skip }, async (t) => {
  const folder = t.testdir({ 'a.img': content, old: Buffer.alloc(deviceBytes) })
  const [image, old, fresh] = ['a.img', 'old', 'new'].map((name) => join(folder, name))
  if (!image || !old || !fresh) throw new Error('no names')
  t.match(await written(image, old), { status: 2, stderr: /without a terminal nobody/ })
  t.equal((await stat(old)).size, deviceBytes)
  for (const each of [['-y', old], [fresh]]) {
    t.match(await written(image, ...each), { status: 0 })
    t.ok((await readFile(each.at(-1) ?? '')).equals(content))
  }
  t.match(await written(image, image, '-y'), { status: 1, stderr: /is the image itself/ })
  const device = await loop(t, old)
  t.match(await written(image, old, '-y'), { status: 1, stderr: `in use as ${device}` })
})

/** A folder with a file system on it, as long as it is needed: tap takes its own folders away early. */
async function whileMounted(args: readonly string[], folder: string, act: () => Promise<void>) {
  await run('mount', ...args, folder)
  try {
    await act()
  } finally {
    await run('umount', folder)
  }
}

t.test(
  'what is in use, read-only or too small is refused, and left as it is',
  { skip },
  async (t) => {
    const folder = t.testdir({ 'a.img': content, here: {} })
    const fixture = (name: string) => join(folder, name)
    const refused = (device: string, reason: RegExp) =>
      t.rejects(findPlace(device).then(openTarget), { exitStatus: 1, message: reason }, device)

    const disk = await loop(t, fixture('disk'))
    await run('mkfs.ext4', '-q', disk)
    await symlink(disk, fixture('by-id'))
    await whileMounted([disk], fixture('here'), async () => {
      for (const name of [disk, fixture('by-id')]) await refused(name, /is mounted at .*here/)
    })

    // Unmounted by itself: what a namespace leaves at its end is let go of some time after.
    const script = `mount ${disk} ${fixture('here')} && echo ready && read -r _; umount ${disk}`
    const holder = spawn('unshare', ['--mount', 'sh', '-c', script], { env: commandEnvironment() })
    await once(holder.stdout, 'data')
    await refused(disk, /the kernel says that it is in use/)
    holder.stdin.end()
    await once(holder, 'close')

    await run('mkswap', disk)
    await run('swapon', disk)
    await refused(disk, /is swap in use/).finally(() => run('swapoff', disk))

    await writeFile(disk, Buffer.from('LUKS\xba\xbe\x00\x01', 'latin1'), { flag: 'r+' })
    await run('wipefs', '--all', '--types', 'swap', disk)
    await refused(disk, /part of .*\(crypto_LUKS\)/)

    await refused(await loop(t, fixture('fixed'), '--read-only'), /is read-only/)
    await writeFile(fixture('tiny'), Buffer.alloc(4_900_352))
    const tiny = await loop(t, fixture('tiny'))
    t.match(await written(fixture('a.img'), tiny, '-y'), {
      status: 1,
      stderr: /is not written: the image has 5000001 bytes, and .* only 4900352/,
    })
  },
)

/** Adds the partition of the image, as the kernels of tests may read no partition tables themselves. */
async function addPartition(device: string): Promise<string> {
  await run('addpart', device, '1', '2048', '4096')
  return `${device}p1`
}

t.test('mounted partitions are seen, and old ones forgotten at the end', { skip }, async (t) => {
  const folder = t.testdir({ 'a.img': Buffer.alloc(3_000_000), here: {} })
  const [image, here] = [join(folder, 'a.img'), join(folder, 'here')]
  const device = await loop(t, join(folder, 'back'), '--partscan')
  const part = await addPartition(device)
  t.match(await written(image, part, '-y'), {
    status: 1,
    stderr: /has 3000000 bytes, and \/dev\/loop\d+p1 only 2097152/,
  })
  await run('mkfs.ext4', '-q', part)
  await whileMounted([part], here, async () => {
    const { status, stderr } = await written(image, device, '-y')
    t.match({ status, stderr }, { status: 1, stderr: `${part} is mounted at ${here}` })
  })
  t.match(await written(image, device, '-y'), { status: 0 })
  t.notMatch((await run('lsblk', '--noheadings', '--output', 'PATH', device)).stdout, part)
})

t.test('a medium that fails: what is written and what is not', { skip }, async (t) => {
  const folder = t.testdir({ small: {}, 'a.img': content, 'a.gz': gzipSync(content, { level: 1 }) })
  const small = join(folder, 'small')
  await whileMounted(['-t', 'tmpfs', '-o', 'size=4608k', 'tmpfs'], small, async () => {
    const device = await loop(t, join(small, 'back'))
    const { status, stderr, stdout } = await written(join(folder, 'a.img'), device, '--yes')
    await run('losetup', '--detach', device)
    t.match({ status, stdout }, { status: 1, stdout: '' })
    t.match(stderr, /cannot be written: (EIO|ENOSPC)/)
    const held = `the first 4194304 bytes of the image are written to ${device}, the other 805697 not`
    t.match(stderr, held)
    t.match(stderr, `${device} is unusable until`)
  })

  await writeFile(join(folder, 'tiny'), Buffer.alloc(4_900_352))
  const tiny = await loop(t, join(folder, 'tiny'))
  t.match(await written(join(folder, 'a.gz'), tiny, '-y'), {
    status: 1,
    stderr: /larger than the 4900352 bytes.*the first 4194304 bytes .*, the rest not/s,
  })
})

/** A stand-in for xz that unpacks as it is told by `script`; without one it is not there. */
async function fakeXz(folder: string, script: string): Promise<NodeJS.ProcessEnv> {
  const path = join(folder, 'bin', 'xz')
  const list = `printf 'totals\\t1\\t1\\t9\\t${content.length}\\t0.1\\n'`
  await mkdir(join(folder, 'bin'))
  await writeFile(path, `#!/bin/sh\ncase $1 in --robot) ${list} ;; -dc) ${script} ;; esac\n`)
  await chmod(path, 0o755)
  return { PATH: `${join(folder, 'bin')}:${process.env.PATH}` }
}

const xzHead = Buffer.from('fd377a585a00', 'hex')

t.test(
  'Ctrl-C leaves a clear word, also with --quiet and while the image hangs',
  { skip },
  async (t) => {
    const folder = t.testdir({ 'a.img': content, 'a.xz': xzHead })
    const device = await loop(t, join(folder, 'back'))
    const script = `head -c 4500000 ${join(folder, 'a.img')}; exec sleep 100`
    const path = await fakeXz(folder, script)
    const { child, said, until, ended } = start([join(folder, 'a.xz'), device, '-y'], path)
    await until(/writing +\d+ %/)
    child.kill('SIGINT')
    t.equal(await ended, 130)
    t.match(
      said(),
      `interrupted: the first 4194304 bytes of the image are written to ${device}, the other 805697 not`,
    )
    t.match(said(), `${device} is unusable until`)
  },
)

t.test('a byte that does not come back is found', { skip }, async (t) => {
  const folder = t.testdir({ 'a.img': content, 'a.xz': xzHead })
  const device = await loop(t, join(folder, 'back'))
  const fifo = join(folder, 'fifo')
  await run('mkfifo', fifo)
  // The second passage waits until the medium has been changed.
  const second = join(folder, 'second')
  const script = `[ -e ${second} ] && cat ${fifo}; touch ${second}; cat ${join(folder, 'a.img')}`
  const path = await fakeXz(folder, script)
  const { said, until, ended } = start([join(folder, 'a.xz'), device, '-y'], path)
  await until(/5000001 bytes are written/)
  const back = await open(join(folder, 'back'), 'r+')
  await back.write(Buffer.from([~(content[4_500_000] ?? 0)]), 0, 1, 4_500_000)
  await back.close()
  await writeFile(fifo, '')
  t.equal(await ended, 1)
  t.match(said(), /not the image: they differ at byte 4500000\n/)
})

t.test('what is missing to unpack is named before anything is written', { skip }, async (t) => {
  const folder = t.testdir({ 'a.xz': xzHead })
  const nowhere = start([join(folder, 'a.xz'), join(folder, 'new')], { PATH: folder })
  t.equal(await nowhere.ended, 1)
  t.match(nowhere.said(), /the command 'xz' was not found on PATH\n.*xz-utils/)
  await t.rejects(stat(join(folder, 'new')), { code: 'ENOENT' })
})

t.test(
  'without a DEVICE the removable disks are listed, and nothing is written',
  { skip },
  async (t) => {
    const folder = t.testdir({ 'a.img': content })
    const lsblk = join(folder, 'lsblk')
    const disk = {
      name: 'sdx',
      path: '/dev/sdx',
      'maj:min': '8:368',
      type: 'disk',
      size: 15_931_539_456,
    }
    const usb = {
      ...disk,
      ro: false,
      rm: true,
      hotplug: true,
      tran: 'usb',
      vendor: 'SanDisk',
      model: 'Ultra',
    }
    await writeFile(lsblk, `#!/bin/sh\necho '${JSON.stringify({ blockdevices: [usb] })}'\n`)
    await chmod(lsblk, 0o755)
    const environment = { PATH: `${folder}:${process.env.PATH}` }
    const listed = await runCommand('env', write([], environment))
    t.match(listed, {
      status: 0,
      stdout: /^DEVICE .*\n\/dev\/sdx {2}15\.9 GB {2}SanDisk Ultra {2}free\n$/,
    })
    const unnamed = await runCommand('env', write([join(folder, 'a.img')], environment))
    t.match(unnamed, { status: 2, stdout: listed.stdout, stderr: /name the disk to write to/ })
  },
)
