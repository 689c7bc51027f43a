import { fileURLToPath } from 'node:url'
import { nixInstantiate } from './judge.ts'

/** Evaluates flake.nix and the modules with the stand-in for nixpkgs in test/nix/nixpkgs. */

export const root = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * What a Nix expression gives as JSON. In it are `self`, the outputs of the flake; `nixpkgs`, `lib` and
 * `pkgs` of the stand-in; and `live`, the configuration that modules make of a live system.
 */
export async function evaluateWithFlake(expression: string): Promise<unknown> {
  const { stdout, stderr } = await nixInstantiate([
    ...['--eval', '--strict', '--json', '--expr'],
    `let
      nixpkgs = import ${root}test/nix/nixpkgs;
      inherit (nixpkgs) lib;
      pkgs = nixpkgs.legacyPackages.x86_64-linux;
      self = (import ${root}flake.nix).outputs { inherit self nixpkgs; } // {
        outPath = "/nix/store/the-flake";
        inputs = { inherit nixpkgs; };
      };
      live = modules: (lib.nixosSystem {
        modules = [ self.nixosModules.live-installer { nixpkgs.hostPlatform = "x86_64-linux"; } ] ++ modules;
      }).config;
    in ${expression}`,
  ])
  if (!stdout.trim()) throw new Error(`cannot be evaluated: ${stderr}`)
  return JSON.parse(stdout)
}
