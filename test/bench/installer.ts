import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type InstallerFiles,
  makeKeys,
  startAgent,
  startSshServer,
} from '../../scanner/demo/installer.ts'
import { connect, createNamespace, type Namespace } from '../../scanner/demo/namespace.ts'

/** A real installer, agent and sshd, on a cable from the operator's machine. */
export interface Pair {
  operator: Namespace
  installer: Namespace
  files: InstallerFiles
  /** The installer's own address, with zone. */
  address: string
}

/** Makes both machines for as long as `measure` goes on. */
export async function* withInstaller<T>(
  measure: (pair: Pair) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'))
  const [operator, installer] = [await createNamespace(), await createNamespace()]
  try {
    const far = { namespace: installer, interface: 'in0', mac: '52:54:00:12:34:56' }
    await connect({ namespace: operator, interface: 'op0' }, far)
    const files = await makeKeys(folder)
    await startSshServer(installer, files)
    await startAgent(installer, files)
    yield* measure({ operator, installer, files, address: 'fe80::5054:ff:fe12:3456%op0' })
  } finally {
    for (const each of [operator, installer]) each.end()
    await rm(folder, { recursive: true })
  }
}
