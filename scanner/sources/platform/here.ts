import { darwin } from './darwin.ts'
import { linux } from './linux.ts'
import type { Platform } from './platform.ts'
import { win32 } from './win32.ts'

const platforms: Partial<Record<NodeJS.Platform, Platform>> = { linux, darwin, win32 }

/** The operating system's commands; those of Linux where nothing better is known. */
export function platformOf(name: NodeJS.Platform): Platform {
  return platforms[name] ?? linux
}

/** Those of the system that this program runs on. */
export const here = platformOf(process.platform)
