import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { runCommand } from '../../../common/command.ts'
import { blocksOf } from '../../../scanner/write/blocks.ts'
import { type Image, openImage } from '../../../scanner/write/image.ts'
import { findPlace, openTarget } from '../../../scanner/write/target.ts'

const content = Buffer.concat([randomBytes(300_000), Buffer.alloc(4_000_000)])
const { signal } = new AbortController()
const programs = ['xz', 'zstd'].filter((each) => spawnSync(each, ['--version']).error)
const skip =
  process.platform !== 'linux' || (programs.length > 0 && `not installed: ${programs.join(', ')}`)

/** The same image plain and packed by each. */
async function images(t: Test): Promise<string> {
  const folder = t.testdir({ 'a.img': content, 'a.img.gz': gzipSync(content, { level: 1 }) })
  for (const program of ['xz', 'zstd'])
    await runCommand(program, ['-q', '-1', '--keep', join(folder, 'a.img')])
  return folder
}

async function unpacked(image: Image) {
  const reading = image.read(signal)
  const blocks: Buffer[] = []
  for await (const block of blocksOf(reading)) blocks.push(Buffer.from(block))
  return { reading, content: Buffer.concat(blocks) }
}

t.test('an image is read as often as one likes, and tells what it knows', { skip }, async (t) => {
  const folder = await images(t)
  const known = { '': 4_300_000, '.gz': undefined, '.xz': 4_300_000, '.zst': 4_300_000 }
  for (const [ending, knownBytes] of Object.entries(known)) {
    const path = join(folder, `a.img${ending}`)
    const image = await openImage(path)
    t.equal(image.knownBytes, knownBytes, ending)
    t.equal(image.isBootable, ending ? undefined : false)
    const file = await readFile(path)
    for (const pass of ['once', 'twice']) {
      const { reading, content: bytes } = await unpacked(image)
      t.ok(bytes.equals(content), `${ending} ${pass}`)
      t.equal(reading.fileBytesRead(), file.length)
      const hash = createHash('sha256').update(file).digest('hex')
      t.equal(reading.fileHash(), ending ? hash : undefined)
    }
    await image.close()
  }
})

t.test('frames and members that follow each other are one image', { skip }, async (t) => {
  const folder = await images(t)
  for (const ending of ['gz', 'xz', 'zst']) {
    const path = join(folder, `a.img.${ending}`)
    const file = await readFile(path)
    await writeFile(path, Buffer.concat([file, file]))
    const image = await openImage(path)
    const { content: bytes } = await unpacked(image)
    t.ok(bytes.equals(Buffer.concat([content, content])), ending)
    await image.close()
  }
})

t.test('one that is cut off or garbled is called damaged', { skip }, async (t) => {
  const folder = await images(t)
  await truncate(join(folder, 'a.img.xz'), 200_000)
  await t.rejects(openImage(join(folder, 'a.img.xz')), { message: /image is damaged: xz says/ })
  for (const ending of ['gz', 'zst']) {
    const path = join(folder, `a.img.${ending}`)
    const file = await readFile(path)
    await truncate(path, 200_000)
    const cut = await openImage(path)
    await t.rejects(unpacked(cut), { message: /image is damaged: \w+ says '.+'/ }, ending)
    await cut.close()
    await writeFile(path, file.fill(7, 100_000, 101_000))
    const garbled = await openImage(path)
    await t.rejects(unpacked(garbled), { message: /image is damaged/ }, ending)
    await garbled.close()
  }
})

t.test('a reading that is stopped ends, and so does what unpacks', { skip }, async (t) => {
  const folder = await images(t)
  for (const ending of ['', '.gz', '.xz', '.zst']) {
    const image = await openImage(join(folder, `a.img${ending}`))
    const reading = image.read(signal)
    t.equal(await reading.fill(Buffer.alloc(1000)), 1000)
    await reading.stop()
    await image.close()
  }
})

t.test('what is no image is told before anything is written', async (t) => {
  const folder = t.testdir({ empty: '', 'a.zip': 'PK\u0003\u0004', folder: {} })
  await t.rejects(openImage(join(folder, 'none')), { message: /cannot read the image: ENOENT/ })
  await t.rejects(openImage(join(folder, 'folder')), { message: /no regular file/ })
  await t.rejects(openImage(join(folder, 'empty')), { message: /empty is empty/ })
  await t.rejects(openImage(join(folder, 'a.zip')), { message: /zip archive/ })
})

t.test('nor is a name in /dev taken for a new file', { skip }, async (t) => {
  const folder = t.testdir({ old: 'old' })
  const message = /there is no/
  for (const name of ['/dev/sdzz', '/dev/disk/by-id/none', '/nowhere/at/all'])
    await t.rejects(findPlace(name), { message }, name)
  await t.rejects(findPlace('/dev/null'), { message: /neither a disk nor a file/ })
  await t.rejects(findPlace(folder), { message: /neither a disk nor a file/ })
  const place = await findPlace(join(folder, 'new'))
  t.match(place, { device: undefined, isNew: true })
  await (await openTarget(place)).close()
  await t.rejects(openTarget(place), { message: /EEXIST/ }, 'somebody was faster')
  t.match(await findPlace(join(folder, 'old')), { device: undefined, isNew: false })
})
