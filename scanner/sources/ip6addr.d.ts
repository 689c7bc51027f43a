/** The part of ip6addr 0.2.5 that is used; the package ships no types. */
declare module 'ip6addr' {
  interface Addr {
    toString(): string
    toBuffer(buffer: Buffer): Buffer
    /** The address so many further on. */
    offset(count: number): Addr
  }
  interface Cidr {
    contains(address: string): boolean
    /** The first host: of IPv4 and of IPv6 the address after the network's own. */
    first(): Addr
  }
  const ip6addr: {
    /** Throws on a zone or on anything that is no address. */
    parse(address: string): Addr
    createCIDR(address: string, prefixLength: number): Cidr
  }
  export default ip6addr
}
