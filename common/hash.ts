/** Loaded when it is needed: it takes a tenth of Node's own start, and most searches do without. */
export function loadCrypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto')
}

export function sha256(data: string | Buffer): Buffer {
  return loadCrypto().createHash('sha256').update(data).digest()
}
