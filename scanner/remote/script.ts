import { shellWords } from './shell-words.ts'

/**
 * What ssh runs on the machine, whatever shell the user has there: a POSIX shell as root, which reads
 * the script on its standard input. Live systems have sudo without a password.
 */
export const rootShell = `sh -c 'if [ "$(id -u)" = 0 ]; then exec sh -s; fi; exec sudo -n sh -s'`

/**
 * NixOS has its commands in no folder that every shell searches, and says where in set-environment;
 * Debian leaves the sbin folders out of a user's PATH. Messages are parsed and shown: English, UTF-8.
 */
export const preamble = `[ ! -r /etc/set-environment ] || . /etc/set-environment
PATH=$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8
export PATH LC_ALL
`

/**
 * A script whose body is run with these words as its parameters. As a function it is read to its end
 * before anything of it is done, however the connection breaks, and no command in it reads the rest.
 */
export function asScript(body: string, parameters: readonly string[] = []): string {
  return `${preamble}main() {\n${body.trim()}\n}\nmain ${shellWords(parameters)} </dev/null\n`
}
