import t from 'tap'
import { isNoise } from '../../scanner/operator-links.ts'
import { fakeLink } from '../fakes/link.ts'

t.test('containers, virtual machines, tunnels, loopback and bridge ports are not searched', (t) => {
  for (const name of [
    'docker0',
    'veth1a2b',
    'virbr0',
    'vnet3',
    'tailscale0',
    'wg0',
    'tun0',
    'cni0',
  ])
    t.ok(isNoise(fakeLink({ name })), name)
  t.ok(isNoise(fakeLink({ name: 'br-0123456789ab' })), 'a network of docker')
  t.ok(isNoise(fakeLink({ loopback: true })))
  t.ok(isNoise(fakeLink({ enslaved: true })))
  for (const name of [
    'eno1',
    'enp3s0',
    'wlan0',
    'br0',
    'br-lan',
    'eth0.10',
    'usb0',
    'en5',
    'bond0',
  ])
    t.notOk(isNoise(fakeLink({ name })), name)
  t.end()
})
