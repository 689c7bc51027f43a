# Two installers with one name on a link: both found, none touched by that name, each entered by its id.
{
  name = "same-name";

  nodes.first = ./nodes/installer.nix;
  nodes.second = ./nodes/installer.nix;
  nodes.operator = ./nodes/operator.nix;

  testScript = ''
    import json

    start_all()
    first.wait_for_unit("installer-agent.service")
    second.wait_for_unit("installer-agent.service")
    operator.wait_for_unit("multi-user.target")

    machines: list[dict] = []

    def is_settled(_last_try: bool) -> bool:
        global machines
        command = "scanner find --wait --count 2 --json --timeout 60"
        machines = json.loads(operator.succeed(command))["installers"]
        held = [
            address
            for machine in machines
            for link in machine["links"]
            for address in link["addresses"]
            if address["kind"] == "static"
        ]
        return (
            len({machine["name"] for machine in machines}) == 2
            and {machine["configuredName"] for machine in machines} == {"NixOS"}
            and len(held) == 1
        )

    with subtest("both are found; one has the name, one the static address"):
        retry(is_settled, timeout_seconds=60)

    with subtest("a name that fits both touches none"):
        status, output = operator.execute("scanner ssh NixOS -- true 2>&1")
        assert status == 4, output

    with subtest("an id is one machine"):
        hosts = {
            operator.succeed(f"scanner ssh {machine['id']} -- hostname").strip()
            for machine in machines
        }
        assert hosts == {"first", "second"}, hosts
  '';
}
