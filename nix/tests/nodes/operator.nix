# The machine that finds them: its firewall, on by default, drops every answer to a multicast question.
{ pkgs, ... }:
let
  keys = import (pkgs.path + "/nixos/tests/ssh-keys.nix") pkgs;
in
{
  imports = [ ./one-card.nix ];

  environment.systemPackages = [ (pkgs.callPackage ../../package.nix { program = "scanner"; }) ];
  systemd.tmpfiles.settings.operator = {
    "/root/.ssh".d.mode = "0700";
    "/root/.ssh/id_ed25519".C = {
      mode = "0600";
      argument = "${keys.snakeOilEd25519PrivateKey}";
    };
  };
}
