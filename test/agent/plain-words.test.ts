import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { readCommandLine } from '../../agent/command-line.ts'
import { type Arguments, checkOptions } from '../../agent/option-checks.ts'
import { readPlainly } from '../../agent/plain-words.ts'
import { Failure } from '../../common/failure.ts'

const file = join(t.testdir(), 'config.json')

t.test('a unit is read without yargs', (t) => {
  const variables = { INSTALLER_AGENT_ISSUE_FILE: '/run/installer-agent/issue', HOME: '/root' }
  t.match(readPlainly(['run', '--hostname', 'x', '--no-mdns'], variables), {
    hostname: 'x',
    noMdns: true,
    issueFile: '/run/installer-agent/issue',
    sshPort: 22,
  })
  t.end()
})

t.test('words before environment before file', (t) => {
  writeFileSync(file, JSON.stringify({ 'ssh-port': 1, user: 'file', hostname: 'file' }))
  const variables = { INSTALLER_AGENT_USER: 'variable', INSTALLER_AGENT_HOSTNAME: 'variable' }
  t.match(readPlainly(['--hostname', 'word', '--config', file], variables), {
    sshPort: 1,
    user: 'variable',
    hostname: 'word',
  })
  t.end()
})

t.test('what is anything else is left to yargs', (t) => {
  const lines = [
    ['status'],
    ['--help'],
    ['run', 'more'],
    ['--hostname'],
    ['--hostname', '--user'],
    ['--hostname', 'a', '--hostname', 'b'],
    ['--hostname=a'],
    ['--user', '"quoted"'],
    ['--ssh-port', '0x16'],
    ['--log-level', 'loud'],
    ['--no-mdns', 'false'],
    ['--mdns'],
    ['-h'],
  ]
  for (const line of lines) t.equal(readPlainly(line, {}), undefined, line.join(' '))
  const environments = [{ UNKNOWN: 'x' }, { USER: '' }, { NO_MDNS: 'yes' }, { SSH_PORT: 'a' }]
  for (const variables of environments) {
    const set = Object.entries(variables).map(([name, value]) => [`INSTALLER_AGENT_${name}`, value])
    t.equal(readPlainly([], Object.fromEntries(set)), undefined, JSON.stringify(variables))
  }
  for (const content of ['null', '{"unknown":1}', '{"user":7}', '{"no-mdns":"true"}']) {
    writeFileSync(file, content)
    t.equal(readPlainly(['--config', file], {}), undefined, content)
  }
  t.throws(() => readPlainly(['--config', '/nonexistent/c'], {}), Failure)
  t.end()
})

/** What yargs makes of the same; undefined for wrong usage. */
async function readByYargs(words: readonly string[], variables: Record<string, string>) {
  let args: Arguments | undefined
  Object.assign(process.env, variables)
  try {
    await readCommandLine(words, async (read) => {
      args = read
    })
    return args && checkOptions(args)
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name]
  }
}

const text = fc.constantFrom('a', 'NixOS', '/run/x', 'none', 'e*', 'eno1,eth0', '7', 'fe80::47')
const level = fc.constantFrom('info', 'debug')
const port = fc.integer({ min: 1, max: 65535 })
const texts = { user: text, 'ca-key': text, flake: text, config: fc.constant(file) }
const words = fc.record({ ...texts, 'log-level': level, 'ssh-port': port }, { requiredKeys: [] })
const flags = fc.subarray(['--no-mdns', '--no-addresses'])
const interfaces = fc.array(text, { maxLength: 3 })
const variables = fc.record(
  { HOSTNAME: text, SSH_PORT: port.map(String), INTERFACE: text, NO_MDNS: fc.constant('true') },
  { requiredKeys: [] },
)
const content = fc.record(
  { 'issue-file': text, sshPort: port, interface: fc.array(text, { minLength: 2 }), user: text },
  { requiredKeys: [] },
)

t.test('it is read as yargs reads it', async () => {
  const property = fc.asyncProperty(
    ...([words, flags, interfaces, variables, content] as const),
    async (words, flags, interfaces, variables, content) => {
      writeFileSync(file, JSON.stringify(content))
      const named = Object.entries(words).flatMap(([name, value]) => [`--${name}`, `${value}`])
      const line = [...named, ...flags, ...interfaces.flatMap((each) => ['--interface', each])]
      const set = Object.entries(variables).map(([name, value]) => [
        `INSTALLER_AGENT_${name}`,
        value,
      ])
      const environment = Object.fromEntries(set) as Record<string, string>
      const plain = readPlainly(line, environment)
      const outcome = await attempt(() => readByYargs(line, environment))
      const ours = plain && (await attempt(async () => checkOptions(plain)))
      if (JSON.stringify(ours) !== JSON.stringify(outcome))
        throw new Error(`${JSON.stringify(ours)} for ${JSON.stringify(outcome)}`)
    },
  )
  await fc.assert(property, { numRuns: 60 })
})

/** What it gives, or the complaint. */
async function attempt(action: () => Promise<unknown>): Promise<unknown> {
  try {
    return await action()
  } catch (error) {
    return error instanceof Failure ? error.message : String(error)
  }
}
