# A module system without types: the strongest definition counts, lists are joined, sets merged.
{ modules }:
let
  lib = import ./lib.nix;
  inherit (builtins)
    all
    attrNames
    concatMap
    elemAt
    filter
    foldl'
    head
    isAttrs
    isFunction
    isList
    length
    map
    ;

  # Every module once, with those that it imports.
  loaded = map (node: node.module) (
    builtins.genericClosure {
      startSet = numbered "" modules;
      operator = { key, module }: numbered key (module.imports or [ ]);
    }
  );
  numbered =
    parent: list: builtins.genList (index: load parent index (elemAt list index)) (length list);
  load =
    parent: index: given:
    let
      file = if isAttrs given || isFunction given then given else import given;
      module = if isFunction file then file args else file;
      isPath = !(isAttrs given || isFunction given);
    in
    {
      key = module.key or (if isPath then toString given else "${parent}/${toString index}");
      inherit module;
    };

  configOf =
    module:
    module.config or (removeAttrs module [
      "_module"
      "imports"
      "key"
      "meta"
      "options"
    ]);
  args = {
    inherit lib config options;
  }
  // foldl' (found: module: found // (module._module.args or { })) { } (
    filter isAttrs modules
  );

  options = foldl' mergeTrees { } (map (module: module.options or { }) loaded);
  mergeTrees =
    a: b:
    a
    // builtins.mapAttrs (
      name: tree: if a ? ${name} && !(tree ? _type) then mergeTrees a.${name} tree else tree
    ) b;

  # Conditions are asked last: they depend on what is being put together here.
  plain = content: {
    inherit content;
    conditions = [ ];
    priority = 100;
  };
  discharge =
    definition:
    let
      inner = definition.content;
      kind = if isAttrs inner then inner._type or "" else "";
    in
    if kind == "merge" then
      concatMap (content: discharge (definition // { inherit content; })) inner.contents
    else if kind == "if" then
      discharge (
        definition
        // {
          inherit (inner) content;
          conditions = definition.conditions ++ [ inner.condition ];
        }
      )
    else if kind == "override" then
      discharge (definition // { inherit (inner) content priority; })
    else
      [ definition ];

  merge =
    tree: given:
    let
      definitions = concatMap discharge given;
      isOption = tree._type or "" == "option";
      below = if isOption then tree.type.options or { } else tree;
      mayBeSet = !isOption || tree.type ? options;
      isSet = mayBeSet && all ({ content, ... }: isAttrs content && !(content ? outPath)) definitions;
      names = attrNames (foldl' (names: each: names // each.content) below definitions);
      ofName =
        name: each:
        lib.optional (each.content ? ${name}) (each // { content = each.content.${name}; });
    in
    if isSet then
      lib.genAttrs names (name: merge (below.${name} or { }) (concatMap (ofName name) definitions))
    else
      strongest (
        filter ({ conditions, ... }: all (condition: condition) conditions) definitions
        ++ lib.optional (tree ? default) (plain tree.default // { priority = 1500; })
      );
  strongest =
    definitions:
    let
      smaller = least: { priority, ... }: if priority < least then priority else least;
      best = foldl' smaller 9999 definitions;
      values = map (each: each.content) (filter ({ priority, ... }: priority == best) definitions);
    in
    # What only a condition that does not hold defines is there, as nothing.
    if values == [ ] then
      null
    else if isList (head values) then
      builtins.concatLists values
    else
      head values;

  config = merge options (map (module: plain (configOf module)) loaded);
in
{
  inherit config options;
}
