import t from 'tap'
import { agentProgram } from '../../scanner/demo/installer.ts'
import { connect, runInside, untilSaid } from '../../scanner/demo/namespace.ts'
import { addressesSettled, machine, makeLab, skipWithout } from './lab.ts'

const skip = skipWithout('ip', 'ping', 'ssh-keygen')
const count = 6

t.test(
  'machines with one name that boot together: one has it, the others the one with their MAC',
  { skip },
  async (t) => {
    const lab = await makeLab(t)
    const inside = (...args: string[]) => runInside(lab.operator, 'ip', args)
    await inside('link', 'add', 'br0', 'type', 'bridge')
    await inside('link', 'set', 'br0', 'up')
    const machines = await Promise.all(Array.from({ length: count }, () => machine(t)))
    for (const [index, namespace] of machines.entries()) {
      const mac = `52:54:00:00:00:0${index + 1}`
      const far = { namespace, interface: 'in0', mac }
      await connect({ namespace: lab.operator, interface: `p${index}` }, far)
      await inside('link', 'set', `p${index}`, 'master', 'br0')
    }
    await Promise.all([lab.operator, ...machines].map(addressesSettled))
    const own = (index: number) => `nixos-00000${index + 1}`
    const settled = machines.map(async (namespace, index) => {
      const args = ['--host-keys', lab.files.folder]
      const agent = namespace.start([process.execPath, agentProgram, ...args])
      const service = `"(NixOS|${own(index)})\\._ssh\\._tcp\\.local"`
      await untilSaid(agent, new RegExp(`"IPv6".*${service}.*names are ours`))
    })
    await Promise.all(settled)
    const { stdout } = await lab.scanner(['find', '--json', '--interface', 'br0'])
    const { installers } = JSON.parse(stdout) as { installers: { name: string; id: string }[] }
    const names = installers.map(({ name, id }) => `${id.slice(-2)} ${name}`).sort()
    const winner = names.find((each) => each.endsWith(' NixOS'))?.slice(1, 2)
    t.ok(winner, 'one of them is NixOS')
    const expected = machines.map((_, index) => {
      const digit = `${index + 1}`
      return `0${digit} ${digit === winner ? 'NixOS' : own(index)}`
    })
    t.same(names, expected)
  },
)
