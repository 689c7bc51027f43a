/** What the sources need of an operating system: the words of its commands, and how to read what they say. */
export interface Platform {
  /** Sends echo requests to an address or a group on a link until it is ended, or a few. */
  echoCommand(address: string, zone: string): CommandLine
  /** The source address of a reply, normalized and without zone; undefined for any other line. */
  parseEchoReply(line: string): string | undefined
  /** Ways to read the neighbour table, best first; the commands of one way add up to the table. */
  neighbourTables: readonly (readonly TableCommand[])[]
}

export interface CommandLine {
  command: string
  args: string[]
}

export interface TableCommand extends CommandLine {
  /** Entries whose MAC may be right, as far as the system tells (RFC 4861 section 7.3.2). */
  parse(output: string): Neighbour[]
}

/** An entry of the neighbour table. */
export interface Neighbour {
  address: string
  mac: string
  /** The link, as it is written in a zone. */
  link: string
}
