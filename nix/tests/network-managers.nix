# The agent beside either network manager, on a cable without a router: both keep being found.
let
  # The card is the manager's, with no address but those that it finds itself.
  unnumbered = {
    virtualisation.interfaces.eth1 = {
      vlan = 1;
      assignIP = false;
    };
  };
in
{
  name = "network-managers";

  nodes.networkd = {
    imports = [
      ./nodes/installer.nix
      unnumbered
    ];
    networking.useNetworkd = true;
    systemd.network = {
      wait-online.enable = false;
      networks."10-eth1" = {
        matchConfig.Name = "eth1";
        networkConfig.DHCP = true;
      };
    };
    services.installer-agent.settings.hostname = "networkd";
  };
  nodes.networkmanager = {
    imports = [
      ./nodes/installer.nix
      unnumbered
    ];
    networking.networkmanager.enable = true;
    services.installer-agent.settings.hostname = "networkmanager";
  };
  nodes.operator = ./nodes/operator.nix;

  testScript = ''
    start_all()
    networkd.wait_for_unit("systemd-networkd.service")
    networkmanager.wait_for_unit("NetworkManager.service")
    operator.wait_for_unit("multi-user.target")

    for name in ["networkd", "networkmanager"]:
        with subtest(name):
            operator.succeed(f"scanner wait {name} --for ssh --timeout 60")
            assert operator.succeed(f"scanner ssh {name} -- hostname").strip() == name

    with subtest("both are there when the first try of DHCP is over"):
        operator.sleep(60)
        for name in ["networkd", "networkmanager"]:
            operator.succeed(f"scanner ssh {name} -- true")
  '';
}
