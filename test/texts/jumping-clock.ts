/** Time that jumps from one timer to the next, so that months pass in seconds and nothing happens but at its own moment. */
import { systemClock, type Clock } from '../../src/replica/clock.ts'

export interface JumpingClock extends Clock {
  /** Lets time pass until `until`, milliseconds UTC; after each moment at which a timer rang `settled` is waited for. */
  runUntil(until: number, settled: () => Promise<void>): Promise<void>
}

export function jumpingClock(start: number): JumpingClock {
  let now = start
  const timers = new Set<{ readonly at: number; readonly run: () => void }>()
  return {
    now: () => now,
    bytes: systemClock.bytes,
    after(ms, run) {
      const timer = { at: now + ms, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    async runUntil(until, settled) {
      await settled()
      for (;;) {
        const next = Math.min(...[...timers].map(({ at }) => at))
        if (next > until) break
        now = Math.max(now, next)
        for (const timer of [...timers].filter(({ at }) => at <= now)) {
          timers.delete(timer)
          timer.run()
        }
        await settled()
      }
      now = until
      await settled()
    },
  }
}
