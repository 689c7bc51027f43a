import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Test } from 'tap'
import type { CommandResult } from '../../common/command.ts'
import { type Namespace, runInside } from '../../scanner/demo/namespace.ts'
import { type Lab, runNode, scannerProgram } from './lab.ts'

/** What `scanner doctor --json` says on the operator's machine, and its fixes run as they stand. */

const schema = JSON.parse(readFileSync('docs/doctor.schema.json', 'utf8')) as object
const fitsSchema = new Ajv2020({ allErrors: true, strictTypes: false }).compile(schema)

export interface Said {
  layer: string
  level: 'ok' | 'warn' | 'fail'
  code: string
  interface: string | null
  machine: string | null
  reason: string
  fix: { command: string; where: 'here' | 'installer' } | null
}

export interface Diagnosis {
  status: number | null
  findings: Said[]
  /** Those that are not ok, each as `level code`, and `%link` where it is about one. */
  wrong: string[]
}

/** Runs the doctor, and holds its document against the schema. `as` are the words that run it as another user. */
export async function diagnose(
  t: Test,
  lab: Lab,
  args: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
  as: readonly string[] = [],
): Promise<Diagnosis> {
  const { operator, files } = lab
  const enter = [...operator.enter, ...as]
  const variables = { SSH_AUTH_SOCK: '', XDG_STATE_HOME: files.folder, ...environment }
  const words = ['doctor', '--json', ...args]
  const result = await runNode({ ...operator, enter }, scannerProgram, words, variables)
  return read(t, result)
}

function read(t: Test, { status, stdout, stderr }: CommandResult): Diagnosis {
  t.equal(stderr, '', 'nothing beside the document')
  const document = JSON.parse(stdout) as { healthy: boolean; findings: Said[] }
  t.ok(fitsSchema(document), JSON.stringify(fitsSchema.errors))
  const { findings, healthy } = document
  t.equal(status, healthy ? 0 : 1)
  t.equal(healthy, !findings.some(({ level }) => level === 'fail'))
  const wrong = findings
    .filter(({ level }) => level !== 'ok')
    .map(({ level, code, interface: link }) => `${level} ${code}${link ? `%${link}` : ''}`)
  return { status, findings, wrong }
}

export function findingOf({ findings }: Diagnosis, code: string, link?: string): Said {
  const found = findings.find(
    (each) => each.code === code && (link === undefined || each.interface === link),
  )
  if (!found) throw new Error(`no ${code} among ${findings.map((each) => each.code).join(' ')}`)
  return found
}

/** Pastes the command that mends it into a shell. */
export function mend(said: Said, { operator }: Pick<Lab, 'operator'>, installer?: Namespace) {
  const place = said.fix?.where === 'installer' ? installer : operator
  if (!place) throw new Error('no machine to mend')
  return runInside(place, 'sh', ['-c', `sudo() { "$@"; }; ${said.fix?.command ?? 'false'}`])
}
