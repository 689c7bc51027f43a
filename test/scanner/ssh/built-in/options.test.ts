import { homedir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readBuiltInOptions } from '../../../../scanner/ssh/built-in/options.ts'

const read = (typed: string) => readBuiltInOptions(typed.split(' ').filter((word) => word !== ''))

t.test('the options of ssh that the built-in client has', (t) => {
  for (const [typed, expected] of [
    ['', { terminal: 'auto', user: undefined, port: undefined, identityFiles: [] }],
    ['-l root -p 2222', { user: 'root', port: 2222 }],
    ['-lroot -p2222', { user: 'root', port: 2222 }],
    ['-tp 2222', { port: 2222, terminal: 'wanted' }],
    ['-o Port=2222 -p 1', { port: 2222 }],
    ['-p 1 -oport=2222', { port: 1 }],
    ['-oUser=root -l nixos', { user: 'root' }],
    ['-i a -i b -oIdentityFile=c', { identityFiles: ['a', 'b', 'c'] }],
    ['-i ~/x', { identityFiles: [join(homedir(), 'x')] }],
    ['-i -t', { identityFiles: ['-t'], terminal: 'auto' }],
    ['-oIdentityFile=none', { identityFiles: [] }],
    ['-oIdentityFile="a"', { identityFiles: ['a'] }],
    ['-oIdentitiesOnly=yes -oBatchMode=YES', { identitiesOnly: true, batchMode: true }],
    ['-oBatchMode=no -oBatchMode=yes', { batchMode: false }],
    ['-t -t', { terminal: 'forced' }],
    ['-ttt', { terminal: 'forced' }],
    ['-tT', { terminal: 'never' }],
    ['-qvn', { quiet: true, verbose: true, noInput: true }],
    ['-axk -F none', { quiet: false }],
  ] as const)
    t.match(read(typed), expected, typed)
  t.match(readBuiltInOptions(['-o', 'User  root']), { user: 'root' })
  t.match(readBuiltInOptions(['-o', 'Port = "22"']), { port: 22 })
  t.end()
})

t.test('all others are named', (t) => {
  for (const [typed, refused] of [
    ['-L 8080:[::1]:80', 'cannot do -L 8080:[::1]:80'],
    ['-A', 'cannot do -A'],
    ['-tA', 'cannot do -A'],
    ['-J jump', 'cannot do -J jump'],
    ['-F /x', 'cannot do -F /x'],
    ['-4', 'cannot do -4'],
    ['-oForwardAgent=yes', 'cannot do -o ForwardAgent=yes'],
    ['-oConstructor=x', 'cannot do -o Constructor=x'],
    ['-oconstructor=x', 'cannot do -o constructor=x'],
    ['-o toString=x', 'cannot do -o toString=x'],
    ['-o =x', 'cannot do -o =x'],
    ['-o', 'cannot do -o'],
    ['-p', 'expected a value after -p'],
    ['-oPort', 'cannot do -o Port'],
    ['-oPort=', 'expected a value after -o'],
    ['-p 0', "expected a port, got '0'"],
    ['-p 65536', "expected a port, got '65536'"],
    ['-p ssh', "expected a port, got 'ssh'"],
    ['-oBatchMode=maybe', "expected yes or no for BatchMode, got 'maybe'"],
    ['-i %d/key', 'cannot do the % in IdentityFile %d/key'],
  ] as const)
    t.same(read(typed), { refused }, typed)
  t.end()
})
