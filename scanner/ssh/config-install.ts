import { mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises'
import { homedir, tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { runCommand } from '../../common/command.ts'
import { errorCode, errorMessage, Failure } from '../../common/failure.ts'
import { checkWritable, type PresentFile, readPresent, replaceFile } from '../atomic-file.ts'
import { aliasSuffix } from './alias.ts'
import {
  asBytes,
  hasByteOrderMark,
  includedFolder,
  includedName,
  includeLine,
  isIncluded,
  unfitForInclude,
  withInclude,
  withoutInclude,
} from './include-line.ts'
import { makeFolder } from './known-hosts.ts'

/** The two files: ssh's own, and the one that it includes. */
export interface ConfigFiles {
  /** What ssh reads `~` as. */
  home: string
  user: string
  ours: string
}

/** What was done, for people. */
export interface Outcome {
  said: string[]
}

/** Where ssh looks: it takes the home folder from the user database, whatever HOME says. */
export function configFiles(environment: NodeJS.ProcessEnv = process.env): ConfigFiles {
  const { XDG_CONFIG_HOME: config } = environment
  // The specification says to ignore a relative path.
  const base = config?.startsWith('/') ? config : join(homedir(), '.config')
  const home = userInfo().homedir
  return {
    home,
    user: join(home, '.ssh', 'config'),
    ours: join(base, includedFolder, includedName),
  }
}

/** In our file: the user's did not exist before, so it goes when it is empty again. */
const madeByUs = '# The file that includes this one was made with it.\n'

/** Whether ssh reads our block for every host. */
export async function isInstalled({ home, user, ours }: ConfigFiles): Promise<boolean> {
  const present = await readPresent(user).catch(() => undefined)
  if (!present || !isIncluded(asBytes(present.content), ours, home)) return false
  return (await readPresent(ours).catch(() => undefined)) !== undefined
}

/**
 * Writes our file, and one line into the user's. In this order, so that whatever interrupts it leaves
 * an ssh that works, and a second try that finishes. Throws a Failure where it cannot, the user's file as it was.
 */
export function install(files: ConfigFiles, block: string): Promise<Outcome> {
  return orFailure(() => addTo(files, block))
}

/** Takes the line and our file away, and the user's file too when it was made for them and is empty again. */
export function uninstall(files: ConfigFiles): Promise<Outcome> {
  return orFailure(() => takeFrom(files))
}

/** A folder or a file that cannot be read or written is no fault of ours. */
async function orFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof Failure || errorCode(cause) === undefined) throw cause
    throw new Failure(errorMessage(cause), {
      advice: 'what was done before can stay: once this is put right, the same command finishes it',
      cause,
    })
  }
}

async function addTo(files: ConfigFiles, block: string): Promise<Outcome> {
  const { home, user, ours } = files
  const unfit = unfitForInclude(ours)
  if (unfit)
    throw new Failure(`ssh cannot include ${ours}: ${unfit}`, {
      advice: 'let XDG_CONFIG_HOME name another folder',
    })
  const present = await readUserFile(files)
  const before = asBytes(present?.content ?? '')
  if (hasByteOrderMark(before))
    throw new Failure(`${user} begins with a byte order mark, which ssh does not read`, {
      advice: 'save it as UTF-8 without one; until then ssh reads nothing of it',
    })
  const after = withInclude(before, ours, home)
  if (present && after !== before) await refuseUnwritable(files, present, howToAdd(ours))
  await checkUnderstood(block)
  const own = await readPresent(ours)
  const isOurs = own?.content.includes(madeByUs) && isIncluded(before, ours, home)
  const content = Buffer.from(present && !isOurs ? block : block + madeByUs)
  const said: string[] = []
  if (!own?.content.equals(content)) {
    await makeFolder(dirname(ours))
    await replaceFile(own?.path ?? ours, content, { mode: 0o644 })
    said.push(`wrote ${ours}`)
  }
  if (present && after === before)
    return { said: [...said, `${user} includes it already: nothing is changed there`] }
  if (present) said.push(`the file as it was: ${await backUp(present)}`)
  else await makeFolder(dirname(user))
  await replaceUserFile(files, present, after)
  return { said: [...said, `added to ${user}: ${includeLine(ours)}`] }
}

