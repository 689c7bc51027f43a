export type UnitValue = string | number | boolean
/** A unit as `nix/unit.nix` has it: sections of keys. */
export type Unit = Record<string, Record<string, UnitValue | UnitValue[]>>

/** The text of a unit file (systemd.syntax(7)). A list is a repeated key, as NixOS renders it. */
export function renderUnit(unit: Unit): string {
  return Object.entries(unit)
    .map(([name, section]) => [`[${name}]`, ...renderSection(section), ''].join('\n'))
    .join('\n')
}

function renderSection(section: Unit[string]): string[] {
  return Object.entries(section).flatMap(([key, value]) =>
    [value].flat().map((each) => `${key}=${each}`),
  )
}
