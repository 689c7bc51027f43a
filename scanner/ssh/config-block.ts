import { aliasSuffix } from './alias.ts'

/** The user of a live system; another is named as usual: `ssh root@NixOS.installer`. */
const liveUser = 'nixos'

/**
 * What a shell reads as more than a letter. ssh hands ProxyCommand to one, with the name as it was
 * typed, and until OpenSSH 9.6 took any name, also from a git submodule's URL (CVE-2023-51385).
 */
const shellCharacters = '\'"`$\\;&|<>(){} '

/** How ssh starts this program. */
export interface OwnProgram {
  /** The words of the command line, as a shell would split them. */
  words: readonly string[]
}

/**
 * The block of ssh_config(5) by which every tool that uses ssh reaches an installer by its name. The
 * host key is checked under the machine's identity; `known-hosts` knows no name but those found here.
 */
export function configBlock(program: OwnProgram): string {
  const settings = [
    ['User', liveUser],
    ['ProxyCommand', `${shellWords(program.words)} proxy %n %p`],
    ['KnownHostsCommand', `${configWords(commandFor(program))} known-hosts %n %H %t %K`],
    // Documented as a value since 8.5, with KnownHostsCommand; for the global ones an empty file is.
    ['UserKnownHostsFile', 'none'],
    ['GlobalKnownHostsFile', '/dev/null'],
    ['StrictHostKeyChecking', 'yes'],
    // Whatever the user has for all hosts: keys are learned and looked up by us alone, the name is no DNS name.
    ['UpdateHostKeys', 'no'],
    ['VerifyHostKeyDNS', 'no'],
    ['CanonicalizeHostname', 'no'],
  ]
  return [
    `# Installers on the links of this machine, by name: ssh NixOS${aliasSuffix}`,
    "# Written by 'scanner ssh-config --install', taken away by 'scanner ssh-config --uninstall'.",
    `Host *${aliasSuffix} ${[...shellCharacters].map(exclude).join(' ')}`,
    ...settings.map((words) => `  ${words.join(' ')}`),
    '',
  ].join('\n')
}

function exclude(character: string): string {
  return quoted(`!*${character}*`)
}

/** KnownHostsCommand wants an absolute path, and searches none. */
function commandFor({ words }: OwnProgram): string[] {
  const [first = ''] = words
  return first.startsWith('/') ? [...words] : ['/usr/bin/env', ...words]
}

function configWords(words: readonly string[]): string {
  return words.map((word) => percent(isPlain(word) ? word : quoted(word))).join(' ')
}

function shellWords(words: readonly string[]): string {
  const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`
  return words.map((word) => percent(isPlain(word) ? word : quote(word))).join(' ')
}

/** A word of ssh_config(5): in double quotes, what means something in them escaped. */
export function quoted(word: string): string {
  return `"${word.replace(/["\\]/g, '\\$&')}"`
}

/** ssh replaces what follows a percent sign. */
function percent(word: string): string {
  return word.replaceAll('%', '%%')
}

export function isPlain(word: string): boolean {
  return /^[\w./+:@,-]+$/.test(word)
}
