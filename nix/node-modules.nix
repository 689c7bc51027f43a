# The packages from npm that both programs need at run time. The lock file names no registry, so that
# neither importNpmLock nor npmDepsHash works: npm itself fetches them, and what it lays down is fixed by
# the hash in node-modules.hash. `npm test` computes it anew, and says what it should be.
{
  lib,
  stdenvNoCC,
  cacert,
  nodejs,
}:
stdenvNoCC.mkDerivation {
  name = "installer-discovery-node-modules";
  __structuredAttrs = true;
  strictDeps = true;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../package.json
      ../package-lock.json
      ./node-modules.sh
    ];
  };

  nativeBuildInputs = [
    cacert
    nodejs
  ];
  env.NODE_EXTRA_CA_CERTS = "${cacert}/etc/ssl/certs/ca-bundle.crt";
  # Another registry gives the same files: package-lock.json has their hashes, too.
  impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [ "npm_config_registry" ];

  dontConfigure = true;
  dontBuild = true;
  installPhase = ''
    runHook preInstall
    sh nix/node-modules.sh "$out"
    runHook postInstall
  '';
  # Paths of the store would make it another one with each nixpkgs.
  dontFixup = true;

  outputHashMode = "recursive";
  outputHash = lib.fileContents ./node-modules.hash;
}
