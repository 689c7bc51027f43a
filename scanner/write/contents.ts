import { runCommand } from '../../common/command.ts'
import type { BlockDevice } from './block-devices.ts'

/**
 * The door to blkid: a device, and what is made of it, with what is on them now. lsblk repeats what
 * udev has seen, which is nothing where none runs. Who may not read a device knows no better than that.
 */
export async function withContents(device: BlockDevice): Promise<BlockDevice> {
  const args = ['--probe', '--output', 'value', '--match-tag', 'TYPE', device.path]
  const content = (await runCommand('blkid', args)).stdout.trim()
  const children = await Promise.all(device.children.map(withContents))
  return { ...device, content: content || device.content, children }
}
