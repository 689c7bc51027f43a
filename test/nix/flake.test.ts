import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { nixFolder, skipWithout } from './judge.ts'
import { evaluateWithFlake } from './outputs.ts'

const skip = skipWithout('nix-instantiate')
const names = (folder: string) =>
  readdirSync(join(nixFolder, folder))
    .filter((file) => file.endsWith('.nix') && file !== 'default.nix')
    .map((file) => file.replace('.nix', ''))

t.test('every file of nix/hosts is a configuration and has an ISO', { skip }, async (t) => {
  const { configurations, packages } = (await evaluateWithFlake(`{
    configurations = builtins.attrNames self.nixosConfigurations;
    packages = builtins.mapAttrs (_: builtins.attrNames) self.packages;
  }`)) as { configurations: string[]; packages: Record<string, string[]> }
  t.ok(configurations.includes('NixOS'))
  t.same(configurations, names('hosts').sort())
  const programs = ['default', 'installer-agent', 'options-page', 'scanner']
  t.same(
    packages['x86_64-linux']?.sort(),
    [...programs, ...configurations.map((name) => `iso-${name}`)].sort(),
  )
  t.same(packages['aarch64-linux']?.sort(), programs, 'the ISO is made where its host can run')
  t.same(packages['aarch64-darwin']?.sort(), ['default', 'scanner'])
})

t.test('every file of nix/tests is a check', { skip }, async (t) => {
  const checks = await evaluateWithFlake('builtins.attrNames self.checks.x86_64-linux')
  const others = ['installer-agent', 'options-page', 'scanner']
  t.same((checks as string[]).sort(), [...names('tests'), ...others].sort())
})

t.test('each program is what its name says', { skip }, async (t) => {
  for (const program of ['scanner', 'installer-agent']) {
    const made =
      (await evaluateWithFlake(`let inherit (self.packages.x86_64-linux.${program}) attrs;
      in { inherit (attrs) pname version buildPhase installPhase; inherit (attrs.meta) mainProgram; }`)) as Record<
        string,
        string
      >
    t.equal(made.pname, program)
    t.equal(made.mainProgram, program)
    t.match(made.version, /^\d+\.\d+\.\d+$/)
    t.match(made.buildPhase, 'node .ci/bundle.mjs')
    t.match(made.installPhase, `$out/bin/${program}`)
  }
})

t.test('the ISO has the host, its inputs and its flake', { skip }, async (t) => {
  const iso = (await evaluateWithFlake(`let iso = self.packages.x86_64-linux.iso-NixOS; in {
    inherit (iso) name;
    inherit (iso.config.isoImage) contents storeContents;
    inherit (iso.config.networking) hostName;
    inherit (iso.config.services.installer-agent) settings;
    keys = iso.config.users.users.nixos.openssh.authorizedKeys.keys;
    hostKeys = self.nixosConfigurations.NixOS.config.users.users.root.openssh.authorizedKeys.keys;
    nixpkgs = nixpkgs.outPath;
  }`)) as Record<string, unknown>
  t.equal(iso.name, 'NixOS-installer-26.11-x86_64-linux')
  t.same(iso.contents, [{ source: '/nix/store/the-flake', target: '/devos' }])
  t.same(iso.storeContents, ['/nix/store/nixos-system-NixOS', iso.nixpkgs])
  t.equal(iso.hostName, 'NixOS')
  t.match(iso.settings, { hostname: 'NixOS', flake: '/iso/devos' })
  t.same(iso.keys, iso.hostKeys, 'who may be root on the host may log in')
})
