import { encode } from 'uqr'

/** Light modules around the code. ISO 18004 asks for four; readers of screens take two. */
const quietZone = 2

/**
 * A QR code in lines of text, two rows of modules a line, so that it is as high as half its width and
 * a console of 25 lines shows it whole. Light modules are drawn and dark ones are left to the
 * background, which on a console is black. The half blocks are in code page 437, and so in the fonts
 * of the kernel, which NixOS leaves in place; many that can be loaded instead lack them (of 138 fonts
 * of console-setup 41 have them, 136 the full block). The least error correction, raised as far as
 * the size stays the same: a screen has no dirt.
 */
export function qrLines(text: string): string[] {
  const { data } = encode(text, { ecc: 'L', boostEcc: true, border: quietZone })
  const isLight = (x: number, y: number) => data[y]?.[x] === false
  const rows = Array.from({ length: Math.ceil(data.length / 2) }, (_, row) => row * 2)
  return rows.map((y) => data.map((_, x) => block(isLight(x, y), isLight(x, y + 1))).join(''))
}

function block(upper: boolean, lower: boolean): string {
  if (upper) return lower ? '█' : '▀'
  return lower ? '▄' : ' '
}
