/** node:crypto takes a tenth of Node's own start to load, and most searches need no hash. */
export function sha256(data: string | Buffer): Buffer {
  const { createHash } = process.getBuiltinModule('node:crypto')
  return createHash('sha256').update(data).digest()
}
