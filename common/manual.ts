import type { OptionWords, PositionalWords, VerbWords } from './definitions.ts'

/** What a manual page says besides the definitions. */
export interface Manual {
  name: string
  /** 1 for users' commands, 8 for the administrator's (man(1)). */
  section: number
  /** In some words, for whatis(1). */
  summary: string
  date: Date
  words: VerbWords
  /** Further sections, in roff. */
  sections: readonly { title: string; roff: string }[]
}

/** A manual page in mdoc(7). */
export function manualPage(manual: Manual): string {
  const { name, section, summary, words } = manual
  return [
    `.Dd ${formatDate(manual.date)}`,
    `.Dt ${name.toUpperCase()} ${section}`,
    '.Os',
    '.Sh NAME',
    `.Nm ${name}`,
    `.Nd ${summary}`,
    '.Sh SYNOPSIS',
    '.Nm',
    '.Ar verb',
    '.Op Ar options',
    '.Sh DESCRIPTION',
    text(prose(words.usage)),
    '.Pp',
    'Every verb also takes',
    '.Fl -help',
    'and',
    '.Fl -version .',
    '.Sh VERBS',
    '.Bl -tag -width Ds',
    ...words.verbs.flatMap((verb) => verbEntry(verb, '')),
    '.El',
    ...manual.sections.flatMap(({ title, roff }) => [`.Sh ${title}`, roff]),
    '',
  ].join('\n')
}

function verbEntry(verb: VerbWords, before: string): string[] {
  const words = `${before}${verb.word}`
  const described = verb.positionals.filter(({ describe }) => describe !== '')
  const rows = [...described.map(positionalRow), ...verb.options.map(optionRow)]
  if (verb.verbs.length > 0) return verb.verbs.flatMap((each) => verbEntry(each, `${words} `))
  return [
    `.It Ic ${words}${verb.positionals.map(positionalForm).join('')}`,
    text(prose(verb.usage) || verb.summary),
    ...(rows.length > 0 ? ['.Bl -tag -width Ds', ...rows.flat(), '.El'] : []),
    ...(verb.epilogue ? ['.Pp', text(verb.epilogue)] : []),
  ]
}

function positionalForm({ name, isRequired }: PositionalWords): string {
  return isRequired ? ` Ar ${name}` : ` Oo Ar ${name} Oc`
}

function positionalRow({ name, describe }: PositionalWords): string[] {
  return [`.It Ar ${name}`, text(describe)]
}

function optionRow({
  name,
  letters,
  takesValue,
  choices,
  describe,
  fallback,
}: OptionWords): string[] {
  const forms = [...letters.map((letter) => `Fl ${letter}`), `Fl -${name}`].join(' , ')
  const value = takesValue ? ` Ar ${choices.length > 0 ? choices.join(' | ') : 'value'}` : ''
  const usual = fallback ? ` (${fallback})` : ''
  return [`.It ${forms}${value}`, text(`${describe}${usual}`.trim() || 'see the choices')]
}

/** What follows the command line in a usage text of yargs. */
function prose(usage: string): string {
  return usage.split('\n').slice(1).join('\n').trim()
}

/** The usual width of a source line, which mandoc's lint holds to. */
const columns = 78

/** Text as roff reads it: nothing in it is a request. Lines that are indented stay as they are. */
function text(words: string): string {
  const escaped = words.trim().replaceAll('\\', '\\e').split('\n')
  const blocks = escaped.flatMap((line, at) => {
    const before = /^ /.test(escaped[at - 1] ?? '')
    const isIndented = line.startsWith(' ')
    if (isIndented)
      return [...(before ? [] : ['.Bd -literal -offset indent']), guarded(line.trim())]
    return [...(before ? ['.Ed'] : []), ...sentences(line).map(guarded)]
  })
  return [...blocks, ...(/^ /.test(escaped.at(-1) ?? '') ? ['.Ed'] : [])].join('\n')
}

/** A line that is no request of roff. */
function guarded(line: string): string {
  return line.replace(/^(?=[.'])/, '\\&')
}

/** Each sentence begins a line, and none is too long. */
function sentences(line: string): string[] {
  const long = new RegExp(`(?:.{1,${columns}}|\\S+)(?:\\s+|$)`, 'g')
  const split = line.replace(/([.!?]) (?=[A-Z])/g, '$1\n').split('\n')
  return split.flatMap((sentence) => sentence.match(long) ?? []).map((each) => each.trim())
}

function formatDate(date: Date): string {
  const options = { month: 'long', day: 'numeric', year: 'numeric', timeZone: 'UTC' } as const
  return new Intl.DateTimeFormat('en-US', options).format(date)
}
