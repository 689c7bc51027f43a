# Every other file of this folder is a NixOS test of that name; nodes/ has the machines that they share.
{ lib, testers }:
let
  isTest = file: _: lib.hasSuffix ".nix" file && file != "default.nix";
in
lib.mapAttrs' (
  file: _:
  lib.nameValuePair (lib.removeSuffix ".nix" file) (testers.runNixOSTest (./. + "/${file}"))
) (lib.filterAttrs isTest (builtins.readDir ./.))
