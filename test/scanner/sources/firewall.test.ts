import t from 'tap'
import { dropsGroup, dropsGroupWarning } from '../../../scanner/sources/firewall.ts'

const dropped = {
  hearsGroup: true,
  askedGroup: true,
  heard: { fromGroup: 0, direct: 3, ownQuestion: false },
}

t.test('a firewall is blamed only where nothing else can have kept the group silent', (t) => {
  t.ok(dropsGroup(dropped))
  for (const [what, over] of [
    ['no question has left', { askedGroup: false }],
    ['another program keeps port 5353', { hearsGroup: false }],
    ['nobody answers at all', { heard: { ...dropped.heard, direct: 0 } }],
    ['somebody answered the group', { heard: { ...dropped.heard, fromGroup: 1 } }],
    ['our own question came back', { heard: { ...dropped.heard, ownQuestion: true } }],
  ] as const)
    t.notOk(dropsGroup({ ...dropped, ...over }), what)
  t.match(dropsGroupWarning({ name: 'eno1' }), /on eno1: .*allowedUDPPorts.*firewall-cmd.*nft/)
  t.end()
})
