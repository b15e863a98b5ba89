/**
 * A proof of equality by itself, once a week: what was lost without anybody noticing is found within days. When the last
 * one was is kept in the store as a follower's cursor, in seconds.
 */
import type { Clock } from './clock.ts'
import type { Link } from './connection.ts'
import type { Proof } from './reconcile.ts'
import type { OpenReplica } from './replica.ts'

const week = 7 * 86_400
/** How often it is asked whether a week is over, in milliseconds; a machine may be off for days. */
const lookEvery = 3_600_000

export interface WeeklyProof {
  /** Proves now; the week begins anew. */
  prove(): Promise<Proof>
  stop(): void
}

export function weeklyProof(options: {
  readonly replica: OpenReplica
  readonly link: Link
  readonly clock: Clock
}): WeeklyProof {
  const { replica, link, clock } = options
  let stopped = false
  let cancel = (): void => {}
  const prove = async (): Promise<Proof> => {
    const proof = await link.prove()
    await replica.remember('weekly proof', Math.floor(clock.now() / 1000))
    return proof
  }
  const look = async (): Promise<void> => {
    const before = await replica.remembered('weekly proof')
    // A new replica has proven nothing, and nothing can have gone wrong yet: its week begins now.
    if (before === 0) await replica.remember('weekly proof', Math.floor(clock.now() / 1000))
    else if (clock.now() / 1000 - before >= week && (await link.status()).state === 'connected') await prove()
  }
  const wait = (): void => {
    // A look that was under way when it was stopped is the last.
    if (stopped) return
    cancel = clock.after(lookEvery, () => {
      // A proof that breaks off is made at the next look; the link says why it is not connected.
      look().then(wait, wait)
    })
  }
  look().then(wait, wait)
  return {
    prove,
    stop() {
      stopped = true
      cancel()
    },
  }
}
