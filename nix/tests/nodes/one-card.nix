# QEMU gives the card that leads to the host the same MAC in every machine, and the first card is what
# a machine is named by.
{ lib, ... }:
{
  virtualisation.qemu.networkingOptions = lib.mkForce [ ];
}
