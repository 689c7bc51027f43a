import t from 'tap'
import { type InstallWish, orderFor } from '../../../scanner/install/order.ts'
import { fakeMachine } from '../../fakes/machine.ts'

const none: InstallWish = {
  flake: undefined,
  host: undefined,
  command: undefined,
  target: '/mnt',
  more: [],
}
const order = (wish: Partial<InstallWish>, over = {}) =>
  orderFor(fakeMachine(over), { ...none, ...wish })

t.test(
  'the flake of the ISO and the host that the machine is named for, unless said otherwise',
  (t) => {
    const [command, directory] = ["nixos-install --flake '/iso/devos#NixOS'", '/iso/devos']
    t.same(order({}), { command, directory })
    t.same(order({ more: ['--impure', 'a b'] }), {
      command: `${command} --impure 'a b'`,
      directory,
    })
    t.equal(order({ target: '/new' }).command, `${command} --root /new`)
    t.equal(order({ host: 'a.b' }).command, "nixos-install --flake '/iso/devos#a.b'")
    t.same(order({ flake: 'github:me/it#x' }), {
      command: "nixos-install --flake 'github:me/it#x'",
      directory: '/',
    })
    t.same(order({ command: 'flk install NixOS' }), { command: 'flk install NixOS', directory })
    t.same(order({ command: 'true' }, { agent: null }), { command: 'true', directory: '/' })
    t.end()
  },
)

t.test('what was heard has to be a path, and a host name', (t) => {
  const agent = (flake: string | null) => ({ agent: { version: '', boot: '', os: null, flake } })
  for (const flake of [null, '', 'github:evil/flake', '/iso/$(reboot)', '/a b', '--help', '/x\n'])
    t.throws(() => order({}, agent(flake)), { message: /tells of no flake/ }, `${flake}`)
  for (const configuredName of [null, '', '-x', "a'b", 'a"b'])
    t.throws(() => order({}, { configuredName }), { message: /which host/, advice: /--host/ })
  t.end()
})
