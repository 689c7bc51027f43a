import t from 'tap'
import { searchedGlobs } from '../../scanner/ask-ahead.ts'

t.test('links are asked ahead for a plain line that will ask everybody, and for no other', (t) => {
  for (const [words, globs] of [
    ['find', []],
    ['find NixOS --json -a', []],
    ['find -i op0 --interface eno* --timeout 4s', ['op0', 'eno*']],
    ['find --source neighbour', undefined],
    ['find --watch', undefined],
    ['find --bogus', undefined],
    ['find a b -i', undefined],
    ['ssh NixOS -i key -v -- true', []],
    ['ssh root@NixOS', []],
    ['ssh', undefined],
    ['ssh --interface op0 NixOS', undefined],
    ['proxy NixOS.installer 22', []],
    ['proxy NixOS', undefined],
    ['proxy NixOS 22 --all', undefined],
    ['known-hosts NixOS HOSTNAME NONE NONE', undefined],
    ['write a.iso sda', undefined],
    ['', undefined],
  ] as const)
    t.same(searchedGlobs(words.split(' ')), globs, `'${words}'`)
  t.end()
})
