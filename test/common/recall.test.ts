import t from 'tap'
import { Recall } from '../../common/recall.ts'

t.test('each key is worked out once, and never more keys are kept than allowed', (t) => {
  const recall = new Recall<string>(2)
  const made: string[] = []
  const get = (key: string) =>
    recall.get(key, () => {
      made.push(key)
      return key.toUpperCase()
    })
  t.same(['a', 'a', 'b', 'a'].map(get), ['A', 'A', 'B', 'A'])
  t.same(made, ['a', 'b'])
  get('c')
  get('a')
  t.same(made, ['a', 'b', 'c', 'a'], 'a third begins anew')
  t.end()
})
