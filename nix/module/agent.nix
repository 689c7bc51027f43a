# The agent as a service, on any live system.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.installer-agent;
  json = pkgs.formats.json { };
  toNixos = import ./systemd-unit.nix { inherit lib; };

  runtimeFolder = "/run/installer-agent";
  # OpenSSH takes one certificate a key, and the agent's last one is this (certificate-reload.nix).
  certificate = "${runtimeFolder}/certificates/ssh_host_ed25519_key-cert.pub";

  # A key that is null is one that was not set.
  configFile = json.generate "installer-agent.json" (
    lib.filterAttrs (_: value: value != null) cfg.settings
  );
  # A key that is misspelt is noticed here, not by an agent that never starts.
  checkedSettings = pkgs.runCommand "installer-agent-settings-check" { } ''
    ${lib.getExe cfg.package} issue --config ${configFile} >/dev/null
    touch $out
  '';
  canCheck = pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform;

  unit = import ../unit.nix {
    exec = "${lib.getExe cfg.package} run --config ${configFile}";
    caKey = if cfg.caKey == null then "" else cfg.caKey;
    systemd = config.systemd.package.version;
  };
  bannerReload = import ../issue-reload.nix { agetty = lib.getExe' pkgs.util-linux "agetty"; };
  certificateReload = import ../certificate-reload.nix {
    systemctl = lib.getExe' config.systemd.package "systemctl";
    inherit certificate;
  };
in
{
  options.services.installer-agent = {
    enable = lib.mkEnableOption "the agent of live installers, which announces this machine";

    package = lib.mkPackageOption pkgs "installer-agent" {
      example = "pkgs.installer-agent.override { nodejs-slim = pkgs.nodejs-slim_latest; }";
    };

    settings = lib.mkOption {
      description = ''
        The JSON file of {command}`installer-agent run --config`. Every option that
        {command}`installer-agent --help` lists is a key of it, without the dashes in front.
      '';
      default = { };
      example = {
        hostname = "web1";
        interface = [ "en*" ];
      };
      type = lib.types.submodule {
        freeformType = json.type;
        options = {
          hostname = lib.mkOption {
            description = "Host name to announce, as `NAME.local`.";
            type = lib.types.strMatching "[[:alnum:]]([[:alnum:]-]{0,61}[[:alnum:]])?";
            default = "NixOS";
            example = "web1";
          };
          user = lib.mkOption {
            description = "Login name to announce.";
            type = lib.types.str;
            default = "nixos";
            example = "root";
          };
          ssh-port = lib.mkOption {
            description = "Port of sshd.";
            type = lib.types.port;
            default = 22;
            example = 2222;
          };
          interface = lib.mkOption {
            description = "Only links that match one of these patterns; none means every suitable link.";
            type = lib.types.listOf lib.types.str;
            default = [ ];
            example = [ "en*" ];
          };
          static-address = lib.mkOption {
            description = "Well-known link-local address to hold, or `none`.";
            type = lib.types.str;
            default = "fe80::47";
            example = "none";
          };
          flake = lib.mkOption {
            description = "Path on this machine of the flake that it is to be installed from.";
            type = lib.types.nullOr lib.types.str;
            default = null;
            example = "/iso/devos";
          };
          log-level = lib.mkOption {
            description = "The least important messages that go to the journal.";
            type = lib.types.enum [
              "trace"
              "debug"
              "info"
              "warn"
              "error"
              "fatal"
              "silent"
            ];
            default = "info";
            example = "debug";
          };
        };
      };
    };

    openFirewall = lib.mkOption {
      description = "Whether to open UDP port 5353, on which the agent is asked for its names (mDNS).";
      type = lib.types.bool;
      default = false;
      example = true;
    };

    consoleBanner = lib.mkOption {
      description = ''
        Whether the console shows, before its login prompt, how to reach this machine: names,
        addresses, fingerprints of the host keys, and a QR code.
      '';
      type = lib.types.bool;
      default = true;
      example = false;
    };

    caKey = lib.mkOption {
      description = ''
        Name of the systemd credential that holds the private key of a certificate authority
        ({command}`scanner trust ca`), with which the agent signs this boot's host keys. It is a file
        of that name in {file}`/etc/credstore`, or comes from the boot loader or the virtual machine
        ({manpage}`systemd.exec(5)`, `LoadCredential=`). Never a path: what a configuration names is
        copied to the store, where everybody can read it. Where it is missing the machine is
        announced without a certificate.
      '';
      type = lib.types.nullOr (lib.types.strMatching "[^/]+");
      default = null;
      example = "installer-agent.ca-key";
    };
  };

  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      {
        # `installer-agent status`, for whoever stands before it.
        environment.systemPackages = [ cfg.package ];
        system.checks = lib.optional canCheck checkedSettings;
        systemd.services.installer-agent = lib.mkMerge [
          (toNixos unit)
          {
            path = [
              pkgs.iproute2
              config.programs.ssh.package
            ];
          }
        ];
        networking.firewall.allowedUDPPorts = lib.mkIf cfg.openFirewall [ 5353 ];
      }

      (lib.mkIf cfg.consoleBanner {
        environment.etc."issue.d/installer-agent.issue".source = "${runtimeFolder}/issue";
        systemd.paths.installer-agent-issue = toNixos bannerReload.path;
        systemd.services.installer-agent-issue = toNixos bannerReload.service;
      })

      (lib.mkIf (cfg.caKey != null) {
        services.openssh.settings.HostCertificate = certificate;
        systemd.paths.installer-agent-certificate = toNixos certificateReload.path;
        systemd.services.installer-agent-certificate = toNixos certificateReload.service;
      })
    ]
  );

  meta.maintainers = [ ];
}
