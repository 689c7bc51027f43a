import t from 'tap'
import { plain } from '../../../../scanner/ssh/built-in/plain.ts'

t.test('nothing that a server says moves the cursor, or looks like something else', (t) => {
  for (const [said, shown] of [
    ['Welcome\r\nto NixOS\n', 'Welcome\nto NixOS\n'],
    ['\x1b]0;title\x07\x1b[2J', '?]0;title??[2J'],
    ['a\rb\x08\x7f\x9b', 'a?b???'],
    ['\u202egnp.\u200b\u2066', '?gnp.??'],
    ['\u2028\u2029', '??'],
    ['Grüße €', 'Grüße €'],
  ] as const)
    t.equal(plain(said), shown)
  t.end()
})
