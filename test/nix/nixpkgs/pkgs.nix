# Packages that are only named, never built.
system:
let
  lib = import ./lib.nix;
  package = name: {
    outPath = "/nix/store/${name}";
    type = "derivation";
    inherit name system;
    meta.mainProgram = name;
    override = _: package name;
  };
  pkgs = {
    path = ./.;
    stdenv.hostPlatform.system = system;
    stdenv.buildPlatform.canExecute = _: true;
    stdenvNoCC = {
      hostPlatform.isLinux = builtins.match ".*-linux" system != null;
      mkDerivation =
        attrs:
        package (attrs.pname or attrs.name)
        // attrs
        // (attrs.passthru or { })
        // {
          inherit attrs;
        };
    };
    inherit lib;
    testers.runNixOSTest = file: package "vm-test-run-${(import file).name}" // { inherit file; };
    runCommand =
      name: _: script:
      package name // { inherit script; };
    writeText = name: text: package name // { inherit text; };
    mkShellNoCC = _: package "shell";
    formats.json = _: {
      type.description = "JSON value";
      generate = name: value: package name // { inherit value; };
    };
    callPackage =
      file: given:
      let
        function = import file;
        takes = builtins.functionArgs function;
        found = builtins.mapAttrs (name: _: pkgs.${name} or (package name)) takes;
      in
      function (removeAttrs found [ "program" ] // given);
  };
in
pkgs
// lib.genAttrs [ "iproute2" "nixfmt-tree" "nodejs" "openssh" "util-linux" ] package
