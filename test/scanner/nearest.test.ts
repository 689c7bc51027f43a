import t from 'tap'
import { nearest } from '../../scanner/nearest.ts'

t.test('the name that was meant', (t) => {
  const names = ['NixOS', 'nixos-123456', 'printer']
  t.equal(nearest('nixso', names), 'NixOS', 'two letters swapped')
  t.equal(nearest('nxos', names), 'NixOS', 'one left out')
  t.equal(nearest('nixos-123465', names), 'nixos-123456')
  t.equal(nearest('storage', names), undefined, 'another word')
  t.equal(nearest('x', []), undefined)
  t.end()
})
