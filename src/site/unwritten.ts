/**
 * The alarm of answers that are here and not in InSched: a confirmation that five minutes do not suffice for, backup
 * windows left out. Counted from when it was given, came here, or could first be written, whichever was last.
 */
import type { InSchedKeeper } from '../bridges/insched/keeper.ts'
import type { Clock } from '../replica/clock.ts'
import type { Answer } from '../replica/kinds/confirmations.ts'
import type { Replica } from '../replica/replica-face.ts'

/** How long an answer may take into InSched while its database is not let go of, milliseconds. */
export const writtenWithin = 5 * 60_000

export function unwrittenAnswers(site: {
  readonly replica: Replica
  readonly bridge: Pick<InSchedKeeper, 'holding' | 'onChange'>
  readonly desk: { receivedAt(entry: string): number | null }
  readonly clock: Clock
}) {
  const { replica, bridge, desk, clock } = site
  /** Since when it can be written: this agent runs, and no backup window is on. */
  let from = clock.now()
  let wasLetGo = bridge.holding().at === 'disconnected'
  bridge.onChange(() => {
    const isLetGo = bridge.holding().at === 'disconnected'
    if (wasLetGo && !isLetGo) from = clock.now()
    wasLetGo = isLetGo
  })

  return {
    /** A sentence with how many wait too long and since when; null where none does. */
    async problem(): Promise<string | null> {
      if (bridge.holding().at === 'disconnected') return null
      const rows = await replica.index({ view: 'confirmation', state: 'sent' })
      const since = rows
        .flatMap((row) => (row.body as unknown as Answer[]).filter((answer) => answer.state === 'sent'))
        .map((answer) => Math.max(answer.at, desk.receivedAt(answer.id) ?? 0, from))
        .filter((at) => clock.now() - at > writtenWithin)
      if (since.length === 0) return null
      const many = since.length === 1 ? '1 confirmation waits' : `${since.length} confirmations wait`
      return `${many} to be written into InSched for more than ${writtenWithin / 60_000} minutes, the oldest since ${new Date(Math.min(...since)).toISOString()}. See what else stands here; until then look at Today before you call a patient.`
    },
  }
}
