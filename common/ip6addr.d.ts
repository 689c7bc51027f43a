/** The part of ip6addr 0.2.5 that address.ts uses; the package ships no types. */
declare module 'ip6addr' {
  interface Addr {
    toString(options?: { format?: 'auto' | 'v4' | 'v6' }): string
    toBuffer(buffer: Buffer): Buffer
  }
  interface Cidr {
    contains(address: string | Addr): boolean
  }
  const ip6addr: {
    /** Throws on a zone or on anything that is no address. */
    parse(address: string): Addr
    createCIDR(address: string, prefixLength: number): Cidr
  }
  export default ip6addr
}
