import { runCommand } from '../../common/command.ts'

let asking = false

/**
 * The interface by which the kernel would send to an address; undefined when it would not, or while
 * another question is open: whoever floods us is not to make us start commands without end.
 */
export async function routeTo(address: string): Promise<string | undefined> {
  if (asking) return undefined
  asking = true
  try {
    const { stdout } = await runCommand('ip', ['-j', 'route', 'get', address])
    const [route] = JSON.parse(stdout || '[]') as { dev?: string }[]
    return route?.dev
  } catch {
    return undefined
  } finally {
    asking = false
  }
}
