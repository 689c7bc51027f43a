import t from 'tap'
import { programFolders } from '../../../agent/unit/program-folders.ts'

const node = '/usr/bin/node'
const own = '/usr/local/lib/node_modules/installer-discovery'
const system = ['-/usr', '-/bin', '-/sbin', '-/lib', '-/lib64']

t.test('folders of the system are seen, others as far as they are needed', (t) => {
  const folders = (over: object) =>
    programFolders({ node, package: own, helpers: ['/usr/sbin/ip', '/bin/ssh-keygen'], ...over })
  t.same(folders({}), system)
  t.same(folders({ node: '/opt/node-22/bin/node', package: '/opt/discovery' }), [
    ...system,
    '/opt/node-22',
    '/opt/discovery',
  ])
  const store = ['/nix/store/abc-node/bin/node', '/nix/store/abc-iproute2/bin/ip']
  t.same(folders({ node: store[0], helpers: [store[1]] }), [...system, '/nix/store'])
  t.end()
})

t.test('what the unit could not start is refused', (t) => {
  const places = [
    '/root/.nvm/v22',
    '/home/me/node',
    '/tmp/x',
    '/run/user/0/x',
    '/opt/a b',
    '/opt/5%',
  ]
  for (const place of places) {
    const helpers = ['/usr/sbin/ip']
    const wanted = { message: /does not see|expected a path/ }
    t.throws(() => programFolders({ node: `${place}/bin/node`, package: own, helpers }), wanted)
    t.throws(() => programFolders({ node, package: place, helpers }), wanted, place)
  }
  t.end()
})
