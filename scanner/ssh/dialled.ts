import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Machine } from '../machine.ts'
import { makeFolder, stateFolder } from './known-hosts.ts'

/**
 * Whom a running `scanner proxy` has dialled, for whoever checks the host key in the same ssh: a file
 * named by the process id of that ssh, which is the parent of both.
 */
export interface Dialled {
  name: string | null
  id: string
  /** First eight hex digits of the boot id; null for a machine without our agent. */
  boot: string | null
  /** Fingerprints of the host keys that the machine announces. */
  announced: string[]
}

/** Our folder for what ends with the session (XDG base directory specification), else that for what stays. */
export function runtimeFolder(environment: NodeJS.ProcessEnv): string {
  const { XDG_RUNTIME_DIR: folder } = environment
  return folder?.startsWith('/') ? join(folder, 'installer-discovery') : stateFolder(environment)
}

function fileOf(parent: number, environment: NodeJS.ProcessEnv): string {
  return join(runtimeFolder(environment), `dialled-${parent}.json`)
}

/**
 * Writes down whom this process has dialled, until it ends; readable by the user only. Throws where
 * it cannot be written.
 */
export async function noteDialled(
  machine: Machine,
  parent = process.ppid,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const { name, id, agent, announcedKeys: announced } = machine
  const dialled: Dialled = { name, id, boot: agent?.boot ?? null, announced }
  await makeFolder(runtimeFolder(environment))
  const file = fileOf(parent, environment)
  const draft = `${file}.${process.pid}`
  process.once('exit', () => forget(file, draft))
  writeFileSync(draft, JSON.stringify({ ...dialled, proxy: process.pid }), { mode: 0o600 })
  renameSync(draft, file)
}

function forget(file: string, draft: string): void {
  rmSync(draft, { force: true })
  if (noteIn(file)?.proxy === process.pid) rmSync(file, { force: true })
}

/** Whom the `scanner proxy` of a parent has dialled; undefined when none that is running has said so. */
export function readDialled(
  parent: number,
  environment: NodeJS.ProcessEnv = process.env,
): Dialled | undefined {
  const note = noteIn(fileOf(parent, environment))
  // A proxy that was killed leaves its note; another ssh may get the number of its parent.
  if (!note || !isRunning(note.proxy)) return undefined
  const { proxy: _, ...dialled } = note
  return dialled
}

type Note = Dialled & { proxy: number }

function noteIn(file: string): Note | undefined {
  try {
    const note: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return isNote(note) ? note : undefined
  } catch {
    return undefined
  }
}

function isNote(value: unknown): value is Note {
  if (typeof value !== 'object' || value === null) return false
  const { name, id, boot, announced, proxy } = value as Record<string, unknown>
  return (
    (name === null || typeof name === 'string') &&
    typeof id === 'string' &&
    (boot === null || typeof boot === 'string') &&
    Array.isArray(announced) &&
    announced.every((each) => typeof each === 'string') &&
    Number.isInteger(proxy)
  )
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
