# Lets agetty show the console's banner anew when the agent has written another one, as pure data like
# unit.nix: a path unit and the service of the same name that it starts. Only root may ask agetty, and
# the agent is not root; the service runs for milliseconds at each change.
{
  # agetty of util-linux.
  agetty,
  # The banner that the agent keeps (--issue-file).
  issue ? "/run/installer-agent/issue",
}:
{
  path = {
    Unit.Description = "Watch the console banner of the installer agent";
    # Writing, replacing and removing.
    Path.PathChanged = issue;
    Install.WantedBy = [ "multi-user.target" ];
  };

  service = {
    Unit.Description = "Show the console banner of the installer agent";
    # A link that flaps for a minute must not stop the banner for good.
    Unit.StartLimitIntervalSec = 0;

    Service = {
      Type = "oneshot";
      ExecStart = [ "${agetty} --reload" ];
      # Three lines in the journal at each change of an address are two too many, and so is one.
      LogLevelMax = "notice";
      # All it has to do is to touch /run/agetty.reload.
      CapabilityBoundingSet = "";
      NoNewPrivileges = true;
      ProtectSystem = "strict";
      ReadWritePaths = [ "/run" ];
      ProtectHome = true;
      PrivateNetwork = true;
      PrivateDevices = true;
      PrivateTmp = true;
      ProtectClock = true;
      ProtectControlGroups = true;
      ProtectHostname = true;
      ProtectKernelLogs = true;
      ProtectKernelModules = true;
      ProtectKernelTunables = true;
      ProtectProc = "invisible";
      LockPersonality = true;
      MemoryDenyWriteExecute = true;
      RestrictAddressFamilies = "none";
      RestrictNamespaces = true;
      RestrictRealtime = true;
      RestrictSUIDSGID = true;
      SystemCallArchitectures = "native";
      SystemCallFilter = [
        "@system-service"
        "~@privileged"
        "~@resources"
      ];
    };
  };
}