async function takeFrom(files: ConfigFiles): Promise<Outcome> {
  const { home, user, ours } = files
  const present = await readUserFile(files)
  const own = await readPresent(ours)
  const before = asBytes(present?.content ?? '')
  const after = withoutInclude(before)
  const said: string[] = []
  if (present && after !== before) {
    await refuseUnwritable(files, present, howToTakeOut(ours))
    if (after === '' && own?.content.includes(madeByUs)) await rm(present.path)
    else await replaceUserFile(files, present, after)
    said.push(`taken out of ${user}: ${includeLine(ours)}`)
  }
  if (isIncluded(after, ours, home))
    said.push(`${user} includes ${ours} in words of your own: they stay`)
  if (own) {
    await rm(ours)
    said.push(`removed ${ours}`)
    await rmdir(dirname(ours)).catch(() => {
      // Not empty: somebody else's files are in it.
    })
  }
  return { said: said.length > 0 ? said : ['it is not installed: nothing is changed'] }
}

async function readUserFile({ user }: ConfigFiles): Promise<PresentFile | undefined> {
  try {
    return await readPresent(user)
  } catch (cause) {
    throw new Failure(`cannot read ${user}: ${errorMessage(cause)}`, {
      advice: 'it is a link to nowhere, or not yours; nothing is changed',
      cause,
    })
  }
}

/** A file that something else writes: its next version would be as that has it. */
async function refuseUnwritable(
  { user }: ConfigFiles,
  file: PresentFile,
  advice: readonly string[],
): Promise<void> {
  const isBuilt = file.path.startsWith('/nix/store/')
  const reason = isBuilt ? 'home-manager or NixOS builds it' : await whyNot(file)
  if (reason === undefined) return
  const where = file.path === user ? user : `${user}, which is ${file.path},`
  // As far in as the first line, which follows the program's name.
  const margin = ' '.repeat('scanner: '.length)
  throw new Failure(`${where} cannot be changed: ${reason}`, {
    advice: advice.join(`\n${margin}`),
  })
}

function howToAdd(ours: string): string[] {
  return [
    'put this line at its top yourself, before any Host or Match, and run this again:',
    `  ${includeLine(ours)}`,
    'with home-manager:',
    `  programs.ssh.includes = [ ${JSON.stringify(ours)} ];`,
  ]
}

function howToTakeOut(ours: string): string[] {
  return ['take this line out where it comes from, and run this again:', `  ${includeLine(ours)}`]
}

async function whyNot(file: PresentFile): Promise<string | undefined> {
  try {
    await checkWritable(file)
  } catch (error) {
    return errorMessage(error)
  }
  return undefined
}

/** A block that this ssh does not understand would make it fail for every host: asked before it is included. */
async function checkUnderstood(block: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'scanner-'))
  try {
    const path = join(folder, includedName)
    await writeFile(path, block)
    const { status, stderr } = await runCommand('ssh', [
      '-T',
      '-G',
      '-F',
      path,
      `probe${aliasSuffix}`,
    ])
    if (status === 0) return
    throw new Failure(`this ssh does not understand the block: ${stderr.trim()}`, {
      advice: 'OpenSSH 8.5 or later is needed (ssh -V); nothing is changed',
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The content as it was, beside the file; one that holds it already is kept, one that holds another is not touched. */
async function backUp({ path, content, stats }: PresentFile): Promise<string> {
  for (let number = 0; ; number++) {
    const copy = `${path}.before-${includedFolder}${number === 0 ? '' : `.${number}`}`
    const present = await readPresent(copy)
    if (present?.content.equals(content)) return copy
    if (present) continue
    await replaceFile(copy, content, { mode: 0o600, like: stats })
    return copy
  }
}

async function replaceUserFile(
  files: ConfigFiles,
  present: PresentFile | undefined,
  text: string,
): Promise<void> {
  // An editor may have saved it meanwhile: what it wrote is not to be lost.
  const now = await readUserFile(files)
  const isSame = now && present ? now.content.equals(present.content) : now === present
  if (!isSame)
    throw new Failure(`${files.user} was changed by another program meanwhile`, {
      advice: 'try again',
    })
  const content = Buffer.from(text, 'latin1')
  await replaceFile(present?.path ?? files.user, content, { mode: 0o600, like: present?.stats })
}
