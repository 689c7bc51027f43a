import t from 'tap'
import { DisabledFailure } from '../../../agent/addresses/kernel.ts'
import { LinkAddresses } from '../../../agent/addresses/link-addresses.ts'
import type { Link } from '../../../common/links.ts'
import { FakeKernel } from '../../fakes/kernel.ts'
import { fakeLink } from '../../fakes/link.ts'

const own = 'fe80::5054:ff:fe12:3456'

/** The addresses of one link on a fake kernel, with a clock that a test sets. */
function setUp(
  { staticAddress }: { staticAddress: string | undefined } = { staticAddress: 'fe80::47' },
) {
  const kernel = new FakeKernel()
  const said: string[] = []
  const asked: number[] = []
  const clock = { now: 0 }
  const say = (level: string) => (_: object, sentence: string) => said.push(`${level}: ${sentence}`)
  const addresses = new LinkAddresses(fakeLink(), {
    options: { addresses: true, staticAddress },
    kernel,
    log: { error: say('error'), warn: say('warn'), info: say('info'), debug: () => {} },
    now: () => clock.now,
    random: () => 0,
    lookAgainIn: (milliseconds) => asked.push(clock.now + milliseconds),
  })
  const look = async (over: Partial<Link> = {}) => {
    const link = fakeLink({ ...over, addresses: kernel.addressesOf('eno1') })
    await addresses.update(link)
    return link
  }
  /** Detection ends, and a look is taken at what it gave. */
  const settle = async () => {
    kernel.settle()
    await look()
  }
  const states = () => addresses.states().map(({ address, state }) => `${address} ${state}`)
  return { kernel, said, asked, clock, addresses, look, settle, states }
}

t.test('the static address is tried again while another holds it, and taken over', async (t) => {
  const { kernel, said, asked, clock, look, settle, states } = setUp()
  kernel.taken.add('eno1 fe80::47')
  await look()
  await settle()
  t.same(states(), [`${own} usable`, 'fe80::47 duplicate'])
  for (const at of [500, 1500, 3500, 5500]) {
    t.equal(asked.at(-1), at)
    clock.now = at - 1
    kernel.calls.splice(0)
    await look()
    t.same(kernel.calls, [], 'not before its time')
    clock.now = at
    await look()
    t.same(kernel.calls, ['replace eno1 fe80::47 deprecated'])
    t.same(states()[1], 'fe80::47 tentative')
    await settle()
  }
  kernel.taken.clear()
  clock.now = asked.at(-1) ?? 0
  await look()
  await settle()
  t.same(states(), [`${own} usable`, 'fe80::47 usable'])
  t.same(
    said.filter((each) => !each.endsWith('address added')),
    ['warn: fe80::47 is held by another machine on eno1', 'info: address is ours now'],
    'said once when it begins, once when it ends',
  )
  asked.splice(0)
  clock.now += 3_600_000
  await look()
  t.same(asked, [], 'no timer is left')
})

t.test('when its holder says goodbye it is tried at once', async (t) => {
  const { kernel, asked, clock, addresses, look, settle } = setUp()
  kernel.taken.add('eno1 fe80::47')
  await look()
  addresses.holderLeft()
  t.same(asked, [], 'while it is claimed there is nothing to hasten')
  await settle()
  clock.now = 100
  addresses.holderLeft()
  addresses.holderLeft()
  t.same(addresses.states()[1], {
    address: 'fe80::47',
    state: 'duplicate',
    own: true,
    retryIn: 0,
  })
  kernel.taken.clear()
  await look()
  await settle()
  t.same(addresses.states()[1]?.state, 'usable')
  asked.splice(0)
  addresses.holderLeft()
  await look()
  t.same([asked, kernel.calls.filter((call) => call.startsWith('replace')).length], [[], 1])
  const none = setUp({ staticAddress: undefined })
  await none.look()
  t.doesNotThrow(() => none.addresses.holderLeft(), 'without a static address')
})

t.test("a cloned MAC is an error, and the card's own address is tried again", async (t) => {
  const { kernel, said, asked, clock, look, settle, states } = setUp()
  kernel.place('eno1', own, { tentative: true })
  kernel.taken.add(`eno1 ${own}`)
  await settle()
  t.match(said[0], /^error: fe80::5054:ff:fe12:3456, made of the MAC of eno1 itself, is held by/)
  t.equal(asked.at(-1), 500)
  clock.now = 500
  await look()
  t.ok(kernel.calls.includes(`replace eno1 ${own} unmarked`), "it stays the kernel's")
  kernel.taken.clear()
  await settle()
  t.same(states()[0], `${own} usable`)
  t.equal(said.filter((each) => each.startsWith('error')).length, 1)
})

