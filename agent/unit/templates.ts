/**
 * The units of nix/ as text, for systems without Nix, with `@...@` for what differs from machine to
 * machine. Written by test/nix/templates.ts: change nix/, not this.
 */
export const templates = {
  service: `[Unit]
After=network-pre.target
After=sshd-keygen.service
After=sshd-keygen.target
Before=network-online.target
Description=Announce this live installer on every link and keep its addresses there
StartLimitIntervalSec=0

[Service]
AmbientCapabilities=CAP_NET_ADMIN
BindReadOnlyPaths=@programs@
BindReadOnlyPaths=-/etc/ssh
BindReadOnlyPaths=-/etc/os-release
CapabilityBoundingSet=CAP_NET_ADMIN
DynamicUser=true
Environment=INSTALLER_AGENT_ISSUE_FILE=/run/installer-agent/issue
ExecStart=@exec@
KillMode=mixed
KillSignal=SIGTERM
LockPersonality=true
OpenFile=/run/systemd/notify:notify
OpenFile=/run/systemd/journal/socket:journal:graceful
PrivateDevices=true
PrivateMounts=true
ProtectClock=true
ProtectControlGroups=true
ProtectHome=true
ProtectHostname=true
ProtectKernelLogs=true
ProtectKernelModules=true
ProtectKernelTunables=true
ProtectProc=invisible
Restart=always
RestartMaxDelaySec=30s
RestartSec=1s
RestartSteps=5
RestrictAddressFamilies=AF_INET
RestrictAddressFamilies=AF_INET6
RestrictAddressFamilies=AF_NETLINK
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=true
RestrictRealtime=true
RootDirectory=/run/installer-agent-root
RuntimeDirectory=installer-agent
RuntimeDirectory=installer-agent-root
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=@pkey
SystemCallFilter=~@privileged
SystemCallFilter=~@resources
TimeoutStopSec=5s
Type=notify
UMask=0077

[Install]
WantedBy=multi-user.target
`,
  olderService: `[Unit]
After=network-pre.target
After=sshd-keygen.service
After=sshd-keygen.target
Before=network-online.target
Description=Announce this live installer on every link and keep its addresses there
StartLimitIntervalSec=0

[Service]
AmbientCapabilities=CAP_NET_ADMIN
BindReadOnlyPaths=@programs@
BindReadOnlyPaths=-/etc/ssh
BindReadOnlyPaths=-/etc/os-release
CapabilityBoundingSet=CAP_NET_ADMIN
DynamicUser=true
Environment=INSTALLER_AGENT_ISSUE_FILE=/run/installer-agent/issue
ExecStart=@exec@
KillMode=mixed
KillSignal=SIGTERM
LockPersonality=true
PrivateDevices=true
PrivateMounts=true
ProtectClock=true
ProtectControlGroups=true
ProtectHome=true
ProtectHostname=true
ProtectKernelLogs=true
ProtectKernelModules=true
ProtectKernelTunables=true
ProtectProc=invisible
Restart=always
RestartSec=1s
RestrictAddressFamilies=AF_INET
RestrictAddressFamilies=AF_INET6
RestrictAddressFamilies=AF_NETLINK
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=true
RestrictRealtime=true
RootDirectory=/run/installer-agent-root
RuntimeDirectory=installer-agent
RuntimeDirectory=installer-agent-root
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=@pkey
SystemCallFilter=~@privileged
SystemCallFilter=~@resources
TimeoutStopSec=5s
Type=exec
UMask=0077

[Install]
WantedBy=multi-user.target
`,
  caKey: `[Service]
BindReadOnlyPaths=-/etc/nsswitch.conf
BindReadOnlyPaths=-/run/nscd
BindReadOnlyPaths=-/run/systemd/userdb
Environment=INSTALLER_AGENT_CA_KEY=%d/ca-key
LoadCredential=ca-key:installer-agent.ca-key
`,
  issuePath: `[Unit]
Description=Watch the console banner of the installer agent

[Path]
PathChanged=/run/installer-agent/issue

[Install]
WantedBy=multi-user.target
`,
  issueService: `[Unit]
Description=Show the console banner of the installer agent
StartLimitIntervalSec=0

[Service]
CapabilityBoundingSet=
ExecStart=@agetty@ --reload
LockPersonality=true
LogLevelMax=notice
MemoryDenyWriteExecute=true
NoNewPrivileges=true
PrivateDevices=true
PrivateNetwork=true
PrivateTmp=true
ProtectClock=true
ProtectControlGroups=true
ProtectHome=true
ProtectHostname=true
ProtectKernelLogs=true
ProtectKernelModules=true
ProtectKernelTunables=true
ProtectProc=invisible
ProtectSystem=strict
ReadWritePaths=/run
RestrictAddressFamilies=none
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallFilter=~@resources
Type=oneshot
`,
  certificatePath: `[Unit]
Before=installer-agent.service
Description=Watch the host certificate of the installer agent

[Path]
PathChanged=/run/installer-agent/certificates/ssh_host_ed25519_key-cert.pub

[Install]
WantedBy=multi-user.target
`,
  certificateService: `[Unit]
ConditionPathExists=/run/installer-agent/certificates/ssh_host_ed25519_key-cert.pub
Description=Let sshd show the host certificate of the installer agent
StartLimitIntervalSec=0

[Service]
CapabilityBoundingSet=
ExecStart=@systemctl@ try-reload-or-restart @sshd@
LockPersonality=true
LogLevelMax=notice
MemoryDenyWriteExecute=true
NoNewPrivileges=true
PrivateDevices=true
PrivateNetwork=true
PrivateTmp=true
ProtectClock=true
ProtectControlGroups=true
ProtectHome=true
ProtectHostname=true
ProtectKernelLogs=true
ProtectKernelModules=true
ProtectKernelTunables=true
ProtectProc=invisible
ProtectSystem=strict
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallFilter=~@resources
Type=oneshot
`,
}
