# Lets sshd show the certificate that the agent has made for its host keys (unit.nix, caKey), as pure
# data: a path unit and the service of the same name that it starts. From OpenSSH 9.8 on sshd reads its
# HostCertificate when it starts and when it is reloaded, older ones for each connection; and at boot it
# starts beside the agent: either may be first. One that starts without the file says so in its log,
# and serves its plain key.
{
  # systemctl of systemd.
  systemctl,
  # sshd's unit. One that is started for each connection (sshd.socket) needs none of this.
  sshd ? "sshd.service",
  # The last one that the agent writes: with it all are there.
  certificate ? "/run/installer-agent/certificates/ssh_host_ed25519_key-cert.pub",
}:
{
  path = {
    Unit = {
      Description = "Watch the host certificate of the installer agent";
      # What is there already when it begins to watch is no change.
      Before = [ "installer-agent.service" ];
    };
    Path.PathChanged = certificate;
    Install.WantedBy = [ "multi-user.target" ];
  };

  service = {
    Unit = {
      Description = "Let sshd show the host certificate of the installer agent";
      # An agent that stops takes its folder along, which is a change as well: sshd keeps what it has
      # read (9.8 and later).
      ConditionPathExists = certificate;
      # An agent that is started again and again must not stop this for good.
      StartLimitIntervalSec = 0;
    };

    Service = {
      Type = "oneshot";
      # One that is not running will read it when it starts. Sessions go on.
      ExecStart = [ "${systemctl} try-reload-or-restart ${sshd}" ];
      LogLevelMax = "notice";
      # All it has to do is to ask systemd, as root, by its socket.
      CapabilityBoundingSet = "";
      NoNewPrivileges = true;
      ProtectSystem = "strict";
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
      RestrictAddressFamilies = [ "AF_UNIX" ];
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
