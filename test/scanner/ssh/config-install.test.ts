import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { configBlock } from '../../../scanner/ssh/config-block.ts'
import {
  type ConfigFiles,
  install,
  isInstalled,
  uninstall,
} from '../../../scanner/ssh/config-install.ts'

const block = configBlock({ words: ['scanner'] })

/** A home folder; `config` is what the user has, undefined for nothing. */
function makeHome(t: Test, config?: string | Buffer): ConfigFiles & { folder: string } {
  const home = t.testdir(config === undefined ? {} : { '.ssh': {} })
  const folder = join(home, '.ssh')
  const user = join(folder, 'config')
  if (config !== undefined) {
    writeFileSync(user, config)
    chmodSync(user, 0o640)
  }
  return { home, folder, user, ours: join(home, '.config', 'installer-discovery', 'ssh_config') }
}

const modeOf = (path: string) => statSync(path).mode & 0o7777

t.test('installed and taken away again, whatever the user has', async (t) => {
  for (const [name, config] of Object.entries({
    blocks: 'Host a\n  User b\n',
    'no final newline': 'Match all\n  User b',
    CRLF: '# mine\r\nHost a\r\n',
    empty: '',
    bytes: Buffer.from([0x23, 0xff, 0x00, 0xfe, 0x0a, 0x23]),
  })) {
    await t.test(name, async (t) => {
      const files = makeHome(t, config)
      const before = readFileSync(files.user)
      await install(files, block)
      const installed = readFileSync(files.user)
      t.ok(installed.subarray(installed.indexOf(0x0a) + 1).equals(before), 'the rest is as it was')
      t.equal(modeOf(files.user), 0o640, 'and its mode')
      t.equal(readFileSync(files.ours, 'utf8'), block)
      t.ok(await isInstalled(files))
      t.ok(readFileSync(`${files.user}.before-installer-discovery`).equals(before), 'a copy')
      const { ino } = statSync(files.user)
      const { ino: ownIno } = statSync(files.ours)
      await install(files, block)
      t.equal(statSync(files.user).ino, ino, 'a second time writes nothing')
      t.equal(statSync(files.ours).ino, ownIno)
      await uninstall(files)
      t.ok(readFileSync(files.user).equals(before), 'byte for byte')
      t.equal(modeOf(files.user), 0o640)
      t.notOk(existsSync(join(files.home, '.config', 'installer-discovery')))
      t.notOk(await isInstalled(files))
      t.same(readdirSync(files.folder).sort(), ['config', 'config.before-installer-discovery'])
      t.match(await uninstall(files), { said: [/not installed/] })
    })
  }
})

t.test('ssh reads it for our names, and the user own settings for all others', async (t) => {
  const files = makeHome(t, 'Host *\n  User me\n  ProxyCommand mine\n')
  chmodSync(files.user, 0o600)
  await install(files, block)
  const read = (name: string) => {
    return execFileSync('ssh', ['-T', '-G', '-F', files.user, name], {
      encoding: 'utf8',
      input: '',
    })
  }
  t.match(read('NixOS.installer'), /^user nixos$[\s\S]*^proxycommand scanner proxy %n %p$/m)
  t.match(read('example.org'), /^user me$[\s\S]*^proxycommand mine$/m)
})

t.test('a home folder of any letters', async (t) => {
  const home = join(t.testdir(), 'jürgen 日')
  mkdirSync(join(home, '.ssh'), { recursive: true })
  const ours = join(home, '.config', 'installer-discovery', 'ssh_config')
  const files = { home, user: join(home, '.ssh', 'config'), ours }
  writeFileSync(files.user, '# grüße\n')
  await install(files, block)
  t.equal(readFileSync(files.user, 'utf8'), `Include "${ours}"\n# grüße\n`)
  t.ok(await isInstalled(files))
  const words = ['-T', '-G', '-F', files.user, 'a.installer']
  const read = execFileSync('ssh', words, { encoding: 'utf8', input: '' })
  t.match(read, /^proxycommand scanner proxy/m, 'ssh finds it')
  await uninstall(files)
  t.equal(readFileSync(files.user, 'utf8'), '# grüße\n')
})

t.test('without ~/.ssh: made, private, and the file taken away again', async (t) => {
  const files = makeHome(t)
  await install(files, block)
  t.equal(modeOf(files.folder), 0o700)
  t.equal(modeOf(files.user), 0o600)
  t.same(readdirSync(files.folder), ['config'])
  await install(files, block)
  await uninstall(files)
  t.same(readdirSync(files.folder), [])

  await install(files, block)
  writeFileSync(files.user, `${readFileSync(files.user)}Host a\n`)
  await install(files, block)
  await uninstall(files)
  t.equal(readFileSync(files.user, 'utf8'), 'Host a\n', 'but not with what the user wrote into it')
})

