# docs/nix-options.md, from the options themselves.
{ lib, pkgs }:
let
  # The options alone: nothing is defined, so nothing of NixOS is needed.
  inherit
    (lib.evalModules {
      modules = [
        ./module/live-installer.nix
        {
          _module.check = false;
          _module.args = { inherit pkgs; };
        }
      ];
    })
    options
    ;

  documented = lib.filter (
    option: option.visible && !option.internal && lib.head option.loc != "_module"
  ) (lib.optionAttrSetToDocList options);

  section = option: ''
    ## `${option.name}`

    ${plain (lib.trim option.description)}

    - type: ${option.type}
    - default: `${oneLine option.default.text}`
    - example: `${oneLine option.example.text}`
  '';
  # The marks that the manual of NixOS knows, and others show as they are.
  plain = lib.replaceStrings [ "{command}" "{file}" "{manpage}" "{option}" ] [ "" "" "" "" ];
  oneLine =
    text:
    lib.concatStringsSep " " (
      lib.filter (word: word != "") (lib.splitString " " (lib.replaceStrings [ "\n" ] [ " " ] text))
    );
in
''
  # Options of the NixOS modules

  Made from the modules in nix/module by `nix build .#options-page`; not written by hand.

''
+ lib.concatMapStringsSep "\n" section documented
