import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from './tree.ts'

/** The commands of docs/guide.md, each with where it is run. */
export interface Block {
  /** Where the block begins. */
  line: number
  /** Whose shell it is for. */
  where: string
  /** What else is said of it: `not-run`, or `again` for another boot of the ISO. */
  when: string | undefined
  script: string
  /** The paragraph that follows it. */
  after: string
}

export const guide = readFileSync(join(packageFolder, 'docs/guide.md'), 'utf8')

/** The fenced blocks of a Markdown text (CommonMark 4.5); what stands after the language says where and when. */
export function readBlocks(markdown: string): Block[] {
  const fenced = /^```(.*)\n([\s\S]*?)^```$(?:\n\n(.*))?/gm
  return [...markdown.matchAll(fenced)].map(
    ({ 1: info = '', 2: script = '', 3: after = '', index }) => {
      const [, where = '', when] = info.split(' ')
      return { line: markdown.slice(0, index).split('\n').length, where, when, script, after }
    },
  )
}
