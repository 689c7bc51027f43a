import t from 'tap'
import { formatDisks, formatSize, volumeLine } from '../../../scanner/install/disk-table.ts'
import { fakeMount, fakeSituation, fakeVolume } from '../../fakes/volume.ts'

t.test('a row a volume, what is below a disk indented', (t) => {
  const { volumes } = fakeSituation()
  t.equal(
    formatDisks(volumes, [fakeMount('/mnt', '/dev/sda2')]),
    [
      'DEVICE       SIZE    CONTENT  LABEL  MOUNTED AT  MODEL',
      '/dev/sda     20 GiB  -        -      -           Disk 9000',
      '  /dev/sda1  20 GiB  vfat     boot   -           -',
      '  /dev/sda2  20 GiB  ext4     nixos  /mnt        -',
      '  /dev/sda3  20 GiB  swap     swap   -           -',
      '',
    ].join('\n'),
  )
  t.notMatch(formatDisks([fakeVolume({ label: '\x1b[2J' })], []), '\x1b')
  t.end()
})

t.test('sizes and volumes in words', (t) => {
  for (const [bytes, text] of [
    [0, '0 B'],
    [1023, '1023 B'],
    [16 * 2 ** 20, '16 MiB'],
    [1.5 * 2 ** 30, '1.5 GiB'],
    [476.94 * 2 ** 30, '477 GiB'],
    [2 ** 60, '1024 PiB'],
  ] as const)
    t.equal(formatSize(bytes), text)
  t.equal(volumeLine(fakeVolume()), "/dev/sda2 (ext4 'nixos', 20 GiB)")
  t.equal(volumeLine(fakeVolume({ content: '', label: '' })), '/dev/sda2 (20 GiB)')
  t.end()
})
