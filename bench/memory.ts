/** What this process holds after the garbage is gone, in bytes. Needs --expose-gc. */
export interface Memory {
  /** The resident set: all of it, SQLite's caches and code too. */
  readonly resident: number
  /** What JavaScript holds, with its buffers. */
  readonly heap: number
}

/** Collects garbage until nothing more comes free, then measures. */
export async function memoryNow(): Promise<Memory> {
  const heap = (): number => {
    globalThis.gc!()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  let least = heap()
  for (let steady = 0; steady < 3;) {
    // Finalizers of what was collected run in a turn of their own.
    await new Promise<void>((resolve) => setImmediate(resolve))
    const now = heap()
    steady = now < least * 0.995 ? 0 : steady + 1
    least = Math.min(least, now)
  }
  return { resident: process.memoryUsage.rss(), heap: least }
}
