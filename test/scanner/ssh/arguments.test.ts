import t from 'tap'
import { hasOption, splitSshArguments } from '../../../scanner/ssh/arguments.ts'

const words = (text: string) => text.split(' ').filter((word) => word !== '')

t.test('the command line is cut as ssh cuts it', (t) => {
  for (const [typed, destination, options, command, own] of [
    ['', undefined, '', ''],
    ['NixOS', 'NixOS', '', ''],
    ['nixos@NixOS', 'nixos@NixOS', '', ''],
    ['fe80::47%eno1', 'fe80::47%eno1', '', ''],
    ['root@fe80::5054:ff:fe12:3456%eno1 uptime', 'root@fe80::5054:ff:fe12:3456%eno1', '', 'uptime'],
    ['-t NixOS', 'NixOS', '-t', ''],
    ['NixOS -t', 'NixOS', '-t', ''],
    ['-p 2222 NixOS', 'NixOS', '-p 2222', ''],
    ['-p2222 NixOS', 'NixOS', '-p2222', ''],
    ['-tp 2222 NixOS', 'NixOS', '-tp 2222', ''],
    ['-pt NixOS', 'NixOS', '-pt', ''],
    ['-oPort=22 NixOS ls -l', 'NixOS', '-oPort=22', 'ls -l'],
    ['-o Port=22 NixOS', 'NixOS', '-o Port=22', ''],
    ['-i -key NixOS', 'NixOS', '-i -key', ''],
    ['-i -- NixOS', 'NixOS', '-i --', ''],
    ['NixOS -l root -A true', 'NixOS', '-l root -A', 'true'],
    ['NixOS ls -p 22', 'NixOS', '', 'ls -p 22'],
    ['NixOS -- ls', 'NixOS', '', 'ls'],
    ['NixOS -- -x', 'NixOS', '', '-x'],
    ['NixOS -- -- x', 'NixOS', '', '-- x'],
    ['NixOS ls -- x', 'NixOS', '', 'ls -- x'],
    ['-- NixOS ls', 'NixOS', '', 'ls'],
    ['-- NixOS -p 22', 'NixOS', '', '-p 22'],
    ['-- -x', '-x', '', ''],
    ['NixOS - -p 99', 'NixOS', '', '- -p 99'],
    ['-J jump -W [::1]:22 NixOS', 'NixOS', '-J jump -W [::1]:22', ''],
    ['--timeout 9s NixOS', 'NixOS', '', '', '--timeout 9s'],
    ['--timeout=9s NixOS', 'NixOS', '', '', '--timeout=9s'],
    [
      'NixOS --all -v --interface eno1 ls --all',
      'NixOS',
      '-v',
      'ls --all',
      '--all --interface eno1',
    ],
    ['--quiet NixOS', 'NixOS', '', '', '--quiet'],
    ['--no-all NixOS', 'NixOS', '', '', '--no-all'],
    ['-p', undefined, '-p', ''],
  ] as const)
    t.same(
      splitSshArguments(words(typed)),
      { destination, options: words(options), command: words(command), own: words(own ?? '') },
      typed,
    )
  t.same(splitSshArguments(['NixOS', '', 'a b']).command, ['', 'a b'], 'words stay as they are')
  t.end()
})

t.test('an option is seen in a bundle, and not in the value of another', (t) => {
  for (const [options, letter, expected] of [
    ['-p 22', 'p', true],
    ['-p22', 'p', true],
    ['-tp 22', 'p', true],
    ['-oPort=22', 'p', false],
    ['-o ForwardAgent=p', 'p', false],
    ['-i -p', 'p', false],
    ['-i -p -p 22', 'p', true],
    ['-ip', 'p', false],
    ['-ti -l', 'l', false],
    ['-l root', 'l', true],
    ['-vJ jump', 'J', true],
    ['', 'l', false],
  ] as const)
    t.equal(hasOption(words(options), letter), expected, `${letter} in ${options}`)
  t.end()
})