t.test('an interrupted installation is finished by the next', async (t) => {
  const files = makeHome(t)
  mkdirSync(join(files.ours, '..'), { recursive: true })
  await install(files, block)
  const own = readFileSync(files.ours)
  const user = readFileSync(files.user)
  await uninstall(files)
  // Ours was written, the users was not yet.
  mkdirSync(join(files.ours, '..'), { recursive: true })
  writeFileSync(files.ours, own)
  t.notOk(await isInstalled(files))
  await install(files, block)
  t.ok(readFileSync(files.user).equals(user))
  // The line is out already, our file is still there.
  await uninstall(files)
  mkdirSync(join(files.ours, '..'), { recursive: true })
  writeFileSync(files.ours, own)
  writeFileSync(files.user, '')
  await install(files, block)
  t.notSame(readFileSync(files.ours), own, 'the empty file is the users own now')
  await uninstall(files)
  t.equal(readFileSync(files.user, 'utf8'), '', 'and stays')
})

t.test('copies of other content are kept', async (t) => {
  const files = makeHome(t, 'Host a\n')
  const copy = `${files.user}.before-installer-discovery`
  writeFileSync(copy, 'older\n')
  await install(files, block)
  t.equal(readFileSync(copy, 'utf8'), 'older\n')
  t.equal(readFileSync(`${copy}.1`, 'utf8'), 'Host a\n')
  await uninstall(files)
  await install(files, block)
  t.notOk(existsSync(`${copy}.2`), 'one of equal content is enough')
})

t.test('a link is followed', async (t) => {
  const files = makeHome(t)
  const real = join(files.home, 'dotfiles')
  writeFileSync(real, 'Host a\n')
  mkdirSync(files.folder)
  symlinkSync('../dotfiles', files.user)
  await install(files, block)
  t.match(readFileSync(real, 'utf8'), /^Include .*\nHost a\n$/)
  t.same(readdirSync(files.folder), ['config'], 'nothing but the link')
  t.ok(existsSync(`${real}.before-installer-discovery`), 'the copy lies beside the file')
  await uninstall(files)
  t.equal(readFileSync(real, 'utf8'), 'Host a\n')
})

t.test('what cannot be done is refused, and everything is as before', async (t) => {
  const nowhere = makeHome(t)
  mkdirSync(nowhere.folder)
  symlinkSync('/nix/store/none-home-manager-files/.ssh/config', nowhere.user)
  await t.rejects(install(nowhere, block), /cannot read .*config/)
  t.notOk(existsSync(nowhere.ours))
  await t.test('a byte order mark', async (t) => {
    const files = makeHome(t, '\ufeffHost a\n')
    await t.rejects(install(files, block), /byte order mark/)
    t.equal(readFileSync(files.user, 'utf8'), '\ufeffHost a\n')
    t.notOk(existsSync(files.ours))
  })
  await t.test('an ssh that does not know the words', async (t) => {
    const files = makeHome(t, 'Host a\n')
    await t.rejects(install(files, `${block}  KnownMartiansCommand x\n`), /does not understand/)
    t.equal(readFileSync(files.user, 'utf8'), 'Host a\n')
    t.notOk(existsSync(files.ours))
  })
  await t.test('a folder where nothing can be made', async (t) => {
    const files = { ...makeHome(t, 'Host a\n'), ours: '/proc/none/installer-discovery/ssh_config' }
    await t.rejects(install(files, block), { name: 'Failure', message: /ENOENT.*proc/ })
    t.equal(readFileSync(files.user, 'utf8'), 'Host a\n')
  })
  await t.test('a folder whose name means something to ssh', async (t) => {
    const files = { ...makeHome(t, 'Host a\n'), ours: '/tmp/*/installer-discovery/ssh_config' }
    await t.rejects(install(files, block), /cannot include/)
    t.equal(readFileSync(files.user, 'utf8'), 'Host a\n')
  })
})

t.test('who has included it by himself keeps his line', async (t) => {
  const files = makeHome(t, '')
  const own = 'include ~/.config/installer-discovery/ssh_config\nHost a\n'
  writeFileSync(files.user, own)
  const { said } = await install(files, block)
  t.match(said.at(-1), /includes it already/)
  t.equal(readFileSync(files.user, 'utf8'), own)
  t.ok(await isInstalled(files))
  t.match((await uninstall(files)).said.join('\n'), /words of your own/)
  t.equal(readFileSync(files.user, 'utf8'), own)
})

t.test('killed at any moment it leaves the old file or the new one', async (t) => {
  const module = new URL('../../../scanner/ssh/config-install.js', import.meta.url).href
  const program = `const { install } = await import(process.argv[1])
    await install(JSON.parse(process.argv[2]), process.argv[3])`
  const config = 'Host a\n  User b\n'
  for (let number = 1; number <= 8; number++) {
    const files = makeHome(t, config)
    const seen = { events: 0 }
    const words = ['--input-type=module', '-e', program, module, JSON.stringify(files), block]
    const child = spawn(process.execPath, words, { env: { PATH: process.env.PATH } })
    const watcher = watch(files.folder, () => {
      seen.events++
      if (seen.events === number) child.kill('SIGKILL')
    })
    await once(child, 'close')
    watcher.close()
    const left = readFileSync(files.user, 'utf8')
    t.ok([config, `Include ${files.ours}\n${config}`].includes(left), left)
    await install(files, block)
    t.ok(await isInstalled(files), `after event ${number} the next finishes it`)
    await uninstall(files)
    t.equal(readFileSync(files.user, 'utf8'), config)
    rmSync(files.home, { recursive: true })
  }
})
