import t from 'tap'
import { guide, readBlocks } from './guide.ts'

t.test('each block of the guide says where it is run, or why no test runs it', async (t) => {
  const blocks = readBlocks(guide)
  t.equal(2 * blocks.length, guide.match(/^```/gm)?.length, 'no block is overlooked')
  for (const { line, where, when, after } of blocks) {
    t.match(where, /^(operator|installer)$/, `line ${line} says where`)
    t.match(when ?? 'at once', /^(at once|not-run|again)$/, `line ${line} says when`)
    const isExcused = after.startsWith('*Not run in the tests: ')
    t.equal(isExcused, when === 'not-run', `line ${line} says it to readers as well`)
  }
})
