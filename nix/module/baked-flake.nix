# The flake that the machine is to be installed from, on the medium itself.
{
  config,
  lib,
  options,
  ...
}:
let
  cfg = config.liveInstaller;
  # Where an ISO is mounted.
  isoMount = "/iso";
  isIso = options ? isoImage;
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
