/**
 * Time, timers and randomness as one argument, so that nothing else in the product reads them from the machine
 * and a test or a simulator can hold them. `systemClock` is the only place that touches the real ones.
 */
import { randomFillSync } from 'node:crypto'

export interface Clock {
  /** Milliseconds since the Unix epoch, UTC. */
  now(): number
  /** Calls `run` once after `ms`; returns what cancels it. */
  after(ms: number, run: () => void): () => void
  /** `length` bytes from a cryptographic source. */
  bytes(length: number): Uint8Array
}

// Drawn from a pool: asking the kernel for every id costs more than all else about it.
const pool = Buffer.alloc(16 * 1024)
let drawn = pool.length

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  bytes(length) {
    if (length > pool.length) return randomFillSync(new Uint8Array(length))
    if (drawn + length > pool.length) {
      randomFillSync(pool)
      drawn = 0
    }
    const bytes = Uint8Array.from(pool.subarray(drawn, drawn + length))
    // What was handed out may be a key: the pool does not keep it.
    pool.fill(0, drawn, (drawn += length))
    return bytes
  },
}

/** A whole number from 0 up to and without `limit` (at most 2^32), evenly spread enough for jitter and ids. */
export function randomBelow(clock: Clock, limit: number): number {
  const bytes = clock.bytes(6)
  const value = new DataView(bytes.buffer, bytes.byteOffset, 6)
  return (value.getUint32(0) * 0x10000 + value.getUint16(4)) % limit
}
