import { readFileSync } from 'node:fs'
import t from 'tap'
import { staticLinkLocal, staticSolicitedNode, version } from '../../common/contract.ts'

t.test('the version is that of the package', (t) => {
  const { version: packaged } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    version: string
  }
  t.equal(version, packaged)
  t.end()
})

t.test('the beacon is the solicited-node group of the static address (RFC 4291 2.7.1)', (t) => {
  const [n, i, x] = ['n', 'i', 'x'].map((letter) => letter.charCodeAt(0) - 96)
  t.equal(staticLinkLocal, `fe80::${(n ?? 0) + (i ?? 0) + (x ?? 0)}`)
  t.equal(staticSolicitedNode, 'ff02::1:ff00:47')
  t.end()
})
