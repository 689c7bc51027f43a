# Packages that are only named, never built.
system:
let
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
    stdenvNoCC = {
      hostPlatform.isLinux = builtins.match ".*-linux" system != null;
      mkDerivation =
        attrs: package (attrs.pname or attrs.name) // attrs // (attrs.passthru or { }) // { inherit attrs; };
    };
    lib = import ./lib.nix;
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
        found = builtins.mapAttrs (name: _: pkgs.${name} or (package name)) (
          builtins.functionArgs function
        );
      in
      function (removeAttrs found [ "program" ] // given);
  };
in
pkgs // { nixfmt-tree = package "nixfmt-tree"; nodejs = package "nodejs"; openssh = package "openssh"; iproute2 = package "iproute2"; util-linux = package "util-linux"; }
