# A live installer that lets in whoever has the key of nodes/operator.nix.
{ lib, pkgs, ... }:
let
  keys = import (pkgs.path + "/nixos/tests/ssh-keys.nix") pkgs;
in
{
  imports = [
    ../../module/live-installer.nix
    ./one-card.nix
  ];

  services.installer-agent.package = pkgs.callPackage ../../package.nix {
    program = "installer-agent";
  };
  liveInstaller.authorizedKeys = [ keys.snakeOilEd25519PublicKey ];
}
