/**
 * Time, timers and randomness as one argument, so that nothing else in the product reads them from the machine
 * and a test or a simulator can hold them. `systemClock` is the only place that touches the real ones.
 */
import { randomBytes } from 'node:crypto'

export interface Clock {
  /** Milliseconds since the Unix epoch, UTC. */
  now(): number
  /** Calls `run` once after `ms`; returns what cancels it. */
  after(ms: number, run: () => void): () => void
  /** `length` bytes from a cryptographic source. */
  bytes(length: number): Uint8Array
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  bytes: (length) => randomBytes(length),
}

/** A whole number from 0 up to and without `limit` (at most 2^32), evenly spread enough for jitter and ids. */
export function randomBelow(clock: Clock, limit: number): number {
  const bytes = clock.bytes(6)
  const value = new DataView(bytes.buffer, bytes.byteOffset, 6)
  return (value.getUint32(0) * 0x10000 + value.getUint16(4)) % limit
}
