import { join } from 'node:path'
import t from 'tap'
import { linkLocalFromMac } from '../../common/address.ts'
import { runInside } from '../../scanner/demo/namespace.ts'
import { diagnose, findingOf, mend } from './diagnosis.ts'
import { addressesSettled, makeLab, plug, skipWithout, skipWithoutRoot } from './lab.ts'
import { ipBatch, statesBecome } from './segment.ts'

const skip = skipWithout('ip', 'ping', 'ssh-keygen', 'sysctl')
t.jobs = 3
const mac = '52:54:00:12:34:56'

t.test(
  'what is wrong with cards and addresses, and mended as it says',
  { skip, buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    const { operator } = lab
    const links = ['off0', 'pull0', 'mute0', 'six0', 'none0', 'dup0', 'fine0', 'veth0']
    const far = new Map<string, Awaited<ReturnType<typeof plug>>>()
    for (const link of links) far.set(link, await plug(t, lab, { link }))
    const own = linkLocalFromMac(mac)
    const twin = far.get('dup0')
    if (!twin) throw new Error('no twin')
    // First the one, until the address is its own; then the other.
    await ipBatch(twin, 'link set in0 down', `link set in0 address ${mac}`, 'link set in0 up')
    await statesBecome(twin, [`${own} usable`])
    await ipBatch(
      operator,
      'link set dup0 down',
      `link set dup0 address ${mac}`,
      'link set dup0 up',
      'link set off0 down',
      'link set mute0 multicast off',
      'address add fe80::47/64 dev fine0 nodad',
    )
    await runInside(far.get('pull0') ?? operator, 'ip', ['link', 'set', 'in0', 'down'])
    const settings = ['six0.disable_ipv6=1', 'none0.addr_gen_mode=1']
    await runInside(operator, 'sysctl', ['-qw', ...settings.map((each) => `net.ipv6.conf.${each}`)])
    await ipBatch(operator, 'link set none0 down', 'link set none0 up')
    await statesBecome(operator, [`${own} duplicate`], { name: 'dup0' })

    const ill = await diagnose(t, lab)
    const card = ill.findings.filter(({ layer }) => layer === 'interface' || layer === 'address')
    const said = (code: string, link: string, reason: RegExp) =>
      t.match(findingOf(ill, code, link).reason, reason)
    said('down', 'off0', /off0 is switched off/)
    said('no-carrier', 'pull0', /no cable is plugged in/)
    said('no-multicast', 'mute0', /multicast switched off/)
    said('ipv6-off', 'six0', /IPv6 is switched off on six0: nobody is found there/)
    said('no-link-local', 'none0', /is told to make none/)
    said('duplicate-address', 'dup0', /another machine on dup0 has fe80::5054:ff:fe12:3456/)
    said('holds-static-address', 'fine0', /this machine has fe80::47 on fine0 itself/)
    t.match(findingOf(ill, 'left-out').reason, /leads to a container.*: veth0$/)
    t.same(
      card
        .map(({ level, code }) => `${level} ${code}`)
        .filter((each) => !each.startsWith('ok'))
        .sort(),
      [
        'fail duplicate-address',
        'fail ipv6-off',
        'fail no-link-local',
        'fail no-multicast',
        'warn down',
        'warn holds-static-address',
        'warn no-carrier',
      ],
      'and no other',
    )
    const named = await diagnose(t, lab, ['--interface', 'off*'])
    t.same([...new Set(named.findings.map((each) => each.interface))], ['off0', null])
    t.equal(findingOf(named, 'down').level, 'fail', 'of a link that was named')

    await runInside(twin, 'ip', ['link', 'set', 'in0', 'down'])
    await runInside(twin, 'ip', ['link', 'set', 'in0', 'address', '52:54:00:00:00:99', 'up'])
    await runInside(far.get('pull0') ?? operator, 'ip', ['link', 'set', 'in0', 'up'])
    for (const each of card)
      if (each.level !== 'ok' && each.code !== 'no-carrier') await mend(each, lab)
    await addressesSettled(operator)
    const well = await diagnose(t, lab)
    const left = well.findings.filter(({ layer }) => layer === 'interface' || layer === 'address')
    t.same(
      left.filter(({ level }) => level !== 'ok'),
      [],
      'all of it is mended',
    )
  },
)

t.test(
  'routes, parameters, a full table and a ping that may not send',
  { skip: skipWithoutRoot('ip', 'sysctl', 'setpriv'), buffered: true },
  async (t) => {
    const lab = await makeLab(t)
    const { operator } = lab
    for (const link of ['uni0', 'multi0', 'ndp0', 'arp0']) await plug(t, lab, { link })
    await addressesSettled(operator)
    await ipBatch(
      operator,
      'route del fe80::/64 dev uni0',
      'route del multicast ff00::/8 dev multi0 table local',
    )
    await runInside(operator, 'sysctl', [
      '-qw',
      'net.ipv6.neigh.ndp0.mcast_solicit=0',
      'net.ipv4.conf.arp0.arp_ignore=8',
      'net.ipv4.igmp_max_memberships=0',
    ])
    const ill = await diagnose(t, lab)
    t.match(
      findingOf(ill, 'no-unicast-route', 'uni0').reason,
      /no route to machines on uni0 \(.*unreachable/,
    )
    t.match(findingOf(ill, 'no-multicast-route', 'multi0').reason, /no route to groups/)
    t.match(findingOf(ill, 'parameter', 'ndp0').reason, /mcast_solicit is 0: the kernel never asks/)
    t.match(findingOf(ill, 'parameter', 'arp0').reason, /arp_ignore is 8: nobody on arp0 learns/)
    t.match(findingOf(ill, 'parameter', 'uni0').reason, /igmp_max_memberships is 0/)
    for (const each of ill.findings)
      if (each.layer === 'route' || each.layer === 'sysctl') if (each.fix) await mend(each, lab)

    // The kernel keeps the limit of the whole machine out of namespaces: a stand-in of /proc/sys tells one.
    const parameters = join(t.testdir({ default: { gc_thresh3: '4\n' } }))
    await runInside(operator, 'sh', [
      '-c',
      `cp -r /proc/sys/net/ipv6/neigh/* ${parameters}; mount --bind ${parameters} /proc/sys/net/ipv6/neigh`,
    ])
    const strangers = [1, 2, 3, 4].map(
      (n) => `neighbour add fe80::${n} lladdr 52:54:00:00:00:0${n} dev uni0`,
    )
    await ipBatch(operator, ...strangers)
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs']
    const poor = await diagnose(t, lab, [], {}, nobody)
    t.match(findingOf(poor, 'table-full').reason, /has \d+ of at most 4 entries: nobody new/)
    t.match(
      findingOf(poor, 'table-full').fix?.command,
      'sudo sysctl -w net.ipv6.neigh.default.gc_thresh3=8192',
    )
    t.match(findingOf(poor, 'ping-forbidden').reason, /ping may not send for this user/)
    await mend(findingOf(poor, 'ping-forbidden'), lab)
    const able = await diagnose(t, lab, [], {}, nobody)
    t.equal(findingOf(able, 'ping').level, 'ok', 'mended')
    t.same(
      able.findings.filter(({ layer, level }) => /route|sysctl/.test(layer) && level !== 'ok'),
      [],
    )
  },
)
