# What all hosts share. Every other file of this folder is a host: `nix build .#iso-NAME` makes the ISO
# that installs it.
{
  # Who administers the hosts, and so may log in to their installers. Put your own here, as it is in
  # your ~/.ssh/id_ed25519.pub: with what stands here now no ISO is built.
  users.users.root.openssh.authorizedKeys.keys = [
    "ssh-ed25519 put-your-public-key-here"
  ];

  services.openssh = {
    enable = true;
    settings = {
      PasswordAuthentication = false;
      KbdInteractiveAuthentication = false;
      PermitRootLogin = "prohibit-password";
    };
  };

  nix.settings.experimental-features = [
    "nix-command"
    "flakes"
  ];
}
