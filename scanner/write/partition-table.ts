import { firstLine, runCommand } from '../../common/command.ts'

/**
 * The door to blockdev: the kernel reads the partition table once more. Gives its complaint, if any:
 * the old partitions are still what it knows then.
 */
export async function readPartitionTable(path: string): Promise<string | undefined> {
  const { status, stderr } = await runCommand('blockdev', ['--rereadpt', path])
  // EINVAL: a device that can have no partitions, such as a part of another or a plain loop device.
  if (status === 0 || stderr.includes('Invalid argument')) return undefined
  return firstLine(stderr)
}
