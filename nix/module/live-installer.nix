# A live system that can be found and entered from the link: on an ISO, by netboot or by kexec.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.liveInstaller;
  # Stronger than what the profiles of nixpkgs set, weaker than mkForce.
  overProfiles = lib.mkOverride 90;

  login = config.users.users.nixos.openssh.authorizedKeys;
  # What is no key at all is noticed here, not in front of a machine without a screen.
  checkedKeys = pkgs.runCommand "authorized-keys-check" { nativeBuildInputs = [ pkgs.openssh ]; } ''
    while read -r key; do
      printf '%s\n' "$key" >key
      if ! ssh-keygen -l -f key; then
        echo "liveInstaller.authorizedKeys: not a public key: $key" >&2
        echo ${lib.escapeShellArg whatToSet} >&2
        exit 1
      fi
    done <${pkgs.writeText "authorized-keys" (lib.concatLines login.keys)}
    touch $out
  '';
  whatToSet = ''
    Nobody could log in to this installer: sshd takes keys only. Set liveInstaller.authorizedKeys to
    the public keys of those who may, as their ~/.ssh/id_ed25519.pub has them. An ISO of this
    repository takes those of the root user of its host, which nix/hosts/default.nix sets.
  '';
in
{
  imports = [
    ./agent.nix
    ./baked-flake.nix
  ];

  options.liveInstaller.authorizedKeys = lib.mkOption {
    description = ''
      Public keys of those who may log in, as user `nixos`, which may become root. There is no other
      way in over the network, so it is an error to give none.
    '';
    type = lib.types.listOf lib.types.singleLineStr;
    default = [ ];
    example = [ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDPQXmEVMVLmeFRyafKMVWgPDkv8/uRBTwmcEDatZzMD me" ];
  };

  config = {
    assertions = [
      {
        assertion = login.keys != [ ] || login.keyFiles != [ ];
        message = whatToSet;
      }
    ];
    system.checks = [ checkedKeys ];

    services.installer-agent = {
      enable = true;
      openFirewall = true;
      settings.ssh-port = lib.mkDefault (lib.head config.services.openssh.ports);
    };

    # An installation medium of nixpkgs has this user, with an empty password for its own console.
    users.users.nixos = {
      isNormalUser = true;
      extraGroups = [ "wheel" ];
      openssh.authorizedKeys.keys = cfg.authorizedKeys;
    };
    security.sudo.wheelNeedsPassword = lib.mkDefault false;

    services.openssh = {
      enable = true;
      # Started with the system, so that it has keys, and the agent their fingerprints, at once.
      startWhenNeeded = false;
      openFirewall = true;
      settings = {
        PasswordAuthentication = overProfiles false;
        KbdInteractiveAuthentication = overProfiles false;
        PermitRootLogin = overProfiles "no";
      };
    };
    networking.firewall.enable = overProfiles true;

    # One responder a machine: two claim the same names and rename each other.
    services.avahi.enable = false;
    services.resolved.settings.Resolve.MulticastDNS = false;

    # Whoever stands before it is to see the banner, which comes before the login. `nixos` needs no
    # password there.
    services.getty.autologinUser = overProfiles null;
    services.getty.helpLine = overProfiles ''
      To reach this machine from another one: `scanner ssh ${config.services.installer-agent.settings.hostname}`.
      Here, log in as "nixos", without a password.${
        lib.optionalString config.networking.networkmanager.enable " For a wireless network, run `nmtui`."
      }
    '';
  };
}
