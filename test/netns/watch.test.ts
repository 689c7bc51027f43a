import t from 'tap'
import { runInside } from '../../scanner/demo/namespace.ts'
import { bootInstaller, makeLab, plug, skipWithout } from './lab.ts'
import { startLive } from './live.ts'

const skip = skipWithout('ip', 'ping', 'ssh-keygen')
const mac = '52:54:00:12:34:56'
const id = '525400fffe123456'

t.test('an installer appears, says goodbye, and is gone at once', { skip }, async (t) => {
  const lab = await makeLab(t)
  const live = startLive(t, lab, ['find', '--watch', '--ndjson'])
  const installer = await bootInstaller(t, lab, { mac })
  const found = await live.event((each) => each.event === 'found' && each.installer.id === id)
  t.comment(`${found.at}`)
  await live.event((each) => each.installer.name === 'NixOS' && each.installer.ssh.reachable)
  const began = performance.now()
  const stopped = installer.stopAgent()
  const lost = await live.event((each) => each.event === 'lost')
  t.equal(lost.installer.id, id)
  t.comment(`goodbye seen after ${Math.round(lost.cameAt - began)} ms`)
  await stopped
  live.stop('SIGINT')
  const { status, stderr } = await live.ended
  t.equal(status, 0, stderr)
  t.equal(stderr, '')
  console.log(
    JSON.stringify(
      live.events.map(({ installer, ...e }) => [
        e.event,
        e.at,
        installer.name,
        installer.sources,
        installer.ssh.reachable,
      ]),
    ),
  )
})

t.test('a link that comes while it runs is searched', { skip }, async (t) => {
  const lab = await makeLab(t)
  await plug(t, lab, { link: 'op0' })
  const live = startLive(t, lab, ['find', '--watch', '--ndjson'])
  await bootInstaller(t, lab, { mac, link: 'op1' })
  const found = await live.event((each) => each.event === 'found')
  t.equal(found.installer.links[0]?.interface, 'op1')
  // The cable is pulled: no goodbye.
  const began = performance.now()
  await runInside(lab.operator, 'ip', ['link', 'set', 'op1', 'down'])
  const lost = await live.event((each) => each.event === 'lost')
  t.comment(`lost after ${Math.round(lost.cameAt - began)} ms`)
  await runInside(lab.operator, 'ip', ['link', 'set', 'op1', 'up'])
  await live.event((each) => each.event === 'found')
  live.stop('SIGTERM')
  t.equal((await live.ended).status, 0)
})
