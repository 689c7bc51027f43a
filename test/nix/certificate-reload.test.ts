import t from 'tap'
import { defaultCertificates } from '../../agent/option-checks.ts'
import { evaluate, exposure, skipWithout, verify } from './judge.ts'
import type { Unit } from './render-unit.ts'

const needed = ['nix-instantiate', 'systemd-analyze', 'systemctl'] as const
/** It runs as root, to be heard by systemd; all else is taken from it. */
const maxExposure = 1.5
const certificate = `${defaultCertificates}/ssh_host_ed25519_key-cert.pub`

const load = async (over: Record<string, string> = {}) =>
  (await evaluate('certificate-reload.nix', { systemctl: '/bin/systemctl', ...over })) as {
    path: Unit
    service: Unit
  }

t.test(
  'systemd takes the units that reload sshd, and the one starts the other',
  { skip: skipWithout(...needed) },
  async (t) => {
    const { path, service } = await load({ sshd: 'ssh.service' })
    t.same(path.Path, { PathChanged: certificate }, 'where the agent puts it')
    t.same(service.Unit?.ConditionPathExists, certificate)
    t.same(service.Service?.ExecStart, ['/bin/systemctl try-reload-or-restart ssh.service'])
    const units = (over: object = {}) => ({
      'certificate.path': path,
      'certificate.service': { ...service, Service: { ...service.Service, ...over } },
    })
    t.same(await verify(t, units()), { status: 0, stdout: '', stderr: '' })
    t.match((await verify(t, units({ Type: 'onceshot' }))).stderr, /onceshot/, 'it would say so')
  },
)

t.test(`the exposure is ${maxExposure} or less`, { skip: skipWithout(...needed) }, async (t) => {
  const level = await exposure(t, 'certificate.service', (await load()).service)
  t.ok(level <= maxExposure, String(level))
})
