import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { hasBootSector, packingOf, zstdContentBytes } from '../../../scanner/write/format.ts'

const hex = (text: string) => Buffer.from(text.padEnd(1024, '0'), 'hex')

t.test('the content tells how an image is packed, whatever its name', (t) => {
  t.equal(packingOf('nixos.iso', gzipSync(randomBytes(9))), 'gzip')
  t.equal(packingOf('nixos.gz', hex('fd377a585a00')), 'xz')
  t.equal(packingOf('nixos', hex('28b52ffd')), 'zstd')
  t.equal(packingOf('nixos.iso', hex('4552')), 'none')
  t.equal(packingOf('nixos.iso', Buffer.from('x')), 'none')
  t.end()
})

t.test('an archive is no image, and a name that promises too much is told', (t) => {
  for (const [magic, word] of [
    ['504b0304', /zip/],
    ['425a6839', /bzip2/],
    ['377abcaf271c', /7z/],
  ] as const)
    t.throws(() => packingOf('nixos.iso', hex(magic)), { message: word })
  for (const name of ['nixos.iso.ZST', 'nixos.xz', 'a/nixos.img.gz'])
    t.throws(() => packingOf(name, Buffer.from('<html>not found')), { message: /named as packed/ })
  t.end()
})

t.test('a boot sector ends in its signature', (t) => {
  const sector = Buffer.alloc(512)
  t.notOk(hasBootSector(sector))
  t.notOk(hasBootSector(Buffer.from('short')))
  sector.writeUInt16BE(0x55aa, 510)
  t.ok(hasBootSector(sector))
  t.end()
})

t.test('a zstd frame tells its size in one, two, four or eight bytes, or not at all', (t) => {
  const frame = (after: string) => Buffer.from(`28b52ffd${after}`, 'hex')
  t.equal(zstdContentBytes(frame('2005')), 5, 'one byte: a single segment, no window')
  t.equal(zstdContentBytes(frame('60' + '0100')), 257, 'two bytes count from 256')
  t.equal(zstdContentBytes(frame('80' + '58' + '00000040')), 2 ** 30)
  t.equal(zstdContentBytes(frame('c1' + '58' + '07' + '0000000004000000')), 2 ** 34, 'a dictionary')
  t.equal(zstdContentBytes(frame('00' + '58')), undefined)
  t.equal(zstdContentBytes(frame('80' + '58' + '0000')), undefined, 'cut off')
  t.end()
})
