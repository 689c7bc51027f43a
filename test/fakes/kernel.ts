import type { Kernel } from '../../agent/kernel.ts'

/** Does as `ip address` would, on a list of `link address`, and remembers each call. */
export class FakeKernel implements Kernel {
  readonly held = new Set<string>()
  readonly calls: string[] = []
  /** Thrown instead of adding, when set. */
  refusal: ((link: string, address: string) => Error) | undefined

  async addAddress(
    link: string,
    { address, deprecated }: { address: string; deprecated: boolean },
  ): Promise<boolean> {
    this.calls.push(`add ${link} ${address}${deprecated ? ' deprecated' : ''}`)
    if (this.refusal) throw this.refusal(link, address)
    if (this.held.has(`${link} ${address}`)) return false
    this.held.add(`${link} ${address}`)
    return true
  }

  async removeAddress(link: string, address: string): Promise<void> {
    this.calls.push(`remove ${link} ${address}`)
    this.held.delete(`${link} ${address}`)
  }
}
