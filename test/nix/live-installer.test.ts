import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { defaultCertificates } from '../../agent/option-checks.ts'
import { runCommand } from '../../common/command.ts'
import { nixFolder, skipWithout } from './judge.ts'
import { evaluateWithFlake } from './outputs.ts'
import type { Unit } from './render-unit.ts'

const skip = skipWithout('nix-instantiate')
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDPQXmEVMVLmeFRyafKMVWgPDkv8/uRBTwmcEDatZzMD me'
const keys = `{ liveInstaller.authorizedKeys = [ "${key}" ]; }`

/** Units as the options of NixOS have them. */
type Units = Record<
  string,
  { serviceConfig?: Record<string, unknown>; pathConfig?: object; [option: string]: unknown }
>

interface Assertion {
  assertion: boolean
  message: string
}

t.test('a system that nobody can log in to is refused, and it says why', { skip }, async (t) => {
  const assertions = async (modules: string) =>
    (await evaluateWithFlake(`(live [ ${modules} ]).assertions`)) as Assertion[]
  const [refused] = (await assertions('')).filter(({ assertion }) => !assertion)
  t.match(refused?.message, /Nobody could log in.*liveInstaller\.authorizedKeys/s)
  t.match(refused?.message, 'nix/hosts/default.nix')
  const enough = [keys, '{ users.users.nixos.openssh.authorizedKeys.keyFiles = [ ./key.pub ]; }']
  for (const given of enough)
    t.ok(
      (await assertions(given)).every(({ assertion }) => assertion),
      given,
    )
})

t.test(
  'a line that is no key, and a flake without a lock, are refused when it is built',
  { skip: skipWithout('nix-instantiate', 'ssh-keygen') },
  async (t) => {
    const folder = t.testdir({ flake: { 'flake.nix': '' }, locked: { 'flake.lock': '' } })
    const check = async (line: string, flake: string) => {
      const scripts =
        (await evaluateWithFlake(`map (check: check.script) (builtins.filter (check: check.name != "installer-agent-settings-check") (live [ {
        liveInstaller.authorizedKeys = [ "${line}" ];
        liveInstaller.flake = "${folder}/${flake}";
      } ]).system.checks)`)) as string[]
      await writeFile(join(folder, 'keys'), `${line}\n`)
      const script = scripts.join('\n').replaceAll('/nix/store/authorized-keys', `${folder}/keys`)
      return runCommand('sh', ['-euc', `cd ${folder}; out=${folder}/out\n${script}`])
    }
    t.match(await check(key, 'locked'), { status: 0 })
    const noKey = await check('ssh-ed25519 put-your-public-key-here', 'locked')
    t.match(noKey, {
      status: 1,
      stderr: /not a public key: ssh-ed25519 put-your.*\n.*authorizedKeys/,
    })
    t.match(await check(key, 'flake'), { status: 1, stderr: /nix flake lock/ })
  },
)

t.test('keys only, two ports, one responder', { skip }, async (t) => {
  const { openssh, firewall, services, settings } =
    (await evaluateWithFlake(`let c = live [ ${keys} ]; in {
    inherit (c.services) openssh;
    inherit (c.networking) firewall;
    services = { inherit (c.services) avahi resolved; };
    settings = (live [ ${keys} { services.openssh.ports = [ 2222 ]; } ]).services.installer-agent.settings;
  }`)) as Record<string, object>
  t.match(openssh, {
    enable: true,
    openFirewall: true,
    settings: {
      PasswordAuthentication: false,
      KbdInteractiveAuthentication: false,
      PermitRootLogin: 'no',
    },
  })
  t.match(settings, { 'ssh-port': 2222 }, 'and the port that sshd has is announced')
  t.same(firewall, { enable: true, allowedUDPPorts: [5353] })
  t.match(services, {
    avahi: { enable: false },
    resolved: { settings: { Resolve: { MulticastDNS: false } } },
  })
})

t.test('it is stronger than the medium of nixpkgs, weaker than its user', { skip }, async (t) => {
  const over = (modules: string) =>
    evaluateWithFlake(`let iso = self.lib.mkInstallerIso {
      host = self.nixosConfigurations.NixOS;
      flake = self;
      modules = [ ${modules} ];
    }; in {
      inherit (iso.config.services.openssh.settings) PermitRootLogin;
      inherit (iso.config.services.getty) autologinUser;
    }`)
  t.same(await over(''), { PermitRootLogin: 'no', autologinUser: null })
  const user = '{ services.getty.autologinUser = lib.mkForce "nixos"; }'
  t.same(await over(user), { PermitRootLogin: 'no', autologinUser: 'nixos' })
})

t.test('the units are those of nix/*.nix, in the words of NixOS', { skip }, async (t) => {
  const { services, paths, data } = (await evaluateWithFlake(`let c = live [ ${keys} ]; in {
    inherit (c.systemd) services paths;
    data = import ${nixFolder}/unit.nix { exec = "x"; systemd = "260"; };
  }`)) as { services: Units; paths: Units; data: Unit }
  const { ExecStart, ...settings } = services['installer-agent']?.serviceConfig ?? {}
  t.match(data.Service, settings)
  t.same(Object.keys(settings).length, Object.keys(data.Service ?? {}).length - 1)
  t.match(String(ExecStart), /installer-agent run --config \S+$/)
  t.match(services['installer-agent'], {
    after: data.Unit?.After,
    before: data.Unit?.Before,
    wantedBy: data.Install?.WantedBy,
    path: ['/nix/store/iproute2', '/nix/store/openssh'],
  })
  t.match(paths['installer-agent-issue'], {
    pathConfig: { PathChanged: '/run/installer-agent/issue' },
    wantedBy: ['multi-user.target'],
  })
})

t.test('with an authority, by the name of a credential', { skip }, async (t) => {
  const { unit, sshd, path } = (await evaluateWithFlake(`let
      c = live [ ${keys} { services.installer-agent.caKey = "installer-agent.ca-key"; } ];
    in {
      unit = c.systemd.services.installer-agent;
      sshd = c.services.openssh.settings.HostCertificate;
      path = c.systemd.paths.installer-agent-certificate.pathConfig.PathChanged;
    }`)) as { unit: Units[string]; sshd: string; path: string }
  t.same(unit.serviceConfig?.LoadCredential, ['ca-key:installer-agent.ca-key'])
  t.equal(sshd, `${defaultCertificates}/ssh_host_ed25519_key-cert.pub`)
  t.equal(path, sshd)
})
