/**
 * Tries at a secret: free at first, then after a delay that grows, by name, by client address and over all (ASVS 6.1.1,
 * 6.3.1). A try counts from its beginning, so that a hundred at once are no way around. The delay of a name is at most a
 * minute, shorter than that of the address that earns it, and an address where this person has signed in before counts
 * by itself: a stranger cannot lock anybody out. Counts drain in time; the memory is bounded.
 */
import type { Clock } from '../replica/clock.ts'

export interface Try {
  readonly name: string
  /** Left out where all come from one machine. */
  readonly address?: string | undefined
  /** This person has signed in from there before. */
  readonly known?: boolean
}
export interface Throttle {
  /** Seconds until a try is heard. 0: now, and it is counted as wrong until `right`. */
  take(one: Try): number
  /** The try was right: its name is free again, its address has one wrong try less. */
  right(one: Try): void
  /** How many names and addresses are remembered. */
  size(): number
}

/** `free` tries at once, one more each `drains` milliseconds; beyond them 1 s, 2 s, 4 s ... up to `longest`. */
interface Limit { readonly free: number; readonly drains: number; readonly longest: number } // prettier-ignore
const limits = {
  name: { free: 3, drains: 600_000, longest: 60_000 },
  known: { free: 10, drains: 600_000, longest: 60_000 },
  address: { free: 10, drains: 300_000, longest: 900_000 },
  all: { free: 300, drains: 100, longest: 4_000 },
} satisfies Record<string, Limit>
const mostKept = 20_000

export function throttle(clock: Clock): Throttle {
  const counts = new Map<string, { count: number; at: number; until: number }>()
  const keysOf = ({ name, address, known }: Try): (readonly [string, Limit])[] =>
    known
      ? [[`known ${address} ${name}`, limits.known]]
      : [
          [`name ${name}`, limits.name],
          ...(address === undefined ? [] : [[`address ${address}`, limits.address] as const]),
          ['all', limits.all],
        ]
  const countOf = (key: string, limit: Limit): number => {
    const held = counts.get(key)
    return held ? Math.max(0, held.count - (clock.now() - held.at) / limit.drains) : 0
  }
  const set = (key: string, count: number, until: number): void => {
    // Taken out and put in again, so that the first is the one not heard of for longest.
    counts.delete(key)
    if (count > 0) counts.set(key, { count, at: clock.now(), until })
    if (counts.size > mostKept) counts.delete(counts.keys().next().value!)
  }
  return {
    take(one) {
      const keys = keysOf(one)
      const wait = Math.max(...keys.map(([key]) => (counts.get(key)?.until ?? 0) - clock.now()))
      if (wait > 0) return Math.ceil(wait / 1000)
      for (const [key, limit] of keys) {
        const count = countOf(key, limit) + 1
        const over = Math.round(count - limit.free)
        set(key, count, over < 0 ? 0 : clock.now() + Math.min(limit.longest, 1_000 * 2 ** Math.min(over, 30)))
      }
      return 0
    },
    right(one) {
      for (const [key, limit] of keysOf(one)) {
        const left = limit === limits.name || limit === limits.known ? 0 : countOf(key, limit) - 1
        set(key, left, left < limit.free ? 0 : (counts.get(key)?.until ?? 0))
      }
    },
    size: () => counts.size,
  }
}
