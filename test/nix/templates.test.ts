import t from 'tap'
import { templates } from '../../agent/unit/templates.ts'
import { skipWithout } from './judge.ts'
import { renderTemplates } from './templates.ts'

t.test(
  'what `installer-agent unit` prints is what nix/ says',
  { skip: skipWithout('nix-instantiate') },
  async (t) => {
    t.same(templates, await renderTemplates(), 'else: node dist/test/nix/templates.js')
  },
)
