/** Shells that can be told what may come next. */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/**
 * The script that a shell loads: it asks the program at each Tab, and knows no words of its own.
 * `program` are the words by which the shell starts it.
 */
export function completionScript(shell: Shell, program: readonly string[]): string {
  return scripts[shell](program.map(quoters[shell]).join(' '))
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`
const quoters: Record<Shell, (word: string) => string> = {
  bash: quoted,
  zsh: quoted,
  fish: (word) => `'${word.replace(/[\\']/g, '\\$&')}'`,
}

// What comes back are lines of plain words, put into an array one by one: `compgen -W` would run what
// is in them. `</dev/null`: a program that reads would take what is typed next.
const scripts: Record<Shell, (program: string) => string> = {
  bash: (program) => `# bash completion for scanner, made by 'scanner completion bash'
_scanner_complete() {
  local kind text
  COMPREPLY=()
  {
    read -r kind
    if [[ $kind == files ]]; then compopt -o default; fi
    while IFS=$'\\t' read -r text _; do COMPREPLY+=("$text"); done
  } < <(${program} complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null)
}
complete -F _scanner_complete scanner
`,
  zsh: (program) => `#compdef scanner
# zsh completion for scanner, made by 'scanner completion zsh'
_scanner() {
  local kind text describe
  local -a texts shown
  {
    IFS= read -r kind
    while IFS=$'\\t' read -r text describe; do
      texts+=("$text")
      shown+=("$text\${describe:+  -- $describe}")
    done
  } < <(${program} complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null </dev/null)
  if [[ $kind == files ]]; then _files; else compadd -l -d shown -a texts; fi
}
if [[ \${funcstack[1]} == _scanner ]]; then _scanner "$@"; else compdef _scanner scanner; fi
`,
  fish: (program) => `# fish completion for scanner, made by 'scanner completion fish'
function __scanner_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    test -n "$current"; or set current ''
    set -l lines (${program} complete -- $words[2..] $current 2>/dev/null </dev/null)
    if test "$lines[1]" = files
        __fish_complete_path $current
    else
        printf '%s\\n' $lines[2..]
    end
end
complete -c scanner -f -a '(__scanner_complete)'
`,
}
