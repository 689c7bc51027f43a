import t from 'tap'
import { execLine } from '../../agent/unit/exec-line.ts'
import { renderUnit } from './render-unit.ts'

t.test('lists are repeated keys, sections keep their order', (t) => {
  const unit = {
    Unit: { After: ['a.target', 'b.service'], StartLimitIntervalSec: 0 },
    Service: { DynamicUser: true },
  }
  t.equal(
    renderUnit(unit),
    '[Unit]\nAfter=a.target\nAfter=b.service\nStartLimitIntervalSec=0\n\n[Service]\nDynamicUser=true\n',
  )
  t.end()
})

t.test('arguments stay what they are: spaces, quotes, specifiers and variables', (t) => {
  t.equal(
    execLine(['/a b/node', 'x"y\\z', '100%', '$HOME']),
    '"/a b/node" "x\\"y\\\\z" "100%%" "$$HOME"',
  )
  t.end()
})
