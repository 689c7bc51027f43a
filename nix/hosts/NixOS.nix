# A machine that boots by UEFI, from file systems with these labels:
#   mkfs.ext4 -L nixos /dev/...    mkfs.vfat -F 32 -n boot /dev/...
{
  nixpkgs.hostPlatform = "x86_64-linux";
  networking.hostName = "NixOS";

  boot.loader.systemd-boot.enable = true;
  boot.loader.efi.canTouchEfiVariables = true;

  fileSystems."/" = {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };
  fileSystems."/boot" = {
    device = "/dev/disk/by-label/boot";
    fsType = "vfat";
    options = [ "umask=0077" ];
  };

  # Not known beforehand, so the drivers of most disks and cards are there.
  hardware.enableAllHardware = true;
  hardware.enableRedistributableFirmware = true;

  # The release whose defaults for stateful data apply, which stays what it was at the install.
  system.stateVersion = "26.05";
}
