# lib.mkInstallerIso: the ISO that installs a host of a flake without a network.
{
  nixpkgs,
  # The module of that name.
  live-installer,
}:
{
  # The machine to be installed: one of the nixosConfigurations of the flake.
  host,
  # The flake itself, which is put on the ISO with its inputs.
  flake,
  # Who may log in to the installer; those who may be root on the host.
  authorizedKeys ? host.config.users.users.root.openssh.authorizedKeys.keys,
  # Modules for the live system.
  modules ? [ ],
}:
let
  inherit (nixpkgs) lib;
  inherit (host.config.networking) hostName;

  # All inputs, and theirs, each once.
  inputs = builtins.genericClosure {
    startSet = inputsOf flake;
    operator = { input, ... }: inputsOf input;
  };
  inputsOf =
    input:
    map (input: {
      key = input.outPath;
      inherit input;
    }) (lib.attrValues (input.inputs or { }));

  live = lib.nixosSystem {
    modules = [
      "${nixpkgs}/nixos/modules/installer/cd-dvd/installation-cd-minimal.nix"
      live-installer
      (
        { config, pkgs, ... }:
        {
          nixpkgs.hostPlatform = lib.mkDefault host.pkgs.stdenv.hostPlatform.system;
          networking.hostName = lib.mkDefault hostName;
          services.installer-agent.settings.hostname = lib.mkDefault hostName;
          liveInstaller = {
            inherit authorizedKeys flake;
            storeContents = [ host.config.system.build.toplevel ] ++ map (each: each.key) inputs;
          };
          # Stronger than that of the medium, weaker than mkForce.
          image.baseName = lib.mkOverride 90 (
            lib.concatStringsSep "-" [
              hostName
              "installer"
              config.system.nixos.label
              pkgs.stdenv.hostPlatform.system
            ]
          );
        }
      )
    ]
    ++ modules;
  };
in
lib.extendDerivation true { inherit (live) config; } live.config.system.build.isoImage
