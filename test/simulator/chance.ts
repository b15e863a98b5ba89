/** All randomness of a simulation, from one seed, and the running hash of what happened, by which two runs are compared. */

export interface Chance {
  /** A whole number from 0 up to and without `limit`. */
  below(limit: number): number
  /** True once in `n` times. */
  oneIn(n: number): boolean
  pick<T>(list: readonly T[]): T
  bytes(length: number): Uint8Array
}

/** The same seed gives the same numbers for ever (mulberry32). */
export function chanceOf(seed: number): Chance {
  let state = Math.imul(seed ^ 0x9e3779b9, 2654435761) >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (limit: number): number => next() % limit
  return {
    below,
    oneIn: (n) => below(n) === 0,
    pick: (list) => list[below(list.length)]!,
    bytes: (length) => Uint8Array.from({ length }, () => next() & 255),
  }
}

export interface Trace {
  readonly hash: number
  /** Mixes what happened into the hash; where lines are kept, keeps it as a line. */
  note(line: string): void
  bytes(bytes: Uint8Array): void
  /** Keeps a line that is not part of the hash. */
  remark(line: string): void
  readonly lines: readonly string[] | undefined
}

/** A trace that keeps its lines only where asked: a long run has millions. */
export function traceOf(keepLines: boolean): Trace {
  let hash = 0x811c9dc5
  const lines: string[] | undefined = keepLines ? [] : undefined
  return {
    get hash() {
      return hash >>> 0
    },
    note(line) {
      for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193)
      lines?.push(line)
    },
    bytes(bytes) {
      for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
    },
    remark: (line) => void lines?.push(line),
    lines,
  }
}
