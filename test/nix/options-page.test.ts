import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { skipWithout } from './judge.ts'
import { evaluateWithFlake, root } from './outputs.ts'

const page = join(root, 'docs/nix-options.md')

// `INSTALLER_DISCOVERY_WRITE=1` writes it anew, for those who have no nixpkgs.
t.test(
  'docs/nix-options.md is what the options say',
  { skip: skipWithout('nix-instantiate') },
  async (t) => {
    const made = (await evaluateWithFlake(
      `import ${root}nix/options-page.nix { inherit lib pkgs; }`,
    )) as string
    if (process.env.INSTALLER_DISCOVERY_WRITE) await writeFile(page, made)
    t.equal(await readFile(page, 'utf8'), made)
    const options = made.split('\n## ').slice(1)
    t.ok(options.length > 10)
    for (const option of options)
      t.match(option, /\n- type: .+\n- default: `.+`\n- example: `.+`\n/, option.slice(0, 60))
  },
)
