/**
 * What ceases to pass, or passes again, by time alone: no change says so, so it is looked for once an hour. At a portal
 * what it may hold no longer is withdrawn, at a site what the portal has erased and what passes again is logged anew.
 */
import type { Clock } from '../replica/clock.ts'
import type { Replica } from '../replica/replica-face.ts'

const lookEvery = 3_600_000

/** Looks every hour; returns what ends it. What cannot be committed is tried again at the next look. */
export function keepToSettings(replica: Pick<Replica, 'withdraw'>, clock: Clock): () => void {
  let stopped = false
  let cancel = (): void => {}
  const wait = (): void => {
    // A look that was under way when it was stopped is the last.
    if (!stopped) cancel = clock.after(lookEvery, () => void replica.withdraw().then(wait, wait))
  }
  wait()
  return () => {
    stopped = true
    cancel()
  }
}
