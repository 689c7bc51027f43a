/** What is remembered of a machine. */
export interface Remembered {
  /** Fingerprints `SHA256:...` of its host keys. */
  keys: readonly string[]
  /** First eight hex digits of the boot id at which they were remembered; empty when it told none. */
  boot: string
}

/** What the machine shows now, and what the user says of it. */
export interface Shown {
  /** Fingerprint of the key that its server proved to hold. */
  key: string
  boot: string
  /** Fingerprints in its announcement: a hint, which anybody on the link can forge. */
  announced: readonly string[]
  /** `--fingerprint`: read off the console. */
  pinned?: string | undefined
  /** `--accept-new-key`. */
  acceptNewKey?: boolean | undefined
  /** Other machines, which are remembered by the NAME that the user typed. */
  namesakes?: readonly Remembered[]
}

/**
 * - `known`: as remembered; `new`: first contact; `replaced`: another key, and the user vouches for it.
 * - Refused: `unpinned`, not the one that the user read off the console; `contradicted`, not one that
 *   the machine announces; `stranger`, first contact by a name under which another is remembered;
 *   `rebooted`, another key of another boot, as live media make them; `changed`, another key within
 *   one boot, which no machine makes by itself.
 */
export type Verdict =
  | 'known'
  | 'new'
  | 'replaced'
  | 'unpinned'
  | 'contradicted'
  | 'stranger'
  | 'rebooted'
  | 'changed'

/** Whether the machine is the one that is remembered. Pure. */
export function judge(remembered: Remembered | undefined, shown: Shown): Verdict {
  const { key, boot, announced, pinned, acceptNewKey = false, namesakes = [] } = shown
  if (pinned !== undefined && pinned !== key) return 'unpinned'
  if (pinned === undefined && announced.length > 0 && !announced.includes(key))
    return 'contradicted'
  if (!remembered || remembered.keys.length === 0)
    return pinned === undefined && isStranger(key, namesakes) ? 'stranger' : 'new'
  if (remembered.keys.includes(key)) return 'known'
  const [isTold, isSame] = [boot !== '' && remembered.boot !== '', boot === remembered.boot]
  if (pinned === key || (acceptNewKey && !(isTold && isSame))) return 'replaced'
  return isTold && !isSame ? 'rebooted' : 'changed'
}

/** A machine whose id has changed, as with another first card, still has its key. */
function isStranger(key: string, namesakes: readonly Remembered[]): boolean {
  return namesakes.length > 0 && !namesakes.some(({ keys }) => keys.includes(key))
}

export function isTrusted(verdict: Verdict): boolean {
  return verdict === 'known' || verdict === 'new' || verdict === 'replaced'
}
