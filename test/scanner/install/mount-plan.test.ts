import t from 'tap'
import { planMounts, type Wish } from '../../../scanner/install/mount-plan.ts'
import type { Situation } from '../../../scanner/install/survey.ts'
import { fakeMount, fakeSituation, fakeVolume } from '../../fakes/volume.ts'

const wish: Wish = { root: 'LABEL=nixos', boot: 'LABEL=boot', swap: 'LABEL=swap', target: '/mnt' }
const plan = (over: Partial<Wish> = {}, situation: Partial<Situation> = {}) =>
  planMounts({ ...wish, ...over }, fakeSituation(situation))
const commands = (over?: Partial<Wish>, situation?: Partial<Situation>) =>
  plan(over, situation).steps.map(({ words }) => words.join(' '))

t.test('the mounts of the guide', (t) => {
  t.same(commands(), [
    'mkdir -p /mnt',
    'mount /dev/sda2 /mnt',
    'mkdir -p /mnt/boot',
    'mount -o umask=077 /dev/sda1 /mnt/boot',
    'swapon /dev/sda3',
  ])
  t.same(
    plan().steps.map(({ undo }) => undo.join(' ')),
    ['rmdir /mnt', 'umount /mnt', 'rmdir /mnt/boot', 'umount /mnt/boot', 'swapoff /dev/sda3'],
  )
  t.same(plan().warnings, [])
  t.end()
})

t.test('what is there already is left alone', (t) => {
  const mounts = [fakeMount('/mnt', '/dev/sda2'), fakeMount('/mnt/boot', 'x', { number: '8:1' })]
  const there = plan({}, { mounts, swaps: ['/dev/sda3'] })
  t.same(there.steps, [])
  t.equal(there.present.length, 3)
  t.same(commands({}, { mounts: mounts.slice(0, 1) }).slice(0, 1), ['mkdir -p /mnt/boot'])
  t.end()
})

t.test('a UEFI machine without --boot is told so, and which it may be', (t) => {
  const over = { boot: undefined }
  t.match(plan(over).warnings, [
    /boots by UEFI, and without --boot .*\/dev\/sda1 \(vfat 'boot', 20 GiB\)/,
  ])
  t.same(plan(over, { firmware: 'bios' }).warnings, [])
  const mounts = [fakeMount('/mnt/efi', '/dev/sda1', { type: 'vfat' })]
  t.same(plan(over, { mounts }).warnings, [], 'mounted elsewhere below')
  const volumes = [fakeVolume(), fakeVolume({ kernelName: 'sda1', label: 'boot' })]
  t.match(plan({ swap: undefined }, { volumes }).warnings, [/reads no ext4/])
  t.end()
})

t.test('what is not fit is refused, with what to do', (t) => {
  const only = (over: object) => ({ volumes: [fakeVolume(over)] })
  const bare = { boot: undefined, swap: undefined }
  const cases: [Partial<Wish>, Partial<Situation>, RegExp][] = [
    [
      bare,
      { mounts: [fakeMount('/mnt', '/dev/sdb1')] },
      /something else is mounted at \/mnt: \/dev\/sdb1 \(ext4\)/,
    ],
    [bare, { mounts: [fakeMount('/iso', '/dev/sda2')] }, /is mounted at \/iso/],
    [{ ...bare, root: 'sda' }, {}, /has partitions, and no file system itself/],
    [bare, only({ content: '' }), /has no file system/],
    [bare, only({ content: 'crypto_LUKS' }), /no file system that can be mounted/],
    [bare, only({ content: 'LVM2_member' }), /no file system that can be mounted/],
    [bare, only({ readOnly: true }), /is read-only/],
    [{ swap: 'LABEL=nixos', boot: undefined, root: 'sda1' }, {}, /is no swap/],
    [{ boot: '/dev/sda2' }, {}, /\/dev\/sda2 is named for two things/],
  ]
  for (const [over, situation, message] of cases)
    t.throws(() => plan(over, situation), { message, advice: /./ }, `${message}`)
  t.end()
})
