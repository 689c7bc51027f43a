import t from 'tap'
import { DisabledFailure, kernel, PermissionFailure } from '../../../agent/addresses/kernel.ts'
import { Failure } from '../../../common/failure.ts'
import { fakeIp } from '../../fakes/ip.ts'

const own = { address: 'fe80::1', deprecated: false, marked: true, detect: true }
const static_ = { address: 'fe80::47', deprecated: true, marked: true, detect: true }
const say = (words: string, status: number) => `echo '${words}' >&2; exit ${status}`

t.test('how addresses are added, added again and removed', async (t) => {
  const { calls } = fakeIp(t, 'exit 0')
  t.equal(await kernel.addAddress('eno1', own), true)
  await kernel.addAddress('eno1', { ...static_, detect: false })
  await kernel.replaceAddress('eno1', static_)
  await kernel.replaceAddress('eno1', { ...own, marked: false })
  await kernel.removeAddress('eno1', 'fe80::47')
  t.same(calls(), [
    '-6 address add fe80::1/64 dev eno1 metric 256',
    '-6 address add fe80::47/64 dev eno1 preferred_lft 0 metric 256 nodad',
    '-6 -force -batch - < address del fe80::47/64 dev eno1;address add fe80::47/64 dev eno1 preferred_lft 0 metric 256;',
    '-6 -force -batch - < address del fe80::1/64 dev eno1;address add fe80::1/64 dev eno1;',
    '-6 address del fe80::47/64 dev eno1',
  ])
})

t.test('what the kernel says, in the words of old and new ones', async (t) => {
  for (const [words, expected] of [
    ['RTNETLINK answers: File exists', false],
    ['Error: ipv6: address already assigned.', false],
    ['RTNETLINK answers: Operation not permitted', PermissionFailure],
    ['RTNETLINK answers: Permission denied', DisabledFailure],
    ['Error: ipv6: IPv6 is disabled on this device.', DisabledFailure],
    ['Cannot find device "eno1"', Failure],
  ] as const)
    await t.test(words, async (t) => {
      fakeIp(t, say(words, 2))
      const got = await kernel.addAddress('eno1', own).catch((error: unknown) => error)
      if (expected === false) t.equal(got, false)
      else t.ok(got instanceof expected, `${got}`)
    })
})

t.test(
  'an address that was gone already is no trouble, one that cannot come back is',
  async (t) => {
    const gone = 'Error: ipv6: address not found.'
    await t.test('gone', async (t) => {
      fakeIp(t, say(`${gone}\nCommand failed -:1`, 1))
      await kernel.replaceAddress('eno1', own)
      await kernel.removeAddress('eno1', 'fe80::1')
    })
    await t.test('turned off', async (t) => {
      fakeIp(
        t,
        say(
          `${gone}\nCommand failed -:1\nError: ipv6: IPv6 is disabled on this device.\nCommand failed -:2`,
          1,
        ),
      )
      const refused = await kernel.replaceAddress('eno1', own).catch((error: unknown) => error)
      t.ok(refused instanceof DisabledFailure)
    })
    await t.test('not removed', async (t) => {
      fakeIp(t, say('RTNETLINK answers: Operation not permitted', 2))
      await t.rejects(kernel.removeAddress('eno1', 'fe80::1'), /could not remove fe80::1 from eno1/)
    })
    await t.test('nothing said', async (t) => {
      fakeIp(t, 'kill -9 $$')
      await t.rejects(kernel.replaceAddress('eno1', own), /could not add fe80::1 to eno1/)
    })
  },
)

t.test('an `ip` that knows no metric of addresses adds them without our mark', async (t) => {
  const old = `case "$*$input" in *metric*) ${say('Error: either "local" is duplicate, or "metric" is a garbage.', 255)};; esac`
  const { calls } = fakeIp(t, old)
  t.equal(await kernel.addAddress('eno1', own), true)
  await kernel.replaceAddress('eno1', own)
  t.same(
    calls().filter((call) => !call.includes('metric')),
    [
      '-6 address add fe80::1/64 dev eno1',
      '-6 -force -batch - < address del fe80::1/64 dev eno1;address add fe80::1/64 dev eno1;',
    ],
  )
})
