import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { agentManual } from '../../agent/manual.ts'
import { readDefinitions } from '../../common/definitions.ts'
import { type Manual, manualPage } from '../../common/manual.ts'
import { scannerManual } from '../../scanner/words/manual.ts'

const date = new Date('2026-11-22T20:14:00Z')

/** Whatever could be taken for a request of roff, or for a macro. */
const nasty: Manual = {
  ...scannerManual(date),
  words: readDefinitions((cli) =>
    cli
      .usage("$0 VERB\n\n.Sh not a section. Not \\fBbold\\fP\n'so it stays")
      .command('go [name] [port]', '.Nm', (command) =>
        command
          .option('odd', { choices: ['-', 'a|b'], describe: "'Twas \\e" })
          .epilogue('Then:\n  .Bd in a literal\n  No macro\nand so on'),
      ),
  ),
}

t.test('pages are of one source with help, and clean to those who check them', async (t) => {
  const folder = t.testdir()
  for (const [index, manual] of [scannerManual(date), agentManual(date), nasty].entries()) {
    const page = manualPage(manual)
    const path = join(folder, `${index}.${manual.section}`)
    await writeFile(path, page)
    const lint = spawnSync('mandoc', ['-Tlint', '-Wwarning', path], { encoding: 'utf8' })
    if (lint.error) t.comment('not installed: mandoc')
    else t.same([lint.status, lint.stdout], [0, ''])
    const man = spawnSync('man', ['-l', '--warnings', path], {
      encoding: 'utf8',
      env: { ...process.env, MANPAGER: 'cat', LC_ALL: 'C' },
    })
    if (man.error) t.comment('not installed: man')
    else t.match([man.status, man.stderr], [0, /^$/])
  }
})

t.test('nothing in a text is a request', (t) => {
  const page = manualPage(nasty)
  t.match(page, "\\&.Sh not a section.\nNot \\efBbold\\efP\n\\&'so it stays\n")
  t.match(page, '\n.It Ic go Oo Ar name Oc Oo Ar port Oc\n')
  t.match(page, "\n\\&.Nm\n.Bl -tag -width Ds\n.It Fl -odd Ar - | a|b\n\\&'Twas \\ee\n.El\n")
  t.match(page, 'Then:\n.Bd -literal -offset indent\n\\&.Bd in a literal\nNo macro\n.Ed\nand so on')
  t.end()
})

t.test(
  'every verb and option of the agent is there, hidden ones only where they are heeded',
  (t) => {
    const page = manualPage(agentManual(date))
    t.match(page, /^\.Dd November 22, 2026\n\.Dt INSTALLER-AGENT 8\n/)
    for (const verb of ['run', 'status', 'issue']) t.match(page, `.It Ic ${verb}`)
    t.equal(page.match(/^\.It Fl -no-mdns$/gm)?.length, 1)
    t.equal(page.match(/^\.It Fl -hostname Ar value$/gm)?.length, 3)
    t.end()
  },
)
