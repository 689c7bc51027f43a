import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { evaluate, nixFolder } from './judge.ts'
import { renderUnit, type Unit } from './render-unit.ts'

/**
 * Writes agent/unit/templates.ts, which `installer-agent unit` prints where there is no Nix:
 * `npm run build && node dist/test/nix/templates.js`. A test holds it against nix/.
 */
const file = join(nixFolder, '../agent/unit/templates.ts')

const head = `/**
 * The units of nix/ as text, for systems without Nix, with \`@...@\` for what differs from machine to
 * machine. Written by test/nix/templates.ts: change nix/, not this.
 */
export const templates = {
`

/** The texts by their names in the file. */
export async function renderTemplates(): Promise<Record<string, string>> {
  const programs = '["@programs@"]'
  const unit = async (strings: Record<string, string>) =>
    render((await evaluate('unit.nix', { exec: '@exec@', ...strings }, { programs })) as Unit)
  const current = await unit({ systemd: '254' })
  const certified = await unit({ systemd: '254', caKey: 'installer-agent.ca-key' })
  const issue = (await evaluate('issue-reload.nix', { agetty: '@agetty@' })) as Pair
  const reload = { systemctl: '@systemctl@', sshd: '@sshd@' }
  const certificate = (await evaluate('certificate-reload.nix', reload)) as Pair
  return {
    service: current,
    olderService: await unit({ systemd: '252' }),
    caKey: dropIn(current, certified),
    issuePath: render(issue.path),
    issueService: render(issue.service),
    certificatePath: render(certificate.path),
    certificateService: render(certificate.service),
  }
}

/** Nix sorts by name; people look for [Unit] first. */
function render({ Unit = {}, ...rest }: Unit): string {
  const { Install, ...middle } = rest
  return renderUnit({ Unit, ...middle, ...(Install && { Install }) })
}

interface Pair {
  path: Unit
  service: Unit
}

/** What has to be added to the one unit to get the other; throws when that does not do. */
function dropIn(from: string, to: string): string {
  const before = from.split('\n')
  const after = to.split('\n')
  if (!before.every((line) => after.includes(line))) throw new Error('more than additions')
  return ['[Service]', ...after.filter((line) => !before.includes(line)), ''].join('\n')
}

async function write(): Promise<void> {
  const texts = Object.entries(await renderTemplates())
  const members = texts.map(([name, text]) => `  ${name}: \`${text}\`,\n`)
  await writeFile(file, `${head}${members.join('')}}\n`)
}

if (process.argv[1] === import.meta.filename) await write()
