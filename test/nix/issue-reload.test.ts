import t from 'tap'
import { evaluate, exposure, skipWithout, verify } from './judge.ts'
import type { Unit } from './render-unit.ts'

const needed = ['nix-instantiate', 'systemd-analyze'] as const
/** It runs as root, for the sake of one file; all else is taken from it. */
const maxExposure = 1.5

const load = async (agetty: string) =>
  (await evaluate('issue-reload.nix', { agetty })) as { path: Unit; service: Unit }

t.test(
  'systemd takes the units that ask agetty, and the one starts the other',
  { skip: skipWithout(...needed, 'agetty') },
  async (t) => {
    const { path, service } = await load('/sbin/agetty')
    t.same(path.Path, { PathChanged: '/run/installer-agent/issue' })
    t.same(service.Service?.ExecStart, ['/sbin/agetty --reload'])
    const units = (over: object = {}) => ({
      'issue.path': path,
      'issue.service': { ...service, Service: { ...service.Service, ...over } },
    })
    t.same(await verify(t, units()), { status: 0, stdout: '', stderr: '' })
    t.match((await verify(t, units({ Type: 'onceshot' }))).stderr, /onceshot/, 'it would say so')
  },
)

t.test(`the exposure is ${maxExposure} or less`, { skip: skipWithout(...needed) }, async (t) => {
  const level = await exposure(t, 'issue.service', (await load('/sbin/agetty')).service)
  t.ok(level <= maxExposure, String(level))
})
