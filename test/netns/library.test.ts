import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { runCommand } from '../../common/command.ts'
import { bootInstaller, makeLab, runNode, skipWithout } from './lab.ts'

const skip = skipWithout('ip', 'ping', 'ssh-keygen', 'npm', 'tar')
const root = fileURLToPath(new URL('../../../', import.meta.url))

/** A folder with the package as npm would install it, and its dependencies. */
async function installPackage(folder: string): Promise<void> {
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder, root]
  const { status, stdout, stderr } = await runCommand('npm', pack)
  if (status !== 0) throw new Error(stderr)
  const [packed] = JSON.parse(stdout) as { filename: string }[]
  const modules = join(folder, 'node_modules')
  const target = join(modules, 'installer-discovery')
  await mkdir(target, { recursive: true })
  const tarball = join(folder, packed?.filename ?? '')
  await runCommand('tar', ['-xzf', tarball, '-C', target, '--strip-components=1'])
  for (const name of await readdir(join(root, 'node_modules')))
    if (!name.startsWith('.')) await symlink(join(root, 'node_modules', name), join(modules, name))
}

/** The first TypeScript block of the documentation. */
async function example(): Promise<string> {
  const text = await readFile(join(root, 'docs/library.md'), 'utf8')
  return /```ts\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
}

t.test(
  'the example in docs/library.md compiles against the packed types, and runs',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    const folder = await mkdtemp(join(tmpdir(), 'consumer-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    await installPackage(folder)
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    await writeFile(join(folder, 'example.ts'), await example())
    const compilerOptions = { strict: true, target: 'es2022', module: 'nodenext', types: ['node'] }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    // Without tap's hooks, which are for the tests.
    const compile = ['-u', 'NODE_OPTIONS', process.execPath, tsc, '--project', folder]
    const compiled = await runCommand('env', compile)
    t.equal(compiled.status, 0, compiled.stdout + compiled.stderr)
    await bootInstaller(t, lab, { mac: '52:54:00:12:34:56' })
    const { status, stdout, stderr } = await runNode(lab.operator, join(folder, 'example.js'), [])
    t.equal(status, 0, stderr)
    t.equal(stderr, '')
    const [first, ...events] = stdout.trimEnd().split('\n')
    t.equal(first, 'NixOS fe80::5054:ff:fe12:3456%op0 true')
    t.match(events[0], 'found 525400fffe123456')
  },
)

t.test(
  'the package has the programs, the library, its types and documents, and no tests',
  { skip },
  async (t) => {
    const { stdout } = await runCommand('npm', [
      'pack',
      '--json',
      '--dry-run',
      '--ignore-scripts',
      root,
    ])
    const [packed] = JSON.parse(stdout) as { files: { path: string }[] }[]
    const paths = new Set(packed?.files.map((each) => each.path))
    for (const path of [
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'docs/event.schema.json',
      'docs/find.schema.json',
      'docs/library.md',
      'dist/bundle/THIRD-PARTY-LICENSES.txt',
      'dist/bundle/agent/main.js',
      'dist/bundle/scanner/main.js',
      'dist/bundle/scanner/index.js',
      'dist/scanner/index.d.ts',
    ])
      t.ok(paths.has(path), path)
    t.same(
      [...paths].filter((path) => /test|fixture|\.tap|node_modules/.test(path)),
      [],
    )
  },
)

t.test(
  'it writes nothing, and leaves nothing running that would keep the process alive',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    const folder = await lab.newFolder('consumer')
    const program = join(folder, 'program.mjs')
    const library = fileURLToPath(new URL('../../scanner/index.js', import.meta.url))
    const text = `
    import { discover, Failure } from ${JSON.stringify(library)}
    const said = []
    const note = async (options) => {
      try {
        for await (const event of discover(options)) said.push(event.event)
        said.push('end')
      } catch (error) {
        said.push(error instanceof Failure ? error.message : error.name)
      }
    }
    await note({})
    await note({ interfaces: ['nope0'] })
    await note({ sources: ['magic'] })
    await note({ name: '' })
    await note({ timeoutMs: 0 })
    await note({ watch: true, signal: AbortSignal.abort() })
    await note({ watch: true, timeoutMs: 1500, onWarning: (sentence) => said.push(sentence) })
    console.log(JSON.stringify(said))
  `
    await writeFile(program, text)
    const { status, stdout, stderr } = await runNode(lab.operator, program, [])
    t.equal(status, 0, stderr)
    t.equal(stderr, '')
    t.same(JSON.parse(stdout), [
      'there is no link to search: none has a carrier and an address',
      "no interface 'nope0' here",
      'TypeError',
      'TypeError',
      'TypeError',
      'end',
      'end',
    ])
  },
)
