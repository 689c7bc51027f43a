import t from 'tap'
import { Failure } from '../../../common/failure.ts'
import { hashLines } from '../../../scanner/write/stages.ts'
import {
  describePlan,
  formatDisks,
  isNameOf,
  stopped,
  whatIsThere,
} from '../../../scanner/write/words.ts'

const image = {
  path: '/tmp/nix\u001bos.iso.xz',
  packing: 'xz',
  fileBytes: 900,
  knownBytes: 3000,
  isBootable: undefined,
  read: () => {
    throw new Error('is not read')
  },
  close: async () => {},
} as const
const partition = {
  name: 'sdb1',
  path: '/dev/sdb1',
  number: '8:17',
  type: 'part',
  bytes: 1_000_000,
  readOnly: false,
  isRemovable: true,
  transport: '',
  model: '',
  content: 'vfat',
  label: 'FILES',
  mountpoint: undefined,
  children: [],
}
const device = {
  ...partition,
  name: 'sdb',
  path: '/dev/sdb',
  number: '8:16',
  type: 'disk',
  transport: 'usb',
  model: 'SanDisk Ultra',
  content: '',
  label: '',
  children: [partition],
}
const place = { path: '/dev/sdb', device, isNew: false }

t.test('what is on the medium is told for every moment', (t) => {
  const told = (phase: 'asking' | 'writing' | 'finishing' | 'comparing', knownBytes?: number) =>
    whatIsThere({ phase, bytes: 1000 }, '/dev/sdb', { ...image, knownBytes })
  const unusable = /\n\/dev\/sdb is unusable until an image is written to it whole$/
  t.equal(told('asking'), 'nothing was written')
  t.match(
    told('writing', 3000),
    /^the first 1000 bytes .* are written to \/dev\/sdb, the other 2000 not\n/,
  )
  t.match(told('writing'), /^the first 1000 bytes .*, the rest not\n/)
  t.match(told('writing'), unusable)
  t.match(told('finishing'), /^all 1000 bytes .* has not said that it holds them\n/)
  t.match(told('finishing'), unusable)
  t.match(told('comparing'), /^all 1000 bytes .* not compared to their end$/)
  t.end()
})

t.test('a failure says what went wrong, what is there, and what to do', (t) => {
  const error = Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' })
  const failure = stopped(error, { phase: 'writing', bytes: 1000 }, '/dev/sdb', image)
  if (!(failure instanceof Failure)) throw failure
  t.match(failure.message, /^\/dev\/sdb cannot be written: EIO.*\n {9}the first 1000 bytes/)
  t.match(failure.advice, /plugged in/)
  const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
  t.match(stopped(full, { phase: 'finishing', bytes: 1 }, '/x', image), { advice: /make room/ })
  const ours = new Failure('differs', { advice: 'take another' })
  const told = stopped(ours, { phase: 'comparing', bytes: 1 }, '/x', image)
  t.match(told, { advice: 'take another', message: /^differs\n/ })
  t.match(stopped(error, { phase: 'comparing', bytes: 1 }, '/x', image), { message: /read back/ })
  const fault = new TypeError('x is not a function')
  t.equal(stopped(fault, { phase: 'writing', bytes: 1 }, '/x', image), fault)
  t.end()
})

t.test('the plan names the device and what is on it', (t) => {
  t.equal(
    describePlan(image, place),
    [
      '/tmp/nix\\u{1b}os.iso.xz (900 B, xz) is to be written over',
      '  /dev/sdb  SanDisk Ultra  1.0 MB  usb',
      "  /dev/sdb1  1.0 MB  vfat  'FILES'",
      'All that is on it will be lost.',
    ].join('\n'),
  )
  const fixed = { ...place, device: { ...device, isRemovable: false } }
  t.match(describePlan({ ...image, packing: 'none' }, fixed), /\(900 B\).*no removable disk\.$/s)
  t.match(
    describePlan(image, { path: '/tmp/x', device: undefined, isNew: false }),
    /\n {2}\/tmp\/x\n/,
  )
  t.end()
})

t.test('only its own name is its name', (t) => {
  const typed = '/dev/disk/by-id/usb-SanDisk'
  for (const answer of ['sdb', ' /dev/sdb ', typed, 'usb-SanDisk'])
    t.ok(isNameOf(answer, place, typed), answer)
  for (const answer of ['', 'yes', 'y', 'sda', 'sdb1', '/dev'])
    t.notOk(isNameOf(answer, place, typed), answer)
  t.end()
})

t.test('the list has a row a disk, and says why one cannot be taken', (t) => {
  const mounted = { ...device, children: [{ ...partition, mountpoint: '/media/x' }] }
  t.equal(
    formatDisks([{ ...device, path: '/dev/mmcblk0', model: '' }, mounted]),
    [
      'DEVICE        SIZE    MODEL          STATE',
      '/dev/mmcblk0  1.0 MB  -              free',
      '/dev/sdb      1.0 MB  SanDisk Ultra  /dev/sdb1 is mounted at /media/x',
      '',
    ].join('\n'),
  )
  t.end()
})

t.test('hashes are under the name that sha256sum would show', (t) => {
  t.equal(hashLines('a.iso', 'ab', undefined), 'ab  a.iso\n')
  t.equal(hashLines('a.iso.ZST', 'ab', 'cd'), 'cd  a.iso.ZST\nab  a.iso\n')
  t.equal(hashLines('a\n.iso', 'ab', undefined), 'ab  a\\u{a}.iso\n')
  t.end()
})
