import { isIPv4, splitZone } from '../../common/address.ts'
import type { Machine } from '../machine.ts'
import { aliasSuffix } from './alias.ts'

/** The tools for which `scanner target` knows the form of an address. */
export const tools = [
  'ssh',
  'scp',
  'rsync',
  'nix',
  'deploy-rs',
  'nixos-anywhere',
  'ansible',
  'url',
] as const
export type Tool = (typeof tools)[number]

/** A machine as one tool takes it. */
export interface ToolTarget {
  /** One line for stdout. */
  text: string
  /** Whether it means something only with the block of `scanner ssh-config`. */
  isAlias: boolean
  /** What the form cannot say, for people; undefined when nothing is left out. */
  hint?: string
}

/** What is reached: the machine's user and port, and the address to dial. */
interface Destination {
  machine: Machine
  address: string
  zone: string | undefined
}

/** How `nix --version` numbers itself. */
export type NixVersion = readonly [major: number, minor: number, patch: number]

/**
 * The machine in the form that the tool takes: an address, or an alias where no address does.
 * `dialled` has its zone. `nix` is the version that will read it, undefined when there is none.
 */
export function toolTarget(
  machine: Machine,
  dialled: string,
  tool: Tool,
  nix: NixVersion | undefined,
): ToolTarget {
  const { address, zone } = splitZone(dialled)
  const destination = { machine, address, zone }
  // A link may be called nearly anything; what a shell, an inventory or a URL reads otherwise goes by alias.
  if (zone !== undefined && !/^[\w.-]+$/.test(zone) && tool !== 'url')
    return alias(tool, destination)
  return forms[tool](destination, nix)
}

type Form = (destination: Destination, nix: NixVersion | undefined) => ToolTarget

const forms: Record<Tool, Form> = {
  ssh: (to) => plain(`${portOption('-p', to)}${to.machine.user}@${withZone(to)}`),
  scp: (to) => plain(`${portOption('-P', to)}${to.machine.user}@${bracketed(to)}`),
  rsync: (to) => hinted('rsync', to, plain(`${to.machine.user}@${bracketed(to)}`)),
  nix: nixTarget,
  'deploy-rs': (to) => alias('deploy-rs', to),
  'nixos-anywhere': (to) => alias('nixos-anywhere', to),
  ansible: (to) => plain(inventoryLine(to)),
  url: (to) => plain(`ssh://${to.machine.user}@${urlHost(to)}:${to.machine.port}`),
}

function plain(text: string): ToolTarget {
  return { text, isAlias: false }
}

/**
 * By its id a machine is never mistaken for another. deploy-rs puts one name into an ssh command and
 * a store URL, nixos-anywhere into an ssh command and NIX_SSHOPTS: an address fits one of the two only.
 */
function alias(tool: Tool, to: Destination): ToolTarget {
  // deploy-rs has the user in its configuration (`sshUser`), ansible in its inventory.
  const user = tool === 'deploy-rs' || tool === 'ansible' ? '' : `${to.machine.user}@`
  const scheme = tool === 'nix' ? 'ssh-ng://' : ''
  return hinted(tool, to, {
    text: `${scheme}${user}${to.machine.id}${aliasSuffix}`,
    isAlias: true,
  })
}

const usualPort = 22

/** Where each tool is told the port of a name. */
const portHints: Partial<Record<Tool, (port: number) => string>> = {
  ssh: (port) => `-p ${port}`,
  scp: (port) => `-P ${port}`,
  rsync: (port) => `-e 'ssh -p ${port}'`,
  nix: (port) => `NIX_SSHOPTS='-p ${port}' to the environment`,
  'deploy-rs': (port) => `--ssh-opts '-p ${port}'`,
  'nixos-anywhere': (port) => `--ssh-port ${port}`,
  ansible: (port) => `-e ansible_port=${port}`,
}

/** Says where the port goes, for a form that has no place for it. */
function hinted(tool: Tool, { machine: { port } }: Destination, target: ToolTarget): ToolTarget {
  const say = portHints[tool]
  if (port === usualPort || say === undefined) return target
  return { ...target, hint: `its ssh server is on port ${port}: add ${say(port)}` }
}

function portOption(letter: string, { machine }: Destination): string {
  return machine.port === usualPort ? '' : `${letter} ${machine.port} `
}

function withZone({ address, zone }: Destination): string {
  return zone === undefined ? address : `${address}%${zone}`
}

/** scp and rsync take what follows the first colon for a path, but in brackets. */
function bracketed(to: Destination): string {
  return isIPv4(to.address) ? to.address : `[${withZone(to)}]`
}

/** A percent sign in a URL is written %25 (RFC 6874 section 2). */
function urlHost({ address, zone }: Destination): string {
  if (isIPv4(address)) return address
  return zone === undefined ? `[${address}]` : `[${address}%25${encodeZone(zone)}]`
}

/** Unreserved characters stay (RFC 3986 section 2.3); encodeURIComponent leaves some more. */
function encodeZone(zone: string): string {
  const encode = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  return encodeURIComponent(zone).replace(/[!*'()]/g, encode)
}

/** A line of an inventory in INI form: a name, and how to get there. */
function inventoryLine(to: Destination): string {
  const { machine } = to
  const settings = [
    `ansible_host=${withZone(to)}`,
    `ansible_user=${machine.user}`,
    ...(machine.port === usualPort ? [] : [`ansible_port=${machine.port}`]),
  ]
  return [machine.name ?? machine.id, ...settings].join(' ')
}

/**
 * A store URL. What nix takes for a zone has changed: from 2.4 to 2.30 letters, digits and underscores
 * after a bare percent sign, since 2.31 the form of RFC 6874; an alias is right in all.
 */
function nixTarget(to: Destination, nix: NixVersion | undefined): ToolTarget {
  const host = nix && nixHost(to, nix)
  if (host === undefined) return alias('nix', to)
  return hinted('nix', to, plain(`ssh-ng://${to.machine.user}@${host}`))
}

function nixHost(to: Destination, [major, minor]: NixVersion): string | undefined {
  if (to.zone === undefined) return urlHost(to)
  if (major !== 2 || minor < 4) return undefined
  if (minor >= 31) return urlHost(to)
  return /^\w+$/.test(to.zone) ? bracketed(to) : undefined
}

/** Reads what `nix --version` says; undefined for anything but Nix itself (Lix numbers itself otherwise). */
export function parseNixVersion(said: string): NixVersion | undefined {
  const found = /^nix \((?:Nix|Determinate Nix [\d.]+)\) (\d+)\.(\d+)(?:\.(\d+))?/.exec(said)
  return found ? [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)] : undefined
}
