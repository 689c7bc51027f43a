import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type ExitStatus, exitStatus } from '../../common/contract.ts'
import { errorCode, errorMessage, Failure } from '../../common/failure.ts'
import { makeKeyPair } from '../../common/ssh-keygen.ts'
import type { Console } from '../options.ts'
import { knownHostsFile, makeFolder, stateFolder } from '../ssh/known-hosts.ts'
import {
  type Authority,
  authorities,
  distrusting,
  fingerprintOf,
  publicLine,
  readAuthority,
  trusting,
} from '../trust/authorities.ts'
import { editKnownHosts, readKnownHosts } from '../trust/known-hosts-file.ts'

/** The name of the private half in its folder. */
const keyName = 'installer_ca'
/** Where the agent's unit looks for the private half on the ISO (nix/unit.nix). */
const credential = '/etc/credstore/installer-agent.ca-key'

export function defaultFolder(): string {
  return join(stateFolder(), 'ca')
}

/** `scanner trust ca init`: makes an authority and trusts it here; prints its public half. */
export async function init(folder: string, console_: Console): Promise<ExitStatus> {
  const path = join(resolve(folder), keyName)
  await refuseToOverwrite(path)
  await makeFolder(resolve(folder)).catch((cause: unknown) => {
    throw new Failure(`cannot make ${folder}: ${errorMessage(cause)}`, {
      advice: 'name a folder that you may write to: --folder DIR',
      cause,
    })
  })
  await makeKeyPair(path, 'installer-ca')
  const authority = await readPublicHalf(`${path}.pub`)
  await trust(authority)
  process.stdout.write(`${publicLine(authority)}\n`)
  for (const line of nextSteps(path, authority)) console_.say(line)
  return exitStatus.done
}

/** ssh-keygen asks before it overwrites a private half, but not for a public one. */
async function refuseToOverwrite(path: string): Promise<void> {
  for (const half of [path, `${path}.pub`]) {
    const isThere = await readFile(half).then(
      () => true,
      (error: unknown) => errorCode(error) !== 'ENOENT',
    )
    if (isThere)
      throw new Failure(`${half} is there already, and is not overwritten`, {
        advice: `'scanner trust ca add ${path}.pub' trusts it, --folder DIR makes another elsewhere`,
      })
  }
}

function nextSteps(path: string, authority: Authority): string[] {
  return [
    `scanner: made the certificate authority ${fingerprintOf(authority)}`,
    `  private half: ${path}`,
    `    put it on the ISO as ${credential}, readable by root only;`,
    '    without our unit: installer-agent run --ca-key FILE, and HostCertificate in sshd_config',
    '    who has it can pass for any installer: keep it out of repositories and of /nix/store',
    `  public half: ${path}.pub, for other operators: scanner trust ca add installer_ca.pub`,
    '  trusted here from now on: an installer without its certificate is refused, unless its key is known',
    "    ('scanner trust ca remove' undoes that)",
    '  what it protects against, and what not: docs/certificate-authority.md',
  ]
}

/** `scanner trust ca add FILE.pub`: trusts an authority that was made elsewhere. */
export async function add(path: string, console_: Console): Promise<ExitStatus> {
  const authority = await readPublicHalf(path)
  await trust(authority)
  console_.say(`scanner: installers with a certificate of ${fingerprintOf(authority)} are trusted`)
  return exitStatus.done
}

/** `scanner trust ca show`: the public halves that are trusted, and their fingerprints. */
export async function show(console_: Console): Promise<ExitStatus> {
  for (const authority of await trusted()) {
    process.stdout.write(`${publicLine(authority)}\n`)
    console_.say(fingerprintOf(authority))
  }
  return exitStatus.done
}

/** `scanner trust ca remove [FINGERPRINT]`: trusts it no longer; its files stay. */
export async function remove(
  fingerprint: string | undefined,
  console_: Console,
): Promise<ExitStatus> {
  const all = await trusted()
  const keys = new Map(all.map((each) => [fingerprintOf(each), each]))
  const [only] = keys.size === 1 ? keys.keys() : []
  const meant = fingerprint ?? only
  if (meant === undefined)
    throw new Failure(`${keys.size} certificate authorities are trusted: name one`, {
      exitStatus: exitStatus.ambiguous,
      advice: [...keys.keys()].join('\n         '),
    })
  const authority = keys.get(meant)
  if (authority === undefined)
    throw new Failure(`no certificate authority ${meant} is trusted`, {
      exitStatus: exitStatus.nothingFound,
      advice: "'scanner trust ca show' lists those that are",
    })
  await editKnownHosts(await knownHostsFile(), (lines) => distrusting(lines, authority))
  console_.say(`scanner: certificates of ${meant} are trusted no longer`)
  return exitStatus.done
}

async function trusted(): Promise<Authority[]> {
  const found = authorities(await readKnownHosts(await knownHostsFile()))
  if (found.length > 0) return found
  throw new Failure('no certificate authority is trusted', {
    exitStatus: exitStatus.nothingFound,
    advice: "'scanner trust ca init' makes one, 'scanner trust ca add FILE.pub' trusts another's",
  })
}

async function trust(authority: Authority): Promise<void> {
  await editKnownHosts(await knownHostsFile(), (lines) => trusting(lines, authority))
}

async function readPublicHalf(path: string): Promise<Authority> {
  const text = await readFile(path, 'latin1').catch((cause: unknown) => {
    throw new Failure(`cannot read ${path}: ${errorMessage(cause)}`, {
      advice: 'name the public half of a certificate authority, FILE.pub',
      cause,
    })
  })
  return readAuthority(text, path)
}
