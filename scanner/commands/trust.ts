import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { type ExitStatus, exitStatus } from '../../common/contract.ts'
import { errorMessage, Failure } from '../../common/failure.ts'
import type { Console } from '../options.ts'
import { checkName, usageFailure } from '../options.ts'
import { hostKeyAlias, knownHostsFile } from '../ssh/known-hosts.ts'
import { remember } from '../trust/establish.ts'
import { keyPicture } from '../trust/explain.ts'
import { editKnownHosts, readKnownHosts } from '../trust/known-hosts-file.ts'
import { keyType } from '../trust/known-hosts-lines.ts'
import { fitting, forgetting, idIn, type KnownMachine, knownMachines } from '../trust/machines.ts'

/** `scanner trust list`: the remembered machines, a line a key; status 3 when there is none. */
export async function list(json: boolean, console_: Console): Promise<ExitStatus> {
  const machines = knownMachines(await readKnownHosts(await knownHostsFile()))
  if (json) process.stdout.write(`${JSON.stringify({ version: 1, machines })}\n`)
  else
    for (const { id, name, since, keys } of machines)
      for (const { type, fingerprint } of keys)
        process.stdout.write(`${name ?? '-'}  ${id}  ${since ?? '-'}  ${type}  ${fingerprint}\n`)
  if (machines.length > 0) return exitStatus.done
  console_.say("scanner: no machine is remembered; 'scanner ssh NAME' remembers the first key")
  return exitStatus.nothingFound
}

/** `scanner trust show NAME`: its keys, as ssh-keygen -lv shows them. */
export async function show(name: string): Promise<ExitStatus> {
  const machines = knownMachines(await readKnownHosts(await knownHostsFile()))
  const machine = only(machines, name)
  process.stdout.write(`${machine.name ?? '-'} (${hostKeyAlias(machine.id)})\n`)
  for (const { type, fingerprint } of machine.keys)
    process.stdout.write(
      `${[`${type} ${fingerprint}`, ...keyPicture(type, fingerprint)].join('\n')}\n`,
    )
  return exitStatus.done
}

/** `scanner trust forget NAME`, or all: their next key is a first contact. */
export async function forget(
  { name, all }: { name?: string | undefined; all: boolean },
  console_: Console,
): Promise<ExitStatus> {
  if ((name === undefined) !== all)
    throw usageFailure('name a machine, or say --all', "'scanner trust list' lists them")
  const knownHosts = await knownHostsFile()
  const machines = knownMachines(await readKnownHosts(knownHosts))
  const gone = name === undefined ? machines : [only(machines, name)]
  await editKnownHosts(knownHosts, (lines) =>
    gone.reduce((kept, { id }) => forgetting(kept, id), lines),
  )
  for (const each of gone) console_.say(`scanner: ${each.name ?? each.id} is forgotten`)
  return exitStatus.done
}

/**
 * `scanner trust import NAME FILE`: public host keys that came another way, such as a copy of
 * `/etc/ssh/ssh_host_*_key.pub` or the output of ssh-keyscan, are all that is known of NAME.
 */
export async function importKeys(
  name: string,
  path: string,
  console_: Console,
): Promise<ExitStatus> {
  const text = path === '-' ? await readAll(process.stdin) : await readKeyFile(path)
  const keys = hostKeysIn(text)
  if (keys.length === 0)
    throw new Failure(`expected public host keys in ${path}, found none`, {
      advice: 'for example a copy of /etc/ssh/ssh_host_ed25519_key.pub, or what ssh-keyscan prints',
    })
  const knownHosts = await knownHostsFile()
  const machines = knownMachines(await readKnownHosts(knownHosts))
  const id = idIn(name) ?? only(machines, name).id
  const known = machines.find((each) => each.id === id)
  await remember({ id, name: known?.name ?? null, boot: '' }, keys, knownHosts)
  const count = keys.length === 1 ? '1 host key' : `${keys.length} host keys`
  console_.say(`scanner: ${hostKeyAlias(id)} is known by ${count}`)
  return exitStatus.done
}

async function readKeyFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new Failure(`cannot read ${path}: ${errorMessage(cause)}`, { cause })
  }
}

/** Public keys in base64, with a host name in front or without; what is no key is passed over. */
export function hostKeysIn(text: string): string[] {
  const keys = text.split('\n').flatMap((line) => {
    const words = line.startsWith('#') ? [] : line.trim().split(/\s+/)
    return words.filter((word, at) => at > 0 && keyType(word) === words[at - 1])
  })
  return [...new Set(keys)]
}

/** The remembered machine of a name, an id, a MAC or the end of one; one only. */
export function only(machines: readonly KnownMachine[], name: string): KnownMachine {
  checkName(name)
  const found = fitting(machines, name)
  const [machine, ...others] = found
  if (machine && others.length === 0) return machine
  const listed = found.map((each) => `${each.name ?? '-'} ${each.id}`).join('\n')
  if (machine)
    throw new Failure(`'${name}' fits ${found.length} remembered machines\n${listed}`, {
      exitStatus: exitStatus.ambiguous,
      advice: 'name one by its id',
    })
  throw new Failure(`no remembered machine fits '${name}'`, {
    exitStatus: exitStatus.nothingFound,
    advice: "'scanner trust list' lists them",
  })
}
