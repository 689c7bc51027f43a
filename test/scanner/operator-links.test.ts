import t from 'tap'
import { byZone } from '../../scanner/operator-links.ts'
import { fakeLink } from '../fakes/link.ts'

t.test('the zone of an address is the name of the link, on Windows its index', (t) => {
  const link = fakeLink({ name: 'Ethernet', index: 12 })
  t.equal(byZone(link, 'darwin'), link)
  t.match(byZone(link, 'win32'), { name: '12', label: 'Ethernet', index: 12 })
  const unnumbered = fakeLink({ name: 'Loopback', index: 0 })
  t.equal(byZone(unnumbered, 'win32'), unnumbered)
  t.end()
})
