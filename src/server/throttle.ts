/** A delay that grows with wrong tries for one key and is forgotten in time: nobody is locked out for good by others (ASVS 6.1.1). */
import type { Clock } from '../replica/clock.ts'

export interface Throttle {
  /** Seconds until the next try is heard; 0 for now. */
  wait(key: string): number
  wrong(key: string): void
  right(key: string): void
}

export function throttle(clock: Clock): Throttle {
  const tries = new Map<string, { count: number; until: number }>()
  return {
    wait(key) {
      return Math.max(0, Math.ceil(((tries.get(key)?.until ?? 0) - clock.now()) / 1000))
    },
    wrong(key) {
      if (tries.size > 10_000) tries.clear()
      const count = (tries.get(key)?.count ?? 0) + 1
      // The first three tries are free: people mistype.
      tries.set(key, { count, until: clock.now() + (count < 3 ? 0 : Math.min(900_000, 1_000 * 2 ** (count - 3))) })
    },
    right: (key) => void tries.delete(key),
  }
}
