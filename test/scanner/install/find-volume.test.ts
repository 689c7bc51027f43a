import t from 'tap'
import { findVolume } from '../../../scanner/install/find-volume.ts'
import { fakeVolume } from '../../fakes/volume.ts'

const volumes = [
  fakeVolume({ kernelName: 'sda1', label: 'boot', uuid: 'ABCD-0123', partLabel: 'EFI system' }),
  fakeVolume({ kernelName: 'sda2', partUuid: '1b2c' }),
  fakeVolume({ kernelName: 'dm-0', path: '/dev/mapper/vg-root', label: 'my disk' }),
  fakeVolume({ kernelName: 'sdb1', label: '' }),
]
const find = (wanted: string, links: [string, string][] = []) =>
  findVolume(volumes, wanted, new Map(links), '--root').kernelName

t.test('by path, by tag, below /dev/disk, and by a bare name', (t) => {
  for (const [wanted, kernelName] of [
    ['/dev/sda1', 'sda1'],
    ['/dev/dm-0', 'dm-0'],
    ['/dev/mapper/vg-root', 'dm-0'],
    ['LABEL=nixos', 'sda2'],
    ['UUID=abcd-0123', 'sda1'],
    ['PARTLABEL=EFI system', 'sda1'],
    ['partuuid=1B2C', 'sda2'],
    ['/dev/disk/by-label/my\\x20disk', 'dm-0'],
    ['/dev/disk/by-uuid/ABCD-0123', 'sda1'],
    ['sdb1', 'sdb1'],
    ['boot', 'sda1'],
    ['mapper/vg-root', 'dm-0'],
  ] as const)
    t.equal(find(wanted), kernelName, wanted)
  t.equal(find('/dev/disk/by-id/ata-1', [['/dev/disk/by-id/ata-1', '/dev/sdb1']]), 'sdb1')
  t.end()
})

t.test('none or several are refused, and listed', (t) => {
  for (const wanted of ['LABEL=', 'LABEL=Nixos', '/dev/sdc', 'nothing', '$(reboot)', ''])
    t.throws(() => find(wanted), {
      message: /no device fits/,
      advice: /\/dev\/sda1 \(ext4 'boot', 20 GiB\)/,
    })
  const twins = [...volumes, fakeVolume({ kernelName: 'sdc1' })]
  t.throws(() => findVolume(twins, 'nixos', new Map(), '--root'), {
    message: /'--root nixos' fits 2 devices: \/dev\/sda2 .*, \/dev\/sdc1/,
    advice: /--root \/dev\/sda2/,
  })
  t.end()
})
