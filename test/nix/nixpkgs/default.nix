# A stand-in for the flake of nixpkgs.
{
  outPath = toString ./.;
  lib = import ./lib.nix;
  legacyPackages = builtins.listToAttrs (
    map
      (name: {
        inherit name;
        value = import ./pkgs.nix name;
      })
      [
        "aarch64-darwin"
        "aarch64-linux"
        "x86_64-linux"
      ]
  );
}
