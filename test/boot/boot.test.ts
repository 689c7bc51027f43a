import t, { type Test } from 'tap'
import { unitFileNames } from '../../agent/unit/names.ts'
import { eventually, statesOf } from '../netns/segment.ts'
import { makeByHand } from './by-hand.ts'
import { areKeptApart } from './hardening.ts'
import { sayGoodbye, startAgain } from './lifecycle.ts'
import {
  agentUnit,
  bootSegment,
  entries,
  type LiveSystem,
  type Segment,
  show,
  since,
  ssh,
} from './live.ts'
import { skipWithoutMachines } from './machine.ts'

/** Live systems with an init of their own, booted once; each test goes on from where they are. */

const skip = await skipWithoutMachines()

t.test('three live systems', { skip }, async (t) => {
  const segment = await bootSegment(t)
  await t.test('are found', (t) => areFound(t, segment))
  await t.test('let the operator in, vouched for', (t) => letIn(t, segment))
  await t.test('run the unit that the program prints', (t) => runTheUnit(t, segment))
  await t.test('wait for no network', (t) => waitForNoNetwork(t, segment))
  await t.test('keep the agent from everything else', (t) => areKeptApart(t, segment))
  await t.test('have what happened in the journal, as fields', (t) => keepAJournal(t, segment))
  await t.test('show the banner before login', (t) => showTheBanner(t, segment))
  await t.test('say goodbye', (t) => sayGoodbye(t, segment))
  await t.test('start it again for ever, later and later', (t) => startAgain(t, segment))
  await t.test('run the unit of an older systemd', (t) => runOlderUnit(t, segment))
  await t.test('can be made by hand', (t) => makeByHand(t, segment))
  await t.test('keep their addresses beside NetworkManager', (t) => outlastManager(t, segment))
})

async function areFound(t: Test, { lab, systems }: Segment): Promise<void> {
  const began = systems[0]?.began ?? 0
  const find = () => lab.scanner(['find', '--wait', '--count=3', '--json', '--timeout=60s'])
  const { status, stderr } = await find()
  t.comment(`all are found: ${since(began)} after power-on`)
  t.equal(status, 0, stderr)
  // One whose agent has not spoken yet may have been found by an address of its network manager's.
  const rows = async () => {
    const { installers } = JSON.parse((await find()).stdout) as { installers: Row[] }
    return installers.map(({ id, target }) => `${id} ${target}`).sort()
  }
  const wanted = systems.map(({ id, own }) => `${id} ${own}%op0`)
  t.same(await eventually(rows, (got) => got.join() === wanted.join(), 20_000), wanted)
  t.comment(`each by its own card: ${since(began)}`)
}

interface Row {
  id: string
  target: string
}

async function letIn(t: Test, segment: Segment): Promise<void> {
  for (const { id, name, began } of segment.systems) {
    const enter = () => ssh(segment, id, 'hostname; sudo id -u; exit 7')
    // sshd may have started before the certificate was there; it is reloaded then.
    const result = await eventually(enter, ({ status }) => status === 7, 20_000)
    t.same(result, { status: 7, stdout: `${name}\n0\n`, stderr: '' }, 'nothing asked, nothing said')
    t.comment(`${name}: a command was run ${since(began)} after power-on`)
  }
}

async function runTheUnit(t: Test, { systems: [system] }: Segment): Promise<void> {
  const { inside } = system as LiveSystem
  const text = await inside('cat', `/etc/systemd/system/${agentUnit}`)
  t.equal(await inside('installer-agent', 'unit'), text)
  t.match(text, /^Type=notify$/m)
  t.match(text, /^RestartSteps=/m, 'it is that of this systemd')
  const services = unitFileNames.filter((name) => name.endsWith('.service'))
  const paths = unitFileNames.filter((name) => name.endsWith('.path'))
  const verify = 'systemd-analyze verify --man=no --recursive-errors=no'
  t.equal(await inside('sh', '-c', `${verify} ${[...services, ...paths].join(' ')} 2>&1`), '')
  t.comment((await inside('systemctl', '--version')).split('\n')[0])
  for (const name of services) {
    const judged = await inside('systemd-analyze', 'security', '--no-pager', name)
    const exposure = /Overall exposure level for .*: (\d+\.\d+)/.exec(judged)?.[1]
    t.ok(Number(exposure) <= 1.5, `${name} ${exposure}`)
  }
}

