import { exitStatus } from '../../common/contract.ts'
import { Failure } from '../../common/failure.ts'
import { randomart } from '../../common/randomart.ts'
import { hostKeyAlias } from '../ssh/known-hosts.ts'
import type { Remembered, Shown, Verdict } from './judge.ts'

/** How people call a machine: its name, and the id that it is remembered by. */
export interface Named {
  name: string | null
  id: string
}

const compare = 'compare the fingerprint with the console of the machine (installer-agent issue)'

/** Why a machine is refused, and what to do: status 5. */
export function refusal(
  verdict: Verdict,
  machine: Named,
  { key, announced, pinned, boot, namesakes = [] }: Shown,
  remembered: Remembered | undefined,
): Failure {
  const who = machine.name ?? machine.id
  const before = remembered?.keys.join(', ') ?? 'none'
  const reasons: Partial<Record<Verdict, [message: string, advice: string]>> = {
    unpinned: [
      `${who} shows the host key ${key}, and not ${pinned}`,
      'another machine answers there, or the fingerprint is of another boot: read it off the console again',
    ],
    contradicted: [
      `${who} shows the host key ${key}, but announces ${announced.join(', ')}`,
      `another machine answers in its place, or announces in its name; ${compare}, then: --fingerprint SHA256:...`,
    ],
    stranger: [
      `${who} is not the machine that was remembered by this name: it shows the host key ${key}, remembered is ${namesakes.flatMap(({ keys }) => keys).join(', ')}`,
      `another machine has its name or address now; ${compare}, then name it by its id: ${machine.id}`,
    ],
    rebooted: [
      `${who} has another host key than at its last boot: ${key}, remembered is ${before}`,
      `live media make new keys at each boot, and this is boot ${boot} after ${remembered?.boot}; ${compare}, then: --accept-new-key`,
    ],
    changed: [
      `${who} has another host key than before, and has not told of another boot: ${key}, remembered is ${before}`,
      `another machine may have taken its place; ${compare}, then: --fingerprint SHA256:..., or 'scanner trust forget ${machine.id}'`,
    ],
  }
  const [message = `${who} is not trusted`, advice = compare] = reasons[verdict] ?? []
  return new Failure(message, { exitStatus: exitStatus.identityMismatch, advice })
}

/** What is said of a key that is remembered from now on. */
export function introduction(
  verdict: 'new' | 'replaced',
  { name, id }: Named,
  fingerprint: string,
  type: string,
  withPicture: boolean,
): string[] {
  const what = verdict === 'new' ? 'first contact with' : 'a new key of'
  return [
    `scanner: ${what} ${name ?? id} (${hostKeyAlias(id)}), host key ${fingerprint}`,
    ...(withPicture ? keyPicture(type, fingerprint) : []),
    '  compare with the console; it is remembered from now on',
  ]
}

/** The picture that ssh and the console show of an ed25519 key; none of another, whose size is not known. */
export function keyPicture(type: string, fingerprint: string): string[] {
  if (type !== 'ssh-ed25519') return []
  return randomart('ED25519 256', Buffer.from(fingerprint.replace(/^SHA256:/, ''), 'base64'))
}
