import t from 'tap'
import { isOf, mountAt, mountsOf } from '../../../scanner/install/mounts.ts'
import { fakeMount, fakeVolume } from '../../fakes/volume.ts'

t.test('a volume is known by its number or by its source, and the last mount is seen', (t) => {
  const mounts = [fakeMount('/mnt', '/dev/sdb1'), fakeMount('/mnt', '/dev/sda2')]
  t.equal(mountAt('/mnt', mounts)?.source, '/dev/sda2')
  t.equal(mountAt('/mnt/boot', mounts), undefined)
  t.same(mountsOf(fakeVolume(), mounts), [mounts[1]])
  t.ok(isOf(fakeMount('/x', '/dev/disk/by-label/nixos', { number: '8:2' }), fakeVolume()))
  t.ok(
    isOf(fakeMount('/x', '/dev/dm-0'), fakeVolume({ kernelName: 'dm-0', path: '/dev/mapper/a' })),
  )
  t.end()
})