async function runOlderUnit(t: Test, { lab, systems: [bare] }: Segment): Promise<void> {
  const system = bare as LiveSystem
  const path = `/etc/systemd/system/${agentUnit}`
  const install = `installer-agent unit --systemd 252 >${path} && systemctl daemon-reload`
  await system.inside('sh', '-c', `${install} && systemctl restart ${agentUnit}`)
  const { Type, ActiveState } = await show(system, agentUnit, 'Type', 'ActiveState')
  t.same({ Type, ActiveState }, { Type: 'exec', ActiveState: 'active' })
  const found = await lab.scanner([
    'find',
    system.id,
    '--source',
    'service',
    '--wait',
    '--timeout=20s',
  ])
  t.equal(found.status, 0, found.stderr)
  const lines = await entries(system, '_TRANSPORT=stdout', `_SYSTEMD_UNIT=${agentUnit}`)
  t.match(
    lines.find(({ MESSAGE }) => MESSAGE.includes('link is served')),
    { PRIORITY: '6' },
  )
  t.match(JSON.parse(lines.at(-1)?.MESSAGE ?? ''), { name: 'installer-agent' }, 'a line of JSON')
}

async function waitForNoNetwork(t: Test, { systems }: Segment): Promise<void> {
  const [bare, , manager] = systems as [LiveSystem, LiveSystem, LiveSystem]
  const ready = await moment(bare, agentUnit, 'ActiveEnter')
  const init = await moment(bare, '', 'Userspace')
  t.comment(`ready ${Math.round((ready - init) / 1000)} ms after init began`)
  t.ok(ready > 0 && ready <= (await moment(bare, 'network-online.target', 'ActiveEnter')))
  const beside = await moment(manager, agentUnit, 'ActiveEnter')
  const online = await moment(manager, 'NetworkManager-wait-online.service', 'ExecMainExit')
  t.ok(beside > 0 && (online === 0 || online - beside > 3_000_000), 'it was ready long before')
}

/** When something happened to a unit, or to the whole (''), in microseconds; 0 when it has not. */
async function moment(system: LiveSystem, unit: string, event: string): Promise<number> {
  const name = `${event}TimestampMonotonic`
  return Number((await show(system, unit, name))[name])
}

async function keepAJournal(t: Test, { systems }: Segment): Promise<void> {
  const [bare] = systems as [LiveSystem]
  const own = await entries(bare, 'LINK=in0', `_SYSTEMD_UNIT=${agentUnit}`)
  const announced = own.find(({ MESSAGE }) => MESSAGE.startsWith('announced '))
  const wanted = { SYSLOG_IDENTIFIER: 'installer-agent', PRIORITY: '6', FAMILY: 'IPv6' }
  t.match(announced, wanted)
  t.match([announced?.ADDRESSES].flat(), [bare.own])
  t.match(announced?.MESSAGE, `link=in0 family=IPv6 addresses=${bare.own}`, 'people read it, too')
  const everybody = await Promise.all(
    systems.map((each) => entries(each, 'PRIORITY=4', 'LINK=in0')),
  )
  // Three have one name and one static address: two lose each.
  const lost = everybody.filter((each) =>
    each.some(({ MESSAGE }) => /our name|is held/.test(MESSAGE)),
  )
  t.ok(lost.length > 0, 'a warning has the priority of one')
}

async function showTheBanner(t: Test, { systems: [bare] }: Segment): Promise<void> {
  const { inside, own } = bare as LiveSystem
  // It wants a terminal.
  const banner = () => inside('script', '--quiet', '--command=agetty --show-issue', '/dev/null')
  t.match(await eventually(banner, (text) => text.includes(own)), `ssh nixos@${own}%IF`)
  const { Result } = await show(bare as LiveSystem, 'installer-agent-issue.service', 'Result')
  t.equal(Result, 'success')
  t.ok(await inside('stat', '/run/agetty.reload'), 'agetty was asked to show it again')
}

async function outlastManager(t: Test, segment: Segment): Promise<void> {
  const [, , manager] = segment.systems as [LiveSystem, LiveSystem, LiveSystem]
  const failed = () => manager.inside('journalctl', '--unit=NetworkManager', '--output=cat')
  const gaveUp = /ip-config -> failed/
  t.match(await eventually(failed, (said) => gaveUp.test(said), 30_000), gaveUp)
  const states = await eventually(
    () => statesOf(manager.namespace),
    (all) => all.includes(`${manager.own} usable`),
  )
  t.ok(states.includes(`${manager.own} usable`), states.join())
  t.match(await ssh(segment, manager.id, 'hostname'), { status: 0, stdout: 'manager\n' })
}
