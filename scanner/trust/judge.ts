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
}

/**
 * - `known`: as remembered; `new`: first contact; `replaced`: another key, and the user vouches for it.
 * - Refused: `unpinned`, not the one that the user read off the console; `contradicted`, not one that
 *   the machine announces; `rebooted`, another key of another boot, as live media make them;
 *   `changed`, another key within one boot, which no machine makes by itself.
 */
export type Verdict =
  | 'known'
  | 'new'
  | 'replaced'
  | 'unpinned'
  | 'contradicted'
  | 'rebooted'
  | 'changed'

/** Whether the machine is the one that is remembered. Pure. */
export function judge(remembered: Remembered | undefined, shown: Shown): Verdict {
  const { key, boot, announced, pinned, acceptNewKey = false } = shown
  if (pinned !== undefined && pinned !== key) return 'unpinned'
  if (pinned === undefined && announced.length > 0 && !announced.includes(key))
    return 'contradicted'
  if (!remembered || remembered.keys.length === 0) return 'new'
  if (remembered.keys.includes(key)) return 'known'
  if (pinned === key || acceptNewKey) return 'replaced'
  const isOtherBoot = boot !== '' && remembered.boot !== '' && boot !== remembered.boot
  return isOtherBoot ? 'rebooted' : 'changed'
}

export function isTrusted(verdict: Verdict): boolean {
  return verdict === 'known' || verdict === 'new' || verdict === 'replaced'
}
