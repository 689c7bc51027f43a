#!/usr/bin/env node
import { showAddresses } from '../common/address-show.ts'
import { runProgram, untilInterrupted } from '../common/cli.ts'
import { exitStatus } from '../common/contract.ts'
import { createLog, type Log, type LogLevel } from '../common/log.ts'
import { beFrugal } from './frugal.ts'
import { type Arguments, checkOptions } from './option-checks.ts'
import { readPlainly } from './plain-words.ts'
import { journalLog } from './systemd/journal.ts'
import { passedSockets } from './systemd/passed-sockets.ts'
import { serviceManager } from './systemd/service-manager.ts'

/** `run` as a unit starts it is read without yargs, which would stay in memory as long as the agent runs: 6 MB. */
async function main(argv: string[]): Promise<number> {
  const plain = readPlainly(argv, process.env)
  if (plain) await run(plain)
  else {
    const { readCommandLine } = await import('./command-line.ts')
    await readCommandLine(argv, run)
  }
  return exitStatus.done
}

async function run(args: Arguments): Promise<void> {
  const options = checkOptions(args)
  const sockets = passedSockets()
  const signal = untilInterrupted()
  // The kernel is asked while what works on its answer is loaded.
  const shown = showAddresses(signal)
  // Whoever takes it is told.
  shown.catch(() => {})
  const { runDaemon } = await import('./daemon.ts')
  beFrugal()
  const log = await openLog(sockets.get('journal'), options.logLevel)
  const manager = serviceManager(sockets.get('notify'), log)
  await runDaemon(options, log, manager, signal, shown)
}

async function openLog(journal: number | undefined, level: LogLevel): Promise<Log> {
  const name = 'installer-agent'
  return journal === undefined ? createLog(name, level) : journalLog(journal, name, level)
}

void runProgram('installer-agent', () => main(process.argv.slice(2)))
