import { install } from '@sinonjs/fake-timers'

/** A clock that stands still until it is told to go on: what is measured by it does not depend on the machine. */
export class FakeClock {
  readonly #clock = install({
    toFake: [
      'setTimeout',
      'clearTimeout',
      'setInterval',
      'clearInterval',
      'setImmediate',
      'clearImmediate',
    ],
  })
  readonly #performance = {
    now: performance.now,
    eventLoopUtilization: performance.eventLoopUtilization,
  }
  #workedMs = 0

  constructor(test: { teardown(handler: () => void): unknown }) {
    performance.now = () => this.now
    performance.eventLoopUtilization = () => ({
      idle: this.#clock.now,
      active: this.#workedMs,
      utilization: this.#workedMs / this.now,
    })
    test.teardown(() => {
      this.#clock.uninstall()
      Object.assign(performance, this.#performance)
    })
  }

  /** In milliseconds. */
  get now(): number {
    return this.#clock.now + this.#workedMs
  }

  /** The program waits so many milliseconds, and its timers fire. */
  wait(milliseconds: number): void {
    this.#clock.tick(milliseconds)
  }

  /** The program is busy for so many milliseconds, and no timer fires. */
  work(milliseconds: number): void {
    this.#workedMs += milliseconds
  }
}
