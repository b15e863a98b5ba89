/**
 * The alarm of a database that does not come back: where InSched's is not connected again within five minutes of the end
 * of a backup window, a review says so, here and at the portal. It is resolved by itself when the database is back.
 */
import type { InSchedKeeper } from '../bridges/insched/keeper.ts'
import { backWithin } from '../mirror/backup.ts'
import type { Clock } from '../replica/clock.ts'
import { derivedUlid, mintUlid } from '../replica/ids.ts'
import type { By } from '../replica/kinds/kind.ts'
import type { Replica } from '../replica/replica-face.ts'

export function alarmWhenNotBack(site: {
  readonly replica: Replica
  readonly bridge: InSchedKeeper
  readonly agent: By
  readonly clock: Clock
}): { stop(): void } {
  const { replica, bridge, agent, clock } = site
  let cancel = (): void => {}
  let since: number | undefined
  let raised: string | undefined

  const raise = (began: number, why: string): void => {
    raised = derivedUlid('not back', agent.id, String(began))
    const facts = { patient: null, site: agent.id, shown: false, reachable: false, startsAt: null }
    const opened = {
      kind: 'opened' as const,
      at: clock.now(),
      by: agent,
      about: 'not back from backup' as const,
      why: `The backup window is over since ${new Date(began).toISOString()}, and InSched’s database is not connected: ${why}`,
      todo: 'Check that the database is there, that no other program holds it, and that it is InSched’s. The agent goes on trying.',
    }
    // A store that takes nothing now is a problem that the status shows by itself.
    replica.change([{ collection: 'reviews', key: raised, facts, add: { opened } }]).catch(() => (raised = undefined))
  }
  const look = (): void => {
    const holding = bridge.holding()
    if (holding.at === 'reconnecting') {
      if (since === holding.since) return
      cancel()
      since = holding.since
      cancel = clock.after(backWithin, () => {
        const still = bridge.holding()
        if (still.at === 'reconnecting') raise(still.since, still.why)
      })
      return
    }
    cancel()
    since = undefined
    if (holding.at !== 'connected' || raised === undefined) return
    const key = raised
    raised = undefined
    const resolved = {
      kind: 'resolved' as const,
      at: clock.now(),
      by: agent,
      note: 'It is back.',
      how: 'by itself' as const,
    }
    void replica.change([{ collection: 'reviews', key, add: { [mintUlid(clock)]: resolved } }]).catch(() => (raised = key)) // prettier-ignore
  }
  bridge.onChange(look)
  look()
  return { stop: () => cancel() }
}
