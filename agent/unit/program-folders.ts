import { dirname } from 'node:path'
import { Failure } from '../../common/failure.ts'

/** Libraries, and most programs; the links beside /usr where it is merged. */
const systemFolders = ['/usr', '/bin', '/sbin', '/lib', '/lib64']
/** What ProtectHome= and PrivateTmp= hide from the unit. */
const hidden = /^\/(home|root|run\/user|tmp|var\/tmp)\//
/** Nothing that systemd reads as a separator, a quote or a specifier. */
const plain = /^[\w/.+@-]+$/

/** Real paths of what the agent consists of, and runs. */
export interface Programs {
  node: string
  /** The folder of this package. */
  package: string
  /** `ip` and the like. */
  helpers: readonly string[]
}

/**
 * The folders that the unit has to see (`BindReadOnlyPaths=`; a minus: it may be missing). Throws a
 * Failure when it could not see one of them.
 */
export function programFolders({ node, package: own, helpers }: Programs): string[] {
  const folders = [dirname(dirname(node)), own, ...helpers.map((path) => dirname(path))]
    .filter((folder) => !isOfSystem(folder))
    .map((folder) => (folder.startsWith('/nix/store/') ? '/nix/store' : folder))
  for (const folder of folders) checkVisible(folder)
  return [...systemFolders.map((folder) => `-${folder}`), ...new Set(folders)]
}

function isOfSystem(folder: string): boolean {
  return systemFolders.some((each) => `${folder}/`.startsWith(`${each}/`))
}

function checkVisible(folder: string): void {
  const reason = hidden.test(`${folder}/`)
    ? `the unit does not see ${folder}, where a part of the agent lies`
    : !plain.test(folder) && `expected a path of letters, digits and /._+@-, got '${folder}'`
  if (!reason) return
  const advice =
    'install Node and this package below /usr/local or /opt: npm install --global installer-discovery'
  throw new Failure(reason, { advice })
}
