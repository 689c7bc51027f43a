import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2, { type AuthContext, type Connection } from 'ssh2'
import t, { type Test } from 'tap'
import { keyFingerprint } from '../../../../common/advertisement.ts'
import { Identities } from '../../../../scanner/ssh/built-in/identities.ts'
import { logIn, type Meeting } from '../../../../scanner/ssh/built-in/log-in.ts'
import { fakeHostKey } from '../../../fakes/host-key.ts'

const hostKey = fakeHostKey()
const parsed = ssh2.utils.parseKey(hostKey.public)
if (parsed instanceof Error) throw parsed
const fingerprint = keyFingerprint(parsed.getPublicSSH())

/** A server of ssh2's, and what somebody who is asked says there. */
async function meet(
  t: Test,
  authenticate: (attempt: AuthContext) => void,
  answers: readonly (string | undefined)[] | undefined,
  keys = [fingerprint],
) {
  const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (connection: Connection) => {
    connection.on('error', () => {})
    connection.on('authentication', authenticate)
  })
  // There may be no loopback interface where tests run; a Unix socket needs none.
  const folder = await mkdtemp(join(tmpdir(), 'log-in-'))
  t.teardown(() => rm(folder, { recursive: true }))
  server.listen(join(folder, 'socket'))
  await once(server, 'listening')
  t.teardown(() => void server.close())
  const left = [...(answers ?? [])]
  const asked: string[] = []
  const learned: Buffer[] = []
  const said: string[] = []
  const { signal } = new AbortController()
  const ask = async (question: string, { echo }: { echo: boolean }) => {
    asked.push(`${question}${echo ? ' (echo)' : ''}`)
    return left.shift()
  }
  const say = (sentence: string) => void said.push(sentence)
  const common = { ask: answers ? ask : undefined, say, signal }
  const nobody = { files: [], areNamed: false, only: false, agent: undefined }
  const meeting: Meeting = {
    ...common,
    user: 'nixos',
    host: '127.0.0.1',
    identities: new Identities({ ...nobody, ...common }),
    machine: { id: '525400fffe123456', name: 'NixOS' },
    held: { keys, revoked: [], types: [], learns: keys.length === 0 },
    learn: async (key) => void learned.push(key),
    debug: undefined,
  }
  const result = logIn(connect(join(folder, 'socket')), meeting)
  return { result, asked, said, learned }
}

t.test('the questions of a server are put, and asked again', async (t) => {
  const authenticate = (attempt: AuthContext) => {
    const way = 'keyboard-interactive' as const
    if (attempt.method !== way) return attempt.reject([way])
    const prompts = [
      { prompt: 'Password: ', echo: false },
      { prompt: 'Token: ', echo: true },
    ]
    attempt.prompt(prompts, 'Login', 'to \x1b[2Jthis', (answers) =>
      answers.join() === 'right,1' ? attempt.accept() : attempt.reject([way]),
    )
  }
  const { result, asked, said, learned } = await meet(t, authenticate, ['x', '1', 'right', '1'])
  const client = await result
  t.type(client, ssh2.Client)
  if (typeof client !== 'string') client.end()
  const both = ['(nixos@127.0.0.1) Password: ', '(nixos@127.0.0.1) Token:  (echo)']
  t.same(asked, [...both, ...both])
  t.same(said.slice(0, 2), ['Login', 'to ?[2Jthis'])
  t.equal(learned.length, 1, 'the key, once')
})

t.test('passwords are asked for three times', async (t) => {
  const seen: string[] = []
  const authenticate = (attempt: AuthContext) => {
    if (attempt.method === 'password') seen.push(attempt.password)
    attempt.reject(['password'])
  }
  const { result, asked, said } = await meet(t, authenticate, ['a', 'b', 'c', 'd'])
  t.equal(await result, 'nixos@127.0.0.1: Permission denied (password).')
  t.same(seen, ['a', 'b', 'c'])
  t.equal(asked.length, 3)
  t.same(said.slice(0, 2), Array(2).fill('Permission denied, please try again.'))
})

t.test('nobody is asked where nothing may be, or who has said no', async (t) => {
  const seen: string[] = []
  const authenticate = (attempt: AuthContext) => {
    seen.push(attempt.method)
    attempt.reject(['password', 'keyboard-interactive'])
  }
  const batch = await meet(t, authenticate, undefined)
  t.match(await batch.result, /Permission denied \(password,keyboard-interactive\)/)
  t.same(seen, ['none'])
})

t.test('none, for an account with an empty password', async (t) => {
  const { result } = await meet(t, (attempt) => attempt.accept(), undefined)
  const client = await result
  t.type(client, ssh2.Client)
  if (typeof client !== 'string') client.end()
})

t.test('another server learns nothing: not even who would log in', async (t) => {
  const seen: string[] = []
  const authenticate = (attempt: AuthContext) => {
    seen.push(attempt.method)
    attempt.accept()
  }
  const { result, learned } = await meet(t, authenticate, ['secret'], ['SHA256:other'])
  await t.rejects(result, { message: /Host key verification failed/, exitStatus: 5 })
  t.same(seen, [])
  t.same(learned, [])
})

t.test('a first key is remembered before anything is said', async (t) => {
  const order: string[] = []
  const authenticate = (attempt: AuthContext) => {
    order.push('authentication')
    attempt.accept()
  }
  const { result, learned } = await meet(t, authenticate, undefined, [])
  const client = await result
  if (typeof client !== 'string') client.end()
  t.equal(learned.map(keyFingerprint).join(), fingerprint)
})
