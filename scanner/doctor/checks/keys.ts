import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { explain } from '../../../common/failure.ts'
import type { Check } from '../check.ts'
import { isMissing } from '../doors/missing.ts'
import { askKeyAgent, readSshSettings } from '../doors/ssh.ts'
import { type Finding, fix } from '../finding.ts'
import { oneVisited } from './ssh.ts'

/** What ssh would log in with. */
export const keys: Check = {
  layer: 'login',
  async run(context, signal) {
    const machine = await oneVisited(context)
    try {
      const settings = await readSshSettings(machine?.target ?? 'installer', signal)
      return judgeKeys(await readKeys(settings, signal))
    } catch (error) {
      if (!isMissing(error)) throw error
      const reason = `the scanner's own ssh client is used: ${explain(error)}`
      return [{ level: 'warn', code: 'no-ssh', reason }]
    }
  },
}

/** What there is to log in with. */
export interface Keys {
  /** Key files that ssh would use, and who may read them. */
  files: readonly { path: string; isOpen: boolean }[]
  /** `none`: there is no agent to ask. */
  agent: 'keys' | 'empty' | 'gone' | 'none'
}

async function readKeys(
  settings: ReadonlyMap<string, string[]>,
  signal: AbortSignal,
): Promise<Keys> {
  const paths = (settings.get('identityfile') ?? []).map((path) =>
    path.replace(/^~(?=\/)/, homedir()),
  )
  const files = await Promise.all(paths.map(readKeyFile))
  const hasAgent = Boolean(process.env.SSH_AUTH_SOCK)
  const agent = hasAgent ? await askKeyAgent(signal).catch(() => 'none' as const) : 'none'
  return { files: files.flat(), agent }
}

/** Others than the owner may read it: ssh ignores such a key. */
const othersMask = 0o077

async function readKeyFile(path: string): Promise<Keys['files']> {
  const file = await stat(path).catch(() => undefined)
  return file?.isFile() ? [{ path, isOpen: (file.mode & othersMask) !== 0 }] : []
}

/** What is to be said of what there is to log in with. Pure. */
export function judgeKeys({ files, agent }: Keys): Finding[] {
  const wrong = [
    ...files.filter(({ isOpen }) => isOpen).map(({ path }) => openKey(path)),
    ...(agent === 'gone' ? [agentGone] : []),
    ...(files.length === 0 && agent !== 'keys' ? [noKey(agent)] : []),
  ]
  if (wrong.length > 0) return wrong
  const held = agent === 'keys' ? ['an agent with keys'] : []
  const all = [...files.map(({ path }) => path), ...held]
  return [{ level: 'ok', code: 'keys', reason: `to log in with there is ${all.join(', ')}` }]
}

function openKey(path: string): Finding {
  const reason = `others may read ${path}: ssh does not use it`
  return { level: 'warn', code: 'key-open', reason, fix: fix(['chmod', '600', path]) }
}

const agentGone: Finding = {
  level: 'warn',
  code: 'agent-gone',
  reason: 'SSH_AUTH_SOCK names an agent that does not answer: its keys are not used',
  fix: fix(['unset', 'SSH_AUTH_SOCK']),
}

function noKey(agent: Keys['agent']): Finding {
  const why = agent === 'empty' ? 'the agent is empty, and there is no key file' : 'there is no key'
  return {
    level: 'warn',
    code: 'no-key',
    reason: `${why} to log in with: a live ISO lets in by key only, unless a password was set at its console`,
    fix: agent === 'empty' ? fix(['ssh-add']) : fix(['ssh-keygen', '-t', 'ed25519']),
  }
}
