# The systemd unit of `installer-agent run`, as pure data: no nixpkgs, so that the tests can render
# it to a unit file and let systemd judge it, and the NixOS module can take it as it is.
# A list is a repeated key, as in the unit options of NixOS.
{
  # The command line of ExecStart.
  exec,
  # Where the agent, Node and `ip` (which has to be on the unit's PATH, beside `ssh-keygen` for caKey)
  # lie, with their libraries.
  programs ? [ "/nix/store" ],
  # The credential with the private key of a certificate authority, such as "installer-agent.ca-key":
  # a file of that name in /etc/credstore or /run/credstore, or one that the boot loader or the
  # virtual machine gave to systemd (systemd.exec(5), LoadCredential=). A name, not a path: a path
  # that is missing would stop the unit, a name only leaves the machine without a certificate.
  caKey ? "",
  # The version of the systemd that it is for. What an older one does not know is left out; without
  # being told it is a unit for the oldest that was tried, which every later one takes as well.
  systemd ? "252",
}:
let
  certifies = caKey != "";
  isAtLeast = version: builtins.compareVersions systemd version >= 0;
  # Node has no datagram sockets of AF_UNIX to speak to systemd and the journal with. Where systemd
  # hands over connected ones (253), the agent tells when it is ready, and gives the journal each fact
  # as a field of its own.
  notifies = isAtLeast "253";
in
{
  Unit = {
    Description = "Announce this live installer on every link and keep its addresses there";

    # The agent configures links, so what must be there before that (a firewall) comes first. The
    # host keys, whose fingerprints it announces, are made at the boot of a live system and read
    # once: by a service on NixOS and Debian, by a target on Fedora. Not after network.target: a
    # network manager that hangs must not hold us back.
    After = [
      "network-pre.target"
      "sshd-keygen.service"
      "sshd-keygen.target"
    ];
    # What waits for the network finds the agent started; the agent itself waits for no network.
    Before = [ "network-online.target" ];

    # Nobody sits at this machine to start it again after the fifth failure.
    StartLimitIntervalSec = 0;
  };

  Service = {
    # Ready is who serves the links that are there; with none that is at once. `exec` still tells a
    # program that cannot be started from one that runs.
    Type = if notifies then "notify" else "exec";
    ExecStart = [ exec ];
    Restart = "always";
    RestartSec = "1s";

    # SIGTERM is for the agent alone: the `ip` that takes its addresses away must live to do so.
    KillMode = "mixed";
    KillSignal = "SIGTERM";
    # The goodbye goes out within a second; the rest is for a machine that is busy shutting down.
    TimeoutStopSec = "5s";

    # A user of its own, without a home or a file. Brings NoNewPrivileges, PrivateTmp, RemoveIPC,
    # RestrictSUIDSGID and ProtectSystem=strict.
    DynamicUser = true;
    # To add and remove addresses. Ambient, because it is the child `ip` that needs it. Port 5353
    # needs nothing.
    AmbientCapabilities = [ "CAP_NET_ADMIN" ];
    CapabilityBoundingSet = [ "CAP_NET_ADMIN" ];
    # PrivateUsers and PrivateNetwork stay off: the capability has to hold for the real links.

    # mDNS over IPv4 and IPv6, rtnetlink for `ip`, the journal and the pipes to children.
    RestrictAddressFamilies = [
      "AF_INET"
      "AF_INET6"
      "AF_NETLINK"
      "AF_UNIX"
    ];
    # IPAddressDeny stays off: whoever is on the link may ask, from whatever address he has.

    # V8 guards its compiled code with memory protection keys (@pkey), which @system-service lacks.
    SystemCallFilter = [
      "@system-service"
      "@pkey"
      "~@privileged"
      "~@resources"
    ];
    # A call that a later Node tries and can do without is refused, not deadly.
    SystemCallErrorNumber = "EPERM";
    SystemCallArchitectures = "native";
    # MemoryDenyWriteExecute stays off: V8 compiles to memory while it runs.

    # Others' processes are hidden, but not all of /proc outside of them (ProcSubset=pid): Node
    # reads /proc/uptime and /proc/meminfo, the agent the boot id.
    ProtectProc = "invisible";
    # The boot id lies in /proc/sys, which stays readable.
    ProtectKernelTunables = true;

    # Of the files it sees the programs, and what it announces of this machine. Whoever takes over
    # the agent does not see the disks that an install has mounted. A minus: it may be missing.
    # The first folder is for everybody, with the status socket and the console's banner in it; the
    # second is where the agent's view of the file system is put together.
    RuntimeDirectory = [
      "installer-agent"
      "installer-agent-root"
    ];
    RootDirectory = "/run/installer-agent-root";
    # agetty shows it by a link to it in /etc/issue.d; issue-reload.nix tells agetty of a change.
    Environment = [
      "INSTALLER_AGENT_ISSUE_FILE=/run/installer-agent/issue"
    ]
    # Certificates go to /run/installer-agent/certificates; certificate-reload.nix tells sshd.
    ++ (if certifies then [ "INSTALLER_AGENT_CA_KEY=%d/ca-key" ] else [ ]);
    BindReadOnlyPaths =
      programs
      ++ [
        "-/etc/ssh"
        "-/etc/os-release"
      ]
      # ssh-keygen does nothing for a user without a name, and that of a dynamic one is known to
      # systemd only: by nscd as NixOS has it, or by nss-systemd.
      ++ (
        if certifies then
          [
            "-/etc/nsswitch.conf"
            "-/run/nscd"
            "-/run/systemd/userdb"
          ]
        else
          [ ]
      );

    # The rest of the system is none of its business.
    ProtectHome = true;
    PrivateDevices = true;
    PrivateMounts = true;
    ProtectClock = true;
    ProtectControlGroups = true;
    ProtectHostname = true;
    ProtectKernelLogs = true;
    ProtectKernelModules = true;
    LockPersonality = true;
    RestrictNamespaces = true;
    RestrictRealtime = true;
    UMask = "0077";
  }
  // (if certifies then { LoadCredential = [ "ca-key:${caKey}" ]; } else { })
  // (
    if notifies then
      {
        OpenFile = [
          "/run/systemd/notify:notify"
          # Without it the log goes the way of other output.
          "/run/systemd/journal/socket:journal:graceful"
        ];
      }
    else
      { }
  )
  # The delay grows from RestartSec to this one in so many steps: what goes wrong each time must not
  # keep a machine from its other work.
  // (
    if isAtLeast "254" then
      {
        RestartSteps = 5;
        RestartMaxDelaySec = "30s";
      }
    else
      { }
  );

  Install = {
    WantedBy = [ "multi-user.target" ];
  };
}
