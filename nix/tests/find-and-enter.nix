# One installer, one operator, one cable: found, addressed, entered, gone.
{
  name = "find-and-enter";

  nodes.installer =
    { pkgs, ... }:
    {
      imports = [ ./nodes/installer.nix ];
      liveInstaller.flake = pkgs.runCommand "flake" { } "mkdir $out; touch $out/flake.{nix,lock}";
    };
  nodes.operator = ./nodes/operator.nix;

  testScript = ''
    import json

    start_all()
    installer.wait_for_unit("installer-agent.service")
    operator.wait_for_unit("multi-user.target")

    def is_found(_last_try: bool) -> bool:
        found = json.loads(operator.succeed("scanner find --wait --json --timeout 60"))
        [machine] = found["installers"]
        kinds = {address["kind"] for link in machine["links"] for address in link["addresses"]}
        return (
            machine["name"] == "NixOS"
            and machine["user"] == "nixos"
            and machine["agent"] is not None
            and machine["agent"]["flake"] == "/iso/devos"
            and {"eui64", "static"} <= kinds
        )

    with subtest("found, by what it announces and by its addresses"):
        # It is found before it has its names and addresses to itself, which takes some seconds.
        retry(is_found, timeout_seconds=60)

    with subtest("entered by name, and root from there"):
        assert operator.succeed("scanner ssh NixOS -- whoami").strip() == "nixos"
        assert operator.succeed("scanner ssh NixOS -- sudo -n whoami").strip() == "root"
        operator.succeed("scanner ssh NixOS -- test -e /iso/devos/flake.nix")

    with subtest("the address that is printed is one for ssh, which takes keys only"):
        target = operator.succeed("scanner target NixOS --for ssh").strip()
        ssh = "ssh -o StrictHostKeyChecking=no -o BatchMode=yes"
        operator.succeed(f"{ssh} {target} true")
        refusal = operator.fail(f"{ssh} -o PubkeyAuthentication=no {target} true 2>&1")
        assert "(publickey)" in refusal, refusal

    with subtest("the console tells how to get in"):
        installer.succeed("installer-agent status")
        installer.succeed("grep -F 'scanner ssh NixOS' /etc/issue.d/installer-agent.issue")

    with subtest("gone"):
        installer.shutdown()
        operator.succeed("scanner wait NixOS --for gone --timeout 60")
  '';
}
