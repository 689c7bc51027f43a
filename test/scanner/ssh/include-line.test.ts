import t from 'tap'
import {
  asBytes,
  hasByteOrderMark,
  includeLine,
  isIncluded,
  unfitForInclude,
  withInclude,
  withoutInclude,
} from '../../../scanner/ssh/include-line.ts'

const home = '/home/nixos'
const path = `${home}/.config/installer-discovery/ssh_config`
const line = `Include ${path}`
const shapes = {
  empty: '',
  'one line': 'Host a\n  User b\n',
  'no final newline': 'Host a\n  User b',
  'only newlines': '\n\n',
  CRLF: 'Host a\r\n  User b\r\n',
  'mixed line ends': 'Host a\n  User b\r\nHost c',
  comments: '# mine\n\n# more\nHost a\n',
  'Match first': 'Match all\n  User b\n',
  'other includes': 'Include ~/.ssh/work\nInclude "/etc/a b"\nHost a\n',
  'ours in a comment': `# ${line}\nHost a\n`,
  'no UTF-8': 'Host a\xff\xfe\n  User b\x00\n',
  'a lone carriage return': 'Host a\rUser b\n',
}

t.test('the line comes before everything, and leaves no trace when it goes', (t) => {
  for (const [name, text] of Object.entries(shapes)) {
    const added = withInclude(text, path, home)
    t.ok(/^Include [^\r\n]*\r?\n/.exec(added), name)
    t.equal(added.replace(/^[^\n]*\n/, ''), text, 'the rest as it was')
    t.equal(withInclude(added, path, home), added, 'a second time changes nothing')
    t.ok(isIncluded(added, path, home))
    t.equal(withoutInclude(added), text, 'and back')
  }
  t.match(
    withInclude(shapes.CRLF, path, home),
    new RegExp(`^${line}\r\n`),
    'in the ends of lines that are used',
  )
  t.equal(withInclude(shapes['mixed line ends'], path, home).slice(0, line.length + 1), `${line}\n`)
  t.end()
})

t.test('an include in other words counts, if it is for every host', (t) => {
  for (const [text, isThere] of [
    [`${line}\n`, true],
    [`include "${path}"\n`, true],
    [`  INCLUDE=${path}\n`, true],
    [`Include = ${path}  \r\n`, true],
    [`Include ~/.ssh/x ~/.config/installer-discovery/ssh_config\nHost a\n`, true],
    [`# ${line}\n`, false],
    [`Host a\n  ${line}\n`, false],
    [`Match all\n${line}\n`, false],
    [`HOST=a\n${line}\n`, false],
    [`User x\n${line}\nHost a\n`, true],
    [`Include ${path}.old\n`, false],
    ['', false],
  ] as const) {
    t.equal(isIncluded(text, path, home), isThere, text)
    t.equal(withInclude(text, path, home) === text, isThere, 'and is not added again')
  }
  t.end()
})

t.test('a line of ours from elsewhere is replaced, words of the users own stay', (t) => {
  const old = 'Include "/old home/.config/installer-discovery/ssh_config"\n'
  t.equal(withInclude(`${old}Host a\n`, path, home), `${line}\nHost a\n`)
  t.equal(
    withInclude(`Host a\n${line}\n`, path, home),
    `${line}\nHost a\n`,
    'and one that came too late',
  )
  const own = `include ${path}\n  Include ${path}\nInclude ${path} # mine\nInclude /x ${path}\n`
  t.equal(withoutInclude(own), own)
  t.end()
})

t.test('paths that ssh would read otherwise', (t) => {
  t.equal(
    includeLine('/home/a b/installer-discovery/ssh_config'),
    'Include "/home/a b/installer-discovery/ssh_config"',
  )
  const spaced = '/home/a b/installer-discovery/ssh_config'
  t.equal(withoutInclude(withInclude('Host a\n', spaced, home)), 'Host a\n')
  for (const each of ['*', '?', '[a]', '{a,b}', '$HOME', '%d', '"', '\\', '\n'])
    t.match(unfitForInclude(`/home/${each}/ssh_config`), /reads otherwise/, each)
  for (const each of [path, spaced, '/home/jürgen/x', "/home/o'brien/x"])
    t.equal(unfitForInclude(each), undefined)
  t.ok(hasByteOrderMark(asBytes('\ufeffHost a')))
  t.notOk(hasByteOrderMark('Host a'))
  t.end()
})
