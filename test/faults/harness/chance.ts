/** Chance from a seed that is printed: the same seed makes the same choices, whatever the machine's speed makes of them. */

export interface Chance {
  readonly seed: number
  /** A whole number from 0 up to and without `limit`. */
  below(limit: number): number
  /** True once in `times`. */
  once(times: number): boolean
  pick<T>(list: readonly T[]): T
}

export function chanceOf(seed: number): Chance {
  // Mulberry32.
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return { seed, below, once: (times) => below(times) === 0, pick: (list) => list[below(list.length)]! }
}

/** The seed of a run: the one that is asked for with FAULTS_SEED, a fixed one in CI, else a new one. */
export function seedOfRun(): number {
  const asked = process.env['FAULTS_SEED']
  if (asked !== undefined) return Number(asked)
  return process.env['CI'] ? 20261123 : Date.now() % 1_000_000_000
}
