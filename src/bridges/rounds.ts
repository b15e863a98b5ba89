/**
 * Work that goes in rounds: one at a time; woken while one goes on, another follows; each says when the next is due by
 * itself. A round that fails is told of and says when to try again: it ends nothing.
 */
import type { Clock } from '../replica/clock.ts'

export interface Rounds {
  /** Begins a round now, or another after the one that goes on. */
  wake(): void
  /** Resolves when none goes on. */
  settled(): Promise<void>
  /** Begins no more; resolves when the last has ended. */
  stop(): Promise<void>
}

/** The longest that a timer can be set to. */
const longest = 2_147_483_647

/** `round` resolves with when the next is due (milliseconds UTC); null: when it is woken. `failed` gives it for one that rejected. */
export function rounds(options: {
  readonly clock: Clock
  readonly round: () => Promise<number | null>
  readonly failed: (error: unknown) => number
  /** Between the end of a round and the next that comes by itself, milliseconds at least. */
  readonly least?: number | undefined
}): Rounds {
  const { clock, least = 1 } = options
  let running: Promise<void> | undefined
  let isWoken = false
  let stopped = false
  let cancel = (): void => {}
  const wake = (): void => {
    cancel()
    isWoken = running !== undefined
    if (running || stopped) return
    running = options
      .round()
      .catch(options.failed)
      .then((next) => {
        running = undefined
        if (isWoken) wake()
        else if (next !== null && !stopped) cancel = clock.after(Math.min(Math.max(next - clock.now(), least), longest), wake) // prettier-ignore
      })
  }
  return {
    wake,
    async settled() {
      while (running) await running
    },
    async stop() {
      stopped = true
      cancel()
      await running
    },
  }
}
