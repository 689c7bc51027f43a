import { type Shell, shells } from '../words/scripts.ts'
import type { Verb } from './verb.ts'

/** `scanner completion SHELL`. */
export const completion: Verb = (cli, finish) =>
  cli.command(
    'completion <shell>',
    'print the script by which a shell completes verbs, options and names of installers',
    (command) =>
      command
        .positional('shell', {
          choices: shells,
          demandOption: true,
          describe: 'the shell that is to load it',
        })
        .epilogue(
          [
            'For good, where the shell looks for it (zsh: in a folder of fpath):',
            '  scanner completion bash > ~/.local/share/bash-completion/completions/scanner',
            '  scanner completion zsh > ~/.zfunc/_scanner',
            '  scanner completion fish > ~/.config/fish/completions/scanner.fish',
            'In this shell only:',
            '  source <(scanner completion bash)',
          ].join('\n'),
        ),
    async (args) => {
      const { completion } = await import('../commands/completion.ts')
      finish(await completion(args.shell as Shell, process.argv[1] ?? ''))
    },
  )
