import t from 'tap'
import { decide, formatElapsed, type Job, readJob } from '../../../scanner/install/job.ts'

const run = '01234567-89ab-cdef-0123-456789abcdef'
const order = { command: 'nixos-install', directory: '/iso' }
const job = (over: Partial<Job> = {}): Job => ({
  run,
  ...order,
  isRunning: false,
  isTold: false,
  status: 0,
  seconds: 5,
  under: 'systemd',
  ...over,
})

t.test('what the machine tells of it', (t) => {
  const words = (...rest: string[]) => [run, 'nixos-install', '/iso', ...rest, ''].join('\0')
  t.same(readJob(words('running', '', '', '10.50\n73.00 140.2\n', 'tmux\n')), {
    ...job({ isRunning: true, status: undefined, seconds: 62.5, under: 'tmux' }),
  })
  t.same(readJob(words('over', 'told', '7\n', '10.50\n15.50\n', 'systemd\n')), {
    ...job({ isTold: true, status: 7 }),
  })
  t.match(readJob(words('over', '', '', '', '')), { status: undefined, seconds: 0 })
  t.equal(readJob(''), undefined)
  t.equal(readJob(`../../etc\0${words()}`), undefined, 'a name that is none of ours')
  t.end()
})

t.test('whether to start, to join, or to refuse', (t) => {
  const other = { ...order, command: 'reboot' }
  for (const [known, wanted, decision] of [
    [undefined, order, 'start'],
    [job({ isTold: true }), order, 'start'],
    [job({ isTold: true }), other, 'start'],
    [job(), order, 'join'],
    [job({ isRunning: true }), order, 'join'],
    [job({ isRunning: true, isTold: true }), order, 'join'],
    [job({ isRunning: true }), other, 'busy'],
    [job({ isRunning: true }), { ...order, directory: '/' }, 'busy'],
    [job(), other, 'missed'],
  ] as const)
    t.equal(decide(known, wanted), decision)
  t.end()
})

t.test('elapsed time', (t) => {
  t.same([0.4, 59.4, 61, 3599, 3725].map(formatElapsed), [
    '0 s',
    '59 s',
    '1 min 1 s',
    '59 min 59 s',
    '1 h 2 min',
  ])
  t.end()
})
