# One of the two programs: `scanner` or `installer-agent`.
{
  lib,
  stdenvNoCC,
  callPackage,
  esbuild,
  iproute2,
  iputils,
  makeBinaryWrapper,
  nodejs,
  nodejs-slim,
  openssh,
  testers,
  util-linux,
  versionCheckHook,

  program ? "scanner",
}:
let
  programs = {
    installer-agent = {
      main = "agent/main.js";
      parts = [
        "agent"
        "packages/pino.js"
        "packages/yargs.js"
      ];
      # `ssh-keygen` signs host keys.
      commands = [
        iproute2
        openssh
      ];
      description = "Announces a NixOS live installer over mDNS and keeps its link-local addresses";
      platforms = lib.platforms.linux;
    };
    scanner = {
      # The agent for `scanner demo`.
      main = "scanner/main.js";
      parts = [
        "agent"
        "packages"
        "scanner"
      ];
      # macOS has its own. `unshare` and `nsenter` are for `scanner demo`.
      commands = [
        openssh
      ]
      ++ lib.optionals stdenvNoCC.hostPlatform.isLinux [
        iproute2
        iputils
        util-linux
      ];
      description = "Finds machines booted from a NixOS live ISO on the link, and opens ssh to them";
      platforms = lib.platforms.linux ++ lib.platforms.darwin;
    };
  };
  inherit (programs.${program})
    commands
    description
    main
    parts
    platforms
    ;

  nodeModules = callPackage ./node-modules.nix { };
in
stdenvNoCC.mkDerivation {
  pname = program;
  inherit (lib.importJSON ../package.json) version;
  __structuredAttrs = true;
  strictDeps = true;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../package.json
      ../.ci/bundle.mjs
      ../agent
      ../common
      ../scanner
      ../tsconfig.json
    ];
  };

  nativeBuildInputs = [
    esbuild
    makeBinaryWrapper
    nodejs
  ];

  dontConfigure = true;
  # What `npm run build` does besides checking the types.
  buildPhase = ''
    runHook preBuild
    ln -s ${nodeModules}/node_modules .
    node .ci/bundle.mjs
    runHook postBuild
  '';

  # What is on the user's PATH comes first: the ssh that the rest of the system has.
  installPhase = ''
    runHook preInstall
    mkdir -p $out/lib/installer-discovery
    (cd dist/bundle && cp -r --parents package.json THIRD-PARTY-LICENSES.txt ${toString parts} $out/lib/installer-discovery)
    makeWrapper ${lib.getExe nodejs-slim} $out/bin/${program} \
      --add-flag $out/lib/installer-discovery/${main} \
      --suffix PATH : ${lib.makeBinPath commands}
    runHook postInstall
  '';

  doInstallCheck = true;
  nativeInstallCheckInputs = [ versionCheckHook ];

  passthru = {
    inherit nodeModules;
    tests = import ./tests { inherit lib testers; };
  };

  meta = {
    inherit description platforms;
    license = lib.licenses.mit;
    maintainers = [ ];
    mainProgram = program;
  };
}
