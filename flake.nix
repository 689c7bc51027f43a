{
  description = "Find a machine booted from a NixOS live ISO on the link, and get a shell on it";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      forSystems =
        systems: outputs: lib.genAttrs systems (system: outputs nixpkgs.legacyPackages.${system});
      forLinux = forSystems [
        "aarch64-linux"
        "x86_64-linux"
      ];
      forAll = outputs: forLinux outputs // forSystems [ "aarch64-darwin" ] outputs;

      programs = pkgs: {
        scanner = pkgs.callPackage ./nix/package.nix { program = "scanner"; };
        installer-agent = pkgs.callPackage ./nix/package.nix { program = "installer-agent"; };
      };
      optionsPage =
        pkgs:
        pkgs.writeText "nix-options.md" (import ./nix/options-page.nix { inherit lib pkgs; });

      isHost = file: _: lib.hasSuffix ".nix" file && file != "default.nix";
      # The ISOs of the hosts that are of this system.
      isos =
        system:
        lib.concatMapAttrs (
          name: host:
          lib.optionalAttrs (host.pkgs.stdenv.hostPlatform.system == system) {
            "iso-${name}" = self.lib.mkInstallerIso {
              inherit host;
              flake = self;
            };
          }
        ) self.nixosConfigurations;
    in
    {
      packages =
        forAll (pkgs: {
          inherit (programs pkgs) scanner;
          default = self.packages.${pkgs.stdenv.hostPlatform.system}.scanner;
        })
        // forLinux (
          pkgs:
          programs pkgs
          // {
            default = self.packages.${pkgs.stdenv.hostPlatform.system}.scanner;
            options-page = optionsPage pkgs;
          }
          // isos pkgs.stdenv.hostPlatform.system
        );

      overlays.default = final: _: programs final;

      nixosModules = {
        default = self.nixosModules.agent;
        agent =
          { lib, pkgs, ... }:
          {
            key = "${self}#nixosModules.agent";
            imports = [ ./nix/module/agent.nix ];
            services.installer-agent.package = lib.mkDefault (programs pkgs).installer-agent;
          };
        live-installer = {
          key = "${self}#nixosModules.live-installer";
          imports = [
            ./nix/module/live-installer.nix
            self.nixosModules.agent
          ];
        };
      };

      lib.mkInstallerIso = import ./nix/installer-iso.nix {
        inherit nixpkgs;
        inherit (self.nixosModules) live-installer;
      };

      # Any file in nix/hosts is a host; default.nix is what they share.
      nixosConfigurations = lib.mapAttrs' (
        file: _:
        lib.nameValuePair (lib.removeSuffix ".nix" file) (
          lib.nixosSystem {
            modules = [
              ./nix/hosts
              (./nix/hosts + "/${file}")
            ];
          }
        )
      ) (lib.filterAttrs isHost (builtins.readDir ./nix/hosts));

      devShells = forAll (pkgs: {
        default = pkgs.mkShellNoCC { packages = [ pkgs.nodejs ]; };
      });

      checks = forLinux (
        pkgs:
        programs pkgs
        // self.packages.${pkgs.stdenv.hostPlatform.system}.scanner.tests
        // {
          options-page = pkgs.runCommand "options-page-is-up-to-date" { } ''
            diff -u ${./docs/nix-options.md} ${optionsPage pkgs}
            touch $out
          '';
        }
      );

      formatter = forAll (pkgs: pkgs.nixfmt-tree);
    };
}
