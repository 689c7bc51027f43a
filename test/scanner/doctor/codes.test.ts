import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'

const folder = 'scanner/doctor/checks'
const written = readdirSync(folder).map((name) => readFileSync(`${folder}/${name}`, 'utf8'))
const document = readFileSync('docs/doctor.md', 'utf8')

t.test('every code is in the document, and none that there is not', (t) => {
  const codes = written.flatMap((text) =>
    [...text.matchAll(/(?:code: |warn\(\s*|judge\(link, \w+, '[^']*', )'([a-z0-9-]+)'/g)].map(
      ([, code]) => code,
    ),
  )
  t.ok(codes.length > 60, `${codes.length} codes`)
  for (const code of codes) t.match(document, `\`${code}\``)
  const known = new Set(codes)
  const listed = document
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
  const named = listed.flatMap((line) =>
    [...line.matchAll(/`([a-z0-9-]+)`/g)].map(([, code]) => code),
  )
  // Those are made of the verdicts of scanner/trust/judge.ts.
  const verdicts = /^key-(rebooted|changed|contradicted|stranger)$/
  t.same(
    named.filter((code) => !known.has(code) && !verdicts.test(code ?? '')),
    [],
  )
  t.end()
})
