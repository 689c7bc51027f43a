import t from 'tap'
import { nearest } from '../../common/nearest.ts'

const verbs = ['find', 'wait', 'ssh', 'target', 'trust', 'proxy']

t.test('the word that was meant: a letter too many, too few, wrong, or two swapped', (t) => {
  for (const word of ['fnd', 'finnd', 'fimd', 'fidn', 'FNID'])
    t.equal(nearest(word, verbs), 'find', word)
  t.equal(nearest('tust', verbs), 'trust')
  t.equal(nearest('NixSO', ['other', 'NixOS']), 'NixOS')
  t.end()
})

t.test('nothing that is too far away, and not the word itself', (t) => {
  for (const word of ['', 'x', 'install', 'fxxd', 'hs'])
    t.equal(nearest(word, verbs), undefined, word)
  t.equal(nearest('nixos', ['NixOS']), undefined)
  t.equal(nearest('find', []), undefined)
  t.end()
})
