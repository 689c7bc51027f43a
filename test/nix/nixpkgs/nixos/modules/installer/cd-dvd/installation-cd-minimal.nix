# What the medium of nixpkgs sets of the things that ours sets, too.
{ lib, config, ... }:
{
  options.isoImage.contents = lib.mkOption { type = lib.types.path; };

  config = {
    users.users.nixos.extraGroups = [ "networkmanager" ];
    services.getty.autologinUser = "nixos";
    services.openssh.settings.PermitRootLogin = lib.mkDefault "yes";
    networking.networkmanager.enable = true;
    image.baseName = "nixos-minimal";
    system.build.isoImage = {
      type = "derivation";
      name = config.image.baseName;
    };
  };
}
