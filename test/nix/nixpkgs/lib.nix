# The few functions of nixpkgs' lib that nix/ and flake.nix use, for tests without nixpkgs. Whether
# they do the same is checked where there is one: `nix flake check`.
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    filter
    foldl'
    head
    isAttrs
    isBool
    isList
    isString
    listToAttrs
    map
    replaceStrings
    split
    stringLength
    substring
    ;
in
builtins
// rec {
  optional = condition: value: if condition then [ value ] else [ ];
  optionals = condition: values: if condition then values else [ ];
  optionalString = condition: text: if condition then text else "";
  optionalAttrs = condition: attrs: if condition then attrs else { };

  nameValuePair = name: value: { inherit name value; };
  genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);
  mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
  filterAttrs =
    keep: set:
    removeAttrs set (filter (name: !keep name set.${name}) (attrNames set));
  concatMapAttrs = f: set: foldl' (all: name: all // f name set.${name}) { } (attrNames set);
  mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);

  hasSuffix =
    suffix: text:
    stringLength text >= stringLength suffix
    && substring (stringLength text - stringLength suffix) (-1) text == suffix;
  removeSuffix =
    suffix: text:
    if hasSuffix suffix text then
      substring 0 (stringLength text - stringLength suffix) text
    else
      text;
  removePrefix = prefix: text: substring (stringLength prefix) (-1) text;
  splitString = separator: text: filter isString (split separator text);
  concatMapStringsSep =
    separator: f: list:
    concatStringsSep separator (map f list);
  concatLines = lines: concatStringsSep "" (map (line: line + "\n") lines);
  trim = text: head (builtins.match "[ \n]*(.*[^ \n])[ \n]*" text);
  escapeShellArg = text: "'${replaceStrings [ "'" ] [ "'\\''" ] text}'";
  getExe = package: "${package}/bin/${package.meta.mainProgram}";
  getExe' = package: name: "${package}/bin/${name}";
  extendDerivation =
    _: passthru: drv:
    drv // passthru;

  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };
  mkDefault = mkOverride 1000;
  mkForce = mkOverride 50;
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };

  mkOption = option: { _type = "option"; } // option;
  mkEnableOption =
    name:
    mkOption {
      type = types.bool;
      default = false;
      example = true;
      description = "Whether to enable ${name}.";
    };
  mkPackageOption =
    pkgs: name:
    { example }:
    mkOption {
      type = types.package;
      default = pkgs.${name};
      defaultText = literalExpression "pkgs.${name}";
      example = literalExpression example;
      description = "The ${name} package to use.";
    };
  literalExpression = text: {
    _type = "literalExpression";
    inherit text;
  };

  types =
    let
      named = description: { inherit description; };
    in
    {
      bool = named "boolean";
      str = named "string";
      singleLineStr = named "(optionally newline-terminated) single-line string";
      strMatching = pattern: named "string matching the pattern ${pattern}";
      path = named "absolute path";
      package = named "package";
      port = named "16 bit unsigned integer; between 0 and 65535 (both inclusive)";
      enum = values: named "one of ${concatMapStringsSep ", " (generators.toPretty { }) values}";
      nullOr = type: named "null or ${type.description}";
      listOf = type: named "list of ${type.description}";
      submodule =
        { freeformType, options }:
        named "open submodule of (${freeformType.description})" // { inherit options; };
    };

  generators.toPretty =
    _: value:
    if value == null then
      "null"
    else if isBool value then
      (if value then "true" else "false")
    else if isString value then
      builtins.toJSON value
    else if isList value then
      "[ ${concatStringsSep " " (map (generators.toPretty { }) value ++ [ "]" ])}"
    else if isAttrs value then
      "{ ${
        concatStringsSep " " (
          mapAttrsToList (name: each: "${name} = ${generators.toPretty { } each};") value ++ [ "}" ]
        )
      }"
    else
      toString value;

  optionAttrSetToDocList =
    let
      pretty = generators.toPretty { };
      text = value: if value ? _type then value else literalExpression (pretty value);
      document = loc: option: {
        inherit loc;
        name = concatStringsSep "." loc;
        inherit (option) description;
        type = option.type.description;
        default = text (option.defaultText or option.default);
        example = text option.example;
        visible = true;
        internal = false;
      };
      visit =
        loc: tree:
        if tree._type or "" == "option" then
          [ (document loc tree) ] ++ visit loc (tree.type.options or { })
        else
          concatMap (name: visit (loc ++ [ name ]) tree.${name}) (attrNames tree);
    in
    visit [ ];

  evalModules = import ./modules.nix;
  nixosSystem =
    { modules }:
    let
      system = evalModules { modules = modules ++ [ base ]; } // {
        pkgs = import ./pkgs.nix system.config.nixpkgs.hostPlatform;
      };
      base = {
        _module.args.pkgs = system.pkgs;
        system.build.toplevel = {
          type = "derivation";
          outPath = "/nix/store/nixos-system-${system.config.networking.hostName}";
        };
        networking.networkmanager.enable = mkOverride 1500 false;
        services.openssh.ports = mkOverride 1500 [ 22 ];
        system.nixos.label = "26.11";
        users.users.nixos.openssh.authorizedKeys = {
          keys = [ ];
          keyFiles = [ ];
        };
        systemd.package = {
          outPath = "/nix/store/systemd";
          version = "260";
        };
        programs.ssh.package = "/nix/store/openssh";
      };
    in
    system;

  platforms.linux = [ "x86_64-linux" ];
  platforms.darwin = [ "aarch64-darwin" ];
  licenses.mit = "MIT";
  importJSON = path: builtins.fromJSON (builtins.readFile path);
  fileContents = path: head (splitString "\n" (builtins.readFile path));
  makeBinPath = packages: concatMapStringsSep ":" (package: "${package}/bin") packages;
  fileset.unions = files: files;
  fileset.toSource =
    { root, fileset }:
    {
      root = toString root;
      files = map toString fileset;
    };
  fetchers.proxyImpureEnvVars = [ "https_proxy" ];
}
