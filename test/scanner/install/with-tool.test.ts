import t from 'tap'
import { toolCommand } from '../../../scanner/install/with-tool.ts'
import { fakeMachine } from '../../fakes/machine.ts'

const wish = { flake: undefined, host: undefined, command: undefined, target: '/mnt', more: ['-L'] }
const words = (tool: 'nixos-anywhere' | 'deploy-rs', options: string[] = [], over = {}) => {
  const typed = { options, destination: 'root@NixOS' }
  const { command, args } = toolCommand(tool, fakeMachine(over), typed, wish)
  return [command, ...args]
}
const id = '525400fffe123456'

t.test('machine, identity and flake as each takes them', (t) => {
  const options = ['-i', '/key', '-o', 'Ciphers=x']
  const target = ['--flake', '.#NixOS', '--target-host', `root@${id}.installer`]
  t.same(words('nixos-anywhere'), ['nixos-anywhere', ...target, '-L'])
  t.same(words('nixos-anywhere', options, { port: 2222 }), [
    'nixos-anywhere',
    ...target,
    '-p',
    '2222',
    '-i',
    '/key',
    '--ssh-option',
    'Ciphers=x',
    '-L',
  ])
  const deploy = ['deploy', '--hostname', `${id}.installer`, '--ssh-user', 'root']
  t.same(words('deploy-rs'), [...deploy, '.#NixOS', '-L'])
  t.same(words('deploy-rs', options, { port: 2222 }), [
    ...deploy,
    '--ssh-opts',
    '-p 2222 -i /key -o Ciphers=x',
    '.#NixOS',
    '-L',
  ])
  t.throws(() => words('deploy-rs', ['-i', '/a key']), { message: /no ssh option with a space/ })
  t.end()
})
