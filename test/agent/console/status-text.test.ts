import t from 'tap'
import { formatStatus } from '../../../agent/console/status-text.ts'
import { fakeLinkStatus, fakeStatus } from '../../fakes/status.ts'

t.test('a paragraph a link, for people', (t) => {
  t.equal(
    formatStatus(fakeStatus()),
    `installer-agent 1.0.0, pid 42, since 2026-11-22 20:14:00 UTC
NixOS, id 525400fffe123456, user nixos, ssh port 22
host key SHA256:${'A'.repeat(43)}

eno1  52:54:00:12:34:56
  address  fe80::5054:ff:fe12:3456  usable
  address  fe80::47                 usable, ours
  name     NixOS.local  held (IPv6)
  name     nixos-123456.local  held (IPv6)
  packets  4 received, 1 malformed, 2 answered, 9 sent
`,
  )
  t.end()
})

t.test('trouble is told: a lost name, a taken address, what failed', (t) => {
  const text = formatStatus(
    fakeStatus({
      links: [
        fakeLinkStatus({
          hostname: 'nixos-123456.local',
          names: [
            { name: 'NixOS.local', family: 'IPv4', state: 'lost' },
            { name: 'NixOS.local', family: 'IPv6', state: 'lost' },
          ],
          conflicts: 1,
          static: { address: 'fe80::47', state: 'taken', retryInMs: 3200 },
          complaints: ['UDP port 5353 on eno1 is held by a program that shares it with nobody'],
        }),
      ],
    }),
  )
  t.match(text, 'NixOS.local  lost to another machine, now nixos-123456.local (IPv4, IPv6)')
  t.match(text, 'conflict 1 so far')
  t.match(text, 'static   fe80::47 is held by another machine on the link, next try in 4 s')
  t.match(text, 'trouble  UDP port 5353 on eno1 is held')
  t.match(formatStatus(fakeStatus({ links: [] })), /no link to serve/)
  t.end()
})

t.test('an interface may be called anything; the terminal sees ASCII', (t) => {
  const text = formatStatus(
    fakeStatus({ links: [fakeLinkStatus({ interface: 'a\x1b[2J\u202e' })] }),
  )
  t.match(text, /^[\x20-\x7e\n]+$/)
  t.match(text, 'a?[2J?  52:54')
  t.end()
})
