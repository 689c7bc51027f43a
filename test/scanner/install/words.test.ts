import { execFileSync } from 'node:child_process'
import t from 'tap'
import {
  describeInstall,
  jobLine,
  machineLine,
  pasteLine,
  reachLine,
} from '../../../scanner/install/words.ts'
import { fakeMachine } from '../../fakes/machine.ts'
import { fakeMount, fakeSituation } from '../../fakes/volume.ts'

t.test('which machine, what is mounted there, and what is to be run', (t) => {
  const mounts = [
    fakeMount('/', 'tmpfs', { type: 'tmpfs' }),
    fakeMount('/mnt', '/dev/sda2'),
    fakeMount('/mnt/boot', '/dev/sda1', { type: 'vfat' }),
    fakeMount('/mntother', '/dev/sdb1'),
  ]
  const order = { command: 'nixos-install', directory: '/iso' }
  t.equal(
    describeInstall(fakeMachine(), fakeSituation({ mounts }), '/mnt', order),
    [
      'Installing on NixOS, id 525400fffe123456, 52:54:00:12:34:56 on eno1, NixOS 26.05',
      "  /mnt  /dev/sda2  ext4  'nixos'  20 GiB  Disk 9000",
      "  /mnt/boot  /dev/sda1  vfat  'boot'  20 GiB  Disk 9000",
      '  nixos-install   (in /iso)',
    ].join('\n'),
  )
  t.match(machineLine(fakeMachine({ name: null, agent: null })), /^a machine without a name, id/)
  t.end()
})

t.test('an install that is there', (t) => {
  const job = { run: '', command: 'x', directory: '/', isTold: false, seconds: 61, under: 'tmux' }
  t.equal(jobLine({ ...job, isRunning: true, status: undefined }), 'running for 1 min 1 s: x')
  t.equal(
    jobLine({ ...job, isRunning: false, status: 7 }),
    'ended with status 7 after 1 min 1 s: x',
  )
  t.equal(jobLine({ ...job, isRunning: false, status: undefined }), 'killed after 1 min 1 s: x')
  t.end()
})

t.test('what is printed can be pasted', (t) => {
  const run = (line: string) => execFileSync('sh', ['-c', line], { encoding: 'utf8' })
  const order = { command: 'echo "$PWD" && echo b', directory: '/' }
  t.equal(run(pasteLine(order, false, true)), '/\nb\n')
  t.equal(pasteLine(order, true, true), `cd / && sudo sh -c 'echo "$PWD" && echo b'`)
  t.equal(pasteLine({ ...order, command: 'true' }, true, false), 'cd / && sudo true')
  const settings = (knownHosts: string) =>
    run(`${reachLine(fakeMachine({ port: 2222 }), knownHosts).replace('ssh', 'ssh -T -G -F none')}`)
  for (const path of ['/a/known_hosts', '/a b/known_hosts']) {
    t.match(settings(path), `userknownhostsfile ${path}\n`)
    t.match(settings(path), /^hostkeyalias installed-525400fffe123456$/m)
    t.match(settings(path), /^port 2222$/m)
  }
  t.end()
})
