# A unit as the pure data of nix/ has it, as the options of NixOS take it.
{ lib }:
unit:
let
  ordering = {
    After = "after";
    Before = "before";
  };
  named = lib.filterAttrs (key: _: ordering ? ${key}) unit.Unit;
in
lib.mapAttrs' (key: lib.nameValuePair ordering.${key}) named
// {
  description = unit.Unit.Description;
  unitConfig = removeAttrs unit.Unit ([ "Description" ] ++ lib.attrNames named);
  wantedBy = unit.Install.WantedBy or [ ];
}
// lib.optionalAttrs (unit ? Service) { serviceConfig = unit.Service; }
// lib.optionalAttrs (unit ? Path) { pathConfig = unit.Path; }
