import t from 'tap'
import {
  parseMounts,
  parseSwaps,
  parseVolumes,
  withProbes,
} from '../../../scanner/install/disks.ts'

const part = (over: object) => ({
  name: 'sda2',
  kname: 'sda2',
  path: '/dev/sda2',
  'maj:min': '  8:2',
  type: 'part',
  size: 1024,
  ro: false,
  model: null,
  fstype: null,
  ...over,
})
const volumes = (...blockdevices: object[]) => parseVolumes(JSON.stringify({ blockdevices }))

t.test('what lsblk says, flat; a volume made of two disks once', (t) => {
  const array = part({ kname: 'md0', path: '/dev/md0', type: 'raid1', fstype: 'ext4', label: 'a' })
  const disk = (kname: string) =>
    part({ kname, path: `/dev/${kname}`, type: 'disk', model: 'Disk 9000 ', children: [array] })
  const read = volumes(disk('sda'), disk('sdb'))
  t.same(
    read.map(({ path, depth, model, content, isDivided }) => [
      path,
      depth,
      model,
      content,
      isDivided,
    ]),
    [
      ['/dev/sda', 0, 'Disk 9000', '', true],
      ['/dev/md0', 1, 'Disk 9000', 'ext4', false],
      ['/dev/sdb', 0, 'Disk 9000', '', true],
    ],
  )
  t.equal(read[0]?.number, '8:2')
  const esp = part({ parttype: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', ro: '1' })
  t.match(volumes(esp), [{ isSystemPartition: true, readOnly: true }])
  t.end()
})

t.test('what is no path is not listed, and what is missing is empty', (t) => {
  t.same(volumes(part({ path: 'sda' }), part({ path: '/dev/a\nb' }), part({ path: 5 })), [])
  t.same(parseVolumes(''), [])
  t.same(parseVolumes('{"blockdevices":null}'), [])
  t.match(volumes(part({ label: 7 })), [{ label: '', content: '' }])
  t.end()
})

t.test('without udev blkid tells what is on it', (t) => {
  const probes = 'DEVNAME=/dev/sda1\nLABEL=x\n\nDEVNAME=/dev/sda2\nLABEL=my\\ disk\nTYPE=ext4\n'
  t.match(withProbes(volumes(part({})), probes), [{ label: 'my disk', content: 'ext4' }])
  t.match(withProbes(volumes(part({ fstype: 'xfs' })), probes), [{ content: 'xfs' }])
  t.match(withProbes(volumes(part({})), ''), [{ content: '' }])
  t.end()
})

t.test('mounts and swaps', (t) => {
  const filesystems = [
    { target: '/mnt', source: '/dev/sda2[/root]', fstype: 'btrfs', 'maj:min': '0:31' },
  ]
  t.same(parseMounts(JSON.stringify({ filesystems })), [
    { target: '/mnt', source: '/dev/sda2', type: 'btrfs', number: '0:31' },
  ])
  const table = 'Filename\t\tType\n/dev/sda3 partition 1 2 3\n'
  t.same(parseSwaps(table), ['/dev/sda3'])
  t.end()
})