t.test('what is added or taken over is in the link that the responders get', async (t) => {
  const { kernel, look, settle } = setUp()
  const states = (link: Link) =>
    link.addresses.map(({ address, tentative, deprecated }) =>
      [address, tentative && 'tentative', deprecated && 'deprecated'].filter(Boolean).join(' '),
    )
  t.same(states(await look()), [`${own} tentative`, 'fe80::47 tentative deprecated'])
  await settle()
  kernel.held.clear()
  t.same(states(await look()), [own, 'fe80::47 deprecated'], 'nothing to withdraw')
  t.same(states(await look({ carrierChanges: 3 })), [
    `${own} tentative`,
    'fe80::47 tentative deprecated',
  ])
})

t.test('a command that fails is tried again with growing delay, and said once', async (t) => {
  const { kernel, said, asked, clock, look, settle, states } = setUp({ staticAddress: undefined })
  kernel.refusal = () => new Error('could not add')
  for (const at of [500, 1500, 3500]) {
    await look()
    t.equal(asked.at(-1), at)
    clock.now = at
  }
  t.same(said, ['warn: could not add'])
  t.same(states(), [`${own} missing`])
  kernel.refusal = undefined
  await look()
  await settle()
  t.same(states(), [`${own} usable`])
})

t.test('a flap of the carrier is not forgotten because a command fails', async (t) => {
  const { kernel, asked, clock, look, settle, states } = setUp({ staticAddress: undefined })
  await look()
  await settle()
  kernel.refusal = () => new Error('could not add')
  await look({ carrierChanges: 3 })
  clock.now = asked.at(-1) ?? 0
  kernel.refusal = undefined
  kernel.calls.splice(0)
  await look({ carrierChanges: 3 })
  t.same(kernel.calls, [`replace eno1 ${own}`])
  t.same(states(), [`${own} tentative`])
})

t.test('IPv6 turned off is said once; an event tells when it is on, no timer', async (t) => {
  const { kernel, said, asked, clock, look, settle, states } = setUp()
  await look()
  await settle()
  kernel.refusal = (_, address) => new DisabledFailure(`IPv6 is off, no ${address}`)
  kernel.held.clear()
  said.splice(0)
  await look()
  t.same([said, asked], [[], [500, 500]], 'it may be over at once')
  clock.now = 500
  for (let looks = 0; looks < 3; looks++) await look()
  t.same(said, [`warn: IPv6 is off, no ${own}`, 'warn: IPv6 is off, no fe80::47'])
  t.same(asked, [500, 500], 'no other timer')
  kernel.refusal = undefined
  kernel.calls.splice(0)
  clock.now = 1000
  await look()
  t.same(kernel.calls, [`add eno1 ${own}`, 'add eno1 fe80::47 deprecated'], 'with detection')
  await settle()
  t.same(states(), [`${own} usable`, 'fe80::47 usable'])
})

t.test('IPv6 off and on again in a moment is no reason for detection, nor for words', async (t) => {
  const { kernel, said, clock, look, settle, states } = setUp()
  await look()
  await settle()
  said.splice(0)
  kernel.calls.splice(0)
  kernel.held.clear()
  kernel.refusal = (_, address) => new DisabledFailure(`IPv6 is off, no ${address}`)
  await look()
  kernel.refusal = undefined
  clock.now = 20
  await look()
  t.same(states(), [`${own} usable`, 'fe80::47 usable'])
  t.same(kernel.calls.slice(2), [`add eno1 ${own} nodad`, 'add eno1 fe80::47 deprecated nodad'])
  t.same(said, ['info: address added', 'info: address added'])
})

t.test('where the kernel keeps no mark, memory tells what is ours', async (t) => {
  const { kernel, addresses, look, settle } = setUp()
  kernel.keepsMark = false
  kernel.place('eno1', own)
  await look()
  await settle()
  await look({ carrierChanges: 3 })
  t.same(kernel.calls, ['add eno1 fe80::47 deprecated', 'replace eno1 fe80::47 deprecated'])
  await addresses.leave(await look({ carrierChanges: 3 }))
  t.same([...kernel.held.keys()], [`eno1 ${own}`])
})

t.test('an address that cannot be removed is tried twice, then a warning', async (t) => {
  const { kernel, said, addresses, look } = setUp()
  const link = await look()
  const failures = [own, own, 'fe80::47']
  const remove = kernel.removeAddress.bind(kernel)
  kernel.removeAddress = async (name, address) => {
    if (failures[0] !== address) return remove(name, address)
    failures.shift()
    throw new Error(`could not remove ${address}`)
  }
  said.splice(0)
  await addresses.leave(link)
  t.same(said, [`warn: could not remove ${own}`])
  t.same([...kernel.held.keys()], [`eno1 ${own}`])
})
