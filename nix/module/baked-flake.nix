# The flake that the machine is to be installed from, on the medium itself.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  cfg = config.liveInstaller;
  # Where an ISO is mounted.
  isoMount = "/iso";
  isIso = options ? isoImage;

  # Nix looks an input up in the store by its hash, which the lock file has.
  checkedLock = pkgs.runCommand "flake-lock-check" { } ''
    if ! test -e ${cfg.flake}/flake.lock; then
      echo "liveInstaller.flake has no flake.lock, so that an install would ask the network for its inputs." >&2
      echo "Make one ('nix flake lock', 'git add flake.lock') and build again." >&2
      exit 1
    fi
    touch $out
  '';
in
{
  options.liveInstaller = {
    flake = lib.mkOption {
      description = ''
        Source of the flake that has the configuration of the machine, put at
        {option}`liveInstaller.flakePath`; null for none.
      '';
      type = lib.types.nullOr lib.types.path;
      default = null;
      example = lib.literalExpression "self";
    };

    flakePath = lib.mkOption {
      description = "Where the flake lies on the live system; it is announced, too.";
      type = lib.types.strMatching "${isoMount}/[^/ ]+";
      default = "${isoMount}/devos";
      example = "${isoMount}/flake";
    };

    storeContents = lib.mkOption {
      description = ''
        Store paths whose closures the medium has in its store, so that the install needs no network:
        the system to be installed, and the inputs of its flake.
      '';
      type = lib.types.listOf lib.types.path;
      default = [ ];
      example = lib.literalExpression "[ host.config.system.build.toplevel ]";
    };
  };

  config = lib.mkMerge [
    (lib.mkIf (cfg.flake != null) {
      system.checks = [ checkedLock ];
      services.installer-agent.settings.flake = cfg.flakePath;
      nix.settings.experimental-features = [
        "nix-command"
        "flakes"
      ];
    })

    (lib.optionalAttrs isIso {
      isoImage.storeContents = cfg.storeContents;
      isoImage.contents = lib.optional (cfg.flake != null) {
        source = cfg.flake;
        target = lib.removePrefix isoMount cfg.flakePath;
      };
    })

    (lib.optionalAttrs (!isIso) {
      system.extraDependencies = cfg.storeContents;
      systemd.tmpfiles.settings = lib.mkIf (cfg.flake != null) {
        live-installer.${cfg.flakePath}."L+".argument = "${cfg.flake}";
      };
    })
  ];
}
