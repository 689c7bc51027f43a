import t, { type Test } from 'tap'
import { runInside } from '../../scanner/demo/namespace.ts'
import { type Lab, makeLab, skipWithoutRoot } from './lab.ts'
import { skipWithoutRoomFor } from './neighbours.ts'
import { countTraffic, idOf, simulate, type Traffic } from './simulated.ts'

const many = 1000
const skip =
  skipWithoutRoot('ip', 'ping', 'nft', 'python3', 'ssh-keygen') || skipWithoutRoomFor(many)

/**
 * Each solicits the operator's address and gets it (2), answers two echoes (2), and the question by
 * unicast and to the group (2): six, and one that is busy is asked directly besides, and answers (2).
 */
const maxPacketsInRound = 8
/** The question of each round is answered once; it is asked directly three times at most. */
const maxAnswersInRound = 2
/** With 20 % lost: the first, and twice somebody new, and two that bring nobody new. */
const lossyRounds = 6

interface Found {
  id: string
  name: string | null
  agent: object | null
}

async function find(lab: Lab, ...args: string[]): Promise<Found[]> {
  const { stdout } = await lab.scanner(['find', '--json', '--interface', 'op0', ...args])
  return (JSON.parse(stdout) as { installers: Found[] }).installers
}

const withoutSsh = ['mdns', 'service', 'neighbour', 'static'].flatMap((name) => ['--source', name])

/** Finds them all, once each, by name and id; gives the packets of each. */
async function findAll(t: Test, lab: Lab): Promise<Omit<Traffic, 'sent'>> {
  const count = await countTraffic(lab.operator)
  const found = await find(lab, ...withoutSsh, '--timeout', '20s')
  const { all, answers } = await count()
  const expected = Array.from({ length: many }, (_, index) => idOf(index))
  t.equal(found.length, many)
  t.same(found.map(({ id }) => id).sort(), expected, 'each once')
  t.ok(
    found.every(({ id, name, agent }) => name === `nixos-${id.slice(-6)}` && agent),
    'by what it announces',
  )
  const each = { all: all / many, answers: answers / many }
  t.comment(`packets an installer: ${each.all.toFixed(1)}, answers: ${each.answers.toFixed(1)}`)
  return each
}

t.test('a thousand installers are all found, none twice', { skip }, async (t) => {
  const lab = await makeLab(t)
  await simulate(lab.operator, many)
  const each = await findAll(t, lab)
  t.ok(each.all <= maxPacketsInRound, `${each.all} packets`)
  t.ok(each.answers <= 1 + maxAnswersInRound, `${each.answers} answers`)
})

t.test('and where 20 % of the packets are lost, each way', { skip }, async (t) => {
  const lab = await makeLab(t)
  await simulate(lab.operator, many)
  const drop = (hook: string) =>
    `chain ${hook} { type filter hook ${hook} priority -10; numgen random mod 100 < 20 drop; }`
  await runInside(lab.operator, 'nft', [
    `table inet loss {\n${drop('input')}\n${drop('output')}\n}`,
  ])
  const each = await findAll(t, lab)
  t.ok(each.all <= lossyRounds * maxPacketsInRound, `${each.all} packets`)
  // Of the known answers as well 20 % are lost in each round, and those given again.
  const again = 0.2 * lossyRounds
  const limit = 1 + maxAnswersInRound + again
  t.ok(each.answers <= limit, 'who is known keeps silent (RFC 6762 section 7.1)')
})

t.test('and where half find no room in the neighbour table', { skip }, async (t) => {
  const lab = await makeLab(t)
  await simulate(lab.operator, many)
  // As the kernel does: they are not told our address, and nothing is sent to them.
  const drop = `ip6 daddr fe80::5054:ff:fe01:200-fe80::5054:ff:fe01:ffff drop`
  const chain = `chain output { type filter hook output priority -10; ${drop}; }`
  await runInside(lab.operator, 'nft', [`table inet full {\n${chain}\n}`])
  await findAll(t, lab)
})

t.test('and behind a firewall that lets only answers in', { skip }, async (t) => {
  const lab = await makeLab(t)
  await simulate(lab.operator, many)
  const rules = 'ct state established,related accept; meta l4proto ipv6-icmp accept;'
  const chain = `chain input { type filter hook input priority 0; policy drop; ${rules} }`
  await runInside(lab.operator, 'nft', [`table inet filter {\n${chain}\n}`])
  await findAll(t, lab)
})

t.test('one that answers late, 450 ms after the question, is found', { skip }, async (t) => {
  const lab = await makeLab(t)
  await simulate(lab.operator, 1, [450, 450])
  const name = 'nixos-010000'
  for (const asked of [[], ['--source', 'service'], ['--source', 'mdns', name]])
    t.match(await find(lab, ...asked), [{ name }], `find ${asked.join(' ')}`)
})
