/** A command line for `ExecStart=`: each argument is taken literally (systemd.service(5)). */
export function execLine(args: readonly string[]): string {
  return args.map((arg) => `"${escapeArgument(arg)}"`).join(' ')
}

function escapeArgument(arg: string): string {
  return arg.replace(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')
}
