import t from 'tap'
import {
  type BlockDevice,
  deviceNumber,
  locateDevice,
  parseBlockDevices,
  removableDisks,
} from '../../../scanner/write/block-devices.ts'
import { refusalOf, tooSmall } from '../../../scanner/write/refusal.ts'

let minor = 0

/** A row of `lsblk -J`. */
function row(name: string, over: object = {}): { 'maj:min': string; [key: string]: unknown } {
  const none = { tran: null, vendor: null, model: null, fstype: null, label: null }
  const flags = { ro: false, rm: false, hotplug: false, mountpoint: null }
  const number = `  8:${minor++}  `
  return {
    name,
    path: `/dev/${name}`,
    'maj:min': number,
    type: 'disk',
    size: 1000,
    ...none,
    ...flags,
    ...over,
  }
}

const part = (name: string, over: object = {}) => row(name, { type: 'part', ...over })

function reason(disks: object[], path: string): string | undefined {
  const all = parseBlockDevices(JSON.stringify({ blockdevices: disks }))
  const flat = (devices: BlockDevice[]): BlockDevice[] =>
    devices.flatMap((each) => [each, ...flat(each.children)])
  const number = flat(all).find((each) => each.path === path)?.number ?? ''
  const located = locateDevice(all, number)
  if (!located) throw new Error(`no ${path}`)
  return refusalOf(located)?.reason
}

t.test('a stick may be written, whatever file systems it has', (t) => {
  const stick = row('sdb', {
    children: [part('sdb1', { fstype: 'vfat' }), part('sdb2', { fstype: 'swap' })],
  })
  t.equal(reason([stick], '/dev/sdb'), undefined)
  t.equal(reason([stick], '/dev/sdb1'), undefined)
  t.end()
})

t.test("nothing of the system's own disk, also where it lies below a mapping", (t) => {
  const root = row('vg-root', { type: 'lvm', path: '/dev/mapper/vg-root', mountpoint: '/' })
  const disk = row('sda', {
    children: [part('sda1'), part('sda2', { fstype: 'LVM2_member', children: [root] })],
  })
  for (const path of ['/dev/sda', '/dev/sda1', '/dev/sda2', '/dev/mapper/vg-root'])
    t.match(reason([disk, row('sdb')], path), /this system runs from that disk: .*vg-root.* at \/$/)
  t.equal(reason([disk, row('sdb')], '/dev/sdb'), undefined)
  t.end()
})

t.test('what is mounted or swapped to, and the disk that it is on', (t) => {
  const disk = row('sdb', {
    children: [part('sdb1', { mountpoint: '/media/\u001b[2Jx' }), part('sdb2')],
  })
  t.equal(reason([disk], '/dev/sdb'), '/dev/sdb1 is mounted at /media/\\u{1b}[2Jx')
  t.match(reason([disk], '/dev/sdb1'), /is mounted/)
  t.equal(reason([disk], '/dev/sdb2'), undefined, 'its neighbour is not')
  t.match(reason([row('sdb', { mountpoint: '[SWAP]' })], '/dev/sdb'), /sdb is swap in use/)
  t.end()
})

t.test('what a RAID, a volume or an opened container is made of', (t) => {
  for (const type of ['raid1', 'lvm', 'crypt', 'mpath']) {
    const disk = row('sdb', { children: [part('sdb1', { children: [row('held', { type })] })] })
    t.equal(reason([disk], '/dev/sdb'), `/dev/held (${type}) is made of it`)
  }
  t.end()
})

t.test('members of sets that are not in use now', (t) => {
  for (const fstype of [
    'linux_raid_member',
    'LVM2_member',
    'crypto_LUKS',
    'zfs_member',
    'bcache',
    'BitLocker',
    'isw_raid_member',
  ]) {
    const disk = row('sdb', { children: [part('sdb1', { fstype })] })
    t.match(reason([disk], '/dev/sdb'), new RegExp(`/dev/sdb1 is part of .*\\(${fstype}\\)`))
  }
  t.end()
})

t.test('a disk of two that make a RAID that the system runs from', (t) => {
  const raid = row('md0', { type: 'raid1', mountpoint: '/' })
  const disks = ['sda', 'sdb'].map((name) => row(name, { children: [raid] }))
  t.match(reason(disks, '/dev/sda'), /runs from that disk/)
  t.match(reason(disks, '/dev/md0'), /runs from that disk/)
  t.end()
})

t.test('what cannot be written to', (t) => {
  t.match(reason([row('sdb', { ro: true })], '/dev/sdb'), /read-only/)
  t.match(reason([row('sdb', { size: 0 })], '/dev/sdb'), /no medium/)
  const [device] = parseBlockDevices(JSON.stringify({ blockdevices: [row('sdb')] }))
  if (!device) throw new Error('none')
  t.equal(tooSmall(device, 1000), undefined)
  t.equal(tooSmall(device), undefined, 'of unknown size')
  t.match(tooSmall(device, 1001)?.reason, /the image has 1001 bytes, and \/dev\/sdb only 1000/)
  t.end()
})

t.test('removable disks, not their parts nor empty card readers', (t) => {
  const disks = [
    row('sda', { tran: 'sata' }),
    row('sdb', {
      tran: 'usb',
      vendor: 'SanDisk ',
      model: ' Ultra\u202e',
      children: [part('sdb1', { rm: true })],
    }),
    row('sdc', { rm: true, size: 0 }),
    row('mmcblk0', { hotplug: true }),
    row('sr0', { type: 'rom', rm: true }),
  ]
  const found = removableDisks(parseBlockDevices(JSON.stringify({ blockdevices: disks })))
  t.same(
    found.map(({ name, model }) => [name, model]),
    [
      ['sdb', 'SanDisk Ultra\\u{202e}'],
      ['mmcblk0', ''],
    ],
  )
  t.end()
})

t.test('device numbers as Linux packs them', (t) => {
  const packed = [0x811n, 0x10300n, 0x100300n, 0xfff0fdffn, 0x10000013882cn]
  t.same(packed.map(deviceNumber), ['8:17', '259:0', '3:256', '253:1048575', '5000:300'])
  t.end()
})
