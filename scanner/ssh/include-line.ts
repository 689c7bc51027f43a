import { isPlain, quoted } from './config-block.ts'

/** The file of ours that is included lies in a folder and under a name that nothing else has. */
export const includedFolder = 'installer-discovery'
export const includedName = 'ssh_config'

/** The bytes of a path or a file, one a character: whatever the user's file holds stays as it is. */
export function asBytes(content: string | Buffer): string {
  return (typeof content === 'string' ? Buffer.from(content) : content).toString('latin1')
}

/** The line, as ssh_config(5) wants it, without its end. */
export function includeLine(path: string): string {
  return `Include ${isPlain(path) ? path : quoted(path)}`
}

/** Why a path cannot stand in an Include line; undefined when it can. */
export function unfitForInclude(path: string): string | undefined {
  // Include matches file names (glob(7)), and newer ssh expands variables and tokens in them.
  return /[*?[\]{}$%"\\\r\n]/.test(path)
    ? 'it has a character that ssh_config reads otherwise'
    : undefined
}

/** Whether ssh cannot read the file for the mark of an editor (RFC 3629 section 6): OpenSSH knows none. */
export function hasByteOrderMark(text: string): boolean {
  return text.startsWith('\xef\xbb\xbf')
}

/**
 * The user's file, as bytes, with our line before anything else: after the first Host or Match it would be for
 * those hosts only. As it is when the file is included already.
 */
export function withInclude(text: string, path: string, home: string): string {
  if (isIncluded(text, path, home)) return text
  const end = /^[^\n]*\r\n/.test(text) ? '\r\n' : '\n'
  return `${asBytes(includeLine(path))}${end}${withoutInclude(text)}`
}

/** The user's file without lines of ours, as they were written, wherever our file lay then. */
export function withoutInclude(text: string): string {
  return text
    .split(/(?<=\n)/)
    .filter((line) => !isOurs(line))
    .join('')
}

function isOurs(line: string): boolean {
  const [, path] = /^Include (?:"(.*)"|(\S+))\r?\n?$/.exec(line)?.filter(Boolean) ?? []
  return path?.endsWith(`/${includedFolder}/${includedName}`) ?? false
}

/** Whether ssh includes that file for every host: in whatever spelling, before the first block. */
export function isIncluded(text: string, path: string, home: string): boolean {
  for (const line of text.split('\n')) {
    const [, keyword = '', rest = ''] =
      /^\s*"?([A-Za-z]+)"?(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line) ?? []
    if (/^(host|match)$/i.test(keyword)) return false
    const named = wordsOf(rest).map((word) => word.replace(/^~(?=\/)/, () => asBytes(home)))
    if (/^include$/i.test(keyword) && named.includes(asBytes(path))) return true
  }
  return false
}

function wordsOf(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|[^\s"]+/g)].map(([word, inQuotes]) => inQuotes ?? word)
}
