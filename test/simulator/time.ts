/**
 * Time that passes only when the simulator says so. All timers of all processes stand in one list; a process that is
 * gone takes its timers with it. Each machine's wall clock may differ from the time of the world.
 */
import type { Clock } from '../../src/replica/clock.ts'
import type { Chance } from './chance.ts'

interface Timer {
  readonly due: number
  readonly order: number
  readonly owner: object
  readonly run: () => void
}

export interface Time {
  /** Milliseconds since the simulation began. */
  readonly now: number
  pass(ms: number): void
  /** Runs the first timer that is due; false where none is. */
  ring(): boolean
  /** When the next timer is due; undefined where there is none. */
  next(): number | undefined
  /** The clock of a process whose machine's wall clock is ahead by `offset()`. */
  clockFor(owner: object, offset: () => number, chance: Chance): Clock
  /** Forgets the timers of a process that is gone. */
  forget(owner: object): void
  /** How many timers of a process wait. */
  waiting(owner: object): number
}

/** Where simulated time begins, milliseconds UTC. */
export const epochOfTime = Date.UTC(2027, 0, 4, 8)

export function simulatedTime(): Time {
  let now = 0
  let order = 0
  // In order of due time, then of asking.
  let timers: Timer[] = []
  const after = (owner: object, ms: number, run: () => void): (() => void) => {
    const timer: Timer = { due: now + ms, order: order++, owner, run }
    const place = timers.findLastIndex((one) => one.due <= timer.due)
    timers.splice(place + 1, 0, timer)
    return () => {
      const at = timers.indexOf(timer)
      if (at >= 0) timers.splice(at, 1)
    }
  }
  return {
    get now() {
      return now
    },
    pass(ms) {
      now += ms
    },
    ring() {
      if (timers.length === 0 || timers[0]!.due > now) return false
      timers.shift()!.run()
      return true
    },
    next: () => timers[0]?.due,
    clockFor: (owner, offset, chance) => ({
      now: () => epochOfTime + now + offset(),
      after: (ms, run) => after(owner, ms, run),
      bytes: (length) => chance.bytes(length),
    }),
    forget(owner) {
      timers = timers.filter((timer) => timer.owner !== owner)
    },
    waiting: (owner) => timers.filter((timer) => timer.owner === owner).length,
  }
}
