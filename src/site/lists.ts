/** What a site lists: Recent Communications, confirmations and reviews, with InSched's local ids of patients and events. */
import type { InSchedBridge } from '../bridges/insched/bridge.ts'
import type { Clock } from '../replica/clock.ts'
import { mintUlid } from '../replica/ids.ts'
import type { Answer } from '../replica/kinds/confirmations.ts'
import type { By } from '../replica/kinds/kind.ts'
import type { Review } from '../replica/kinds/reviews.ts'
import type { Follower } from '../replica/replica-face.ts'
import type { OpenReplica } from '../replica/replica.ts'

/** The most that Recent Communications gives at once. */
const mostRecent = 500

export function listsOf(site: {
  readonly replica: OpenReplica
  readonly bridge: InSchedBridge
  /** The follower behind the pages. */
  readonly index: Follower
  /** Who acts where no member of staff does. */
  readonly agent: By
  readonly clock: Clock
}) {
  const { replica, bridge, index, agent, clock } = site
  const localOf = (key: string | null | undefined): number | null => (key ? (bridge.localOf(key) ?? null) : null)

  return {
    /** Recent Communications, newest first; `cut` where there are more than it gives. */
    async recent(
      query: { patient?: number | undefined; channel?: string | undefined; since?: number | undefined } = {},
    ) {
      await index.caughtUp()
      const key = query.patient === undefined ? undefined : bridge.documentOf('patients', query.patient)
      if (query.patient !== undefined && key === undefined)
        throw new Error(`There is no patient ${query.patient} in InSched.`)
      if (query.channel !== undefined && query.channel !== 'portal') return { items: [], cut: false }
      const rows = await replica.index({
        view: 'communication',
        descending: true,
        limit: mostRecent + 1,
        ...(key ? { patient: key } : {}),
        ...(query.since ? { from: query.since } : {}),
      })
      const items = rows.slice(0, mostRecent).map((row) => {
        const { direction, subject, event, hasFiles } = row.body as {
          direction: string
          subject: string
          event: string | null
          hasFiles?: boolean
        }
        return {
          at: new Date(row.at).toISOString(),
          channel: 'portal',
          direction,
          patient: localOf(row.patient),
          event: localOf(event),
          subject,
          state: row.state,
          ...(hasFiles ? { entry: row.id } : {}),
        }
      })
      return { items, cut: rows.length > mostRecent }
    },
    async confirmations(query: { event?: number | undefined } = {}) {
      await index.caughtUp()
      const rows = await replica.index({ view: 'confirmation', descending: true })
      const items = rows.flatMap((row) =>
        (row.body as unknown as Answer[]).map((answer) => ({
          event: localOf(row.id),
          confirmedAt: new Date(answer.at).toISOString(),
          type: answer.state === 'written' ? answer.confirmationType : null,
          state: answer.state,
          writtenAt: answer.state === 'written' ? new Date(answer.writtenAt).toISOString() : null,
        })),
      )
      return { items: query.event === undefined ? items : items.filter((item) => item.event === query.event) }
    },
    async reviews() {
      await index.caughtUp()
      const rows = await replica.index({ view: 'review', state: 'open', descending: true })
      const waiting = new Map((await replica.waiting()).map((one) => [one.review, one]))
      const items = rows.map((row) => {
        const review = row.body as unknown as Review
        const waits = waiting.get(row.id)
        return {
          id: row.id,
          kind: review.about,
          why: review.why,
          todo: review.todo,
          openedAt: new Date(review.openedAt).toISOString(),
          patient: localOf(review.patient),
          event: localOf(review.event),
          ...(waits ? { changes: waits.changes, since: new Date(waits.since).toISOString() } : {}),
        }
      })
      return { items }
    },
    async resolve(id: string, note: string, by: By = agent) {
      if (!(await replica.head('reviews', id)))
        throw new Error(`There is no review ${id}. List them with: patientconnection reviews`)
      await replica.change([
        { collection: 'reviews', key: id, add: { [mintUlid(clock)]: { kind: 'resolved', at: clock.now(), by, note } } },
      ])
      return { id }
    },
  }
}
