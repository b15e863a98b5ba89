/** What a site lists: Recent Communications, confirmations and reviews, with InSched's local ids of patients and events. */
import type { InSchedBridge } from '../bridges/insched/bridge.ts'
import type { Clock } from '../replica/clock.ts'
import type { Answer } from '../replica/kinds/confirmations.ts'
import type { By } from '../replica/kinds/kind.ts'
import type { TakenFor } from '../replica/kinds/replies.ts'
import type { Resolution, Review } from '../replica/kinds/reviews.ts'
import type { Follower } from '../replica/replica-face.ts'
import type { OpenReplica } from '../replica/replica.ts'
import type { Communication, CommunicationQuery } from '../server/console/site-views.ts'
import { spokenEdit, type Spoken } from './confirming.ts'
import { bookedEvents, type SiteName } from './double-bookings.ts'
import { resolvingOf } from './resolving.ts'

/** The most that Recent Communications gives at once. */
const mostRecent = 500
const mostResolved = 200

export function listsOf(site: {
  readonly replica: OpenReplica
  readonly bridge: InSchedBridge
  /** The follower behind the pages. */
  readonly index: Follower
  /** Who acts where no member of staff does. */
  readonly agent: By
  readonly communications: (query?: CommunicationQuery) => AsyncGenerator<Communication>
  readonly nameOfSite: SiteName
  readonly clock: Clock
}) {
  const { replica, bridge, index, agent } = site
  const resolve = resolvingOf(site)
  const localOf = async (key: string | null | undefined): Promise<number | null> => (key ? ((await bridge.localOf(key)) ?? null) : null) // prettier-ignore

  return {
    /** Recent Communications, newest first; `cut` where there are more than it gives. */
    async recent(query: CommunicationQuery = {}) {
      const items: Omit<Communication, 'id' | 'hidden'>[] = []
      for await (const { id: _, hidden: __, ...item } of site.communications(query)) {
        if (items.length === mostRecent) return { items, cut: true }
        items.push(item)
      }
      return { items, cut: false }
    },
    async confirmations(query: { event?: number | undefined } = {}) {
      await index.caughtUp()
      const rows = await replica.index({ view: 'confirmation', descending: true })
      const locals = await Promise.all(rows.map((row) => localOf(row.id)))
      const items = rows.flatMap((row, i) =>
        (row.body as unknown as Answer[]).map((answer) => ({
          event: locals[i]!,
          // Of a series it says which occurrence.
          startsAt: answer.startsAt,
          confirmedAt: new Date(answer.at).toISOString(),
          type: answer.state === 'written' ? answer.confirmationType : null,
          state: answer.state,
          writtenAt: answer.state === 'written' ? new Date(answer.writtenAt).toISOString() : null,
        })),
      )
      return { items: query.event === undefined ? items : items.filter((item) => item.event === query.event) }
    },
    /** The reviews, newest first: those that are open, or those that were resolved lately. */
    async reviews(state: 'open' | 'resolved' = 'open') {
      await index.caughtUp()
      const rows = await replica.index({ view: 'review', state, descending: true, ...(state === 'open' ? {} : { limit: mostResolved }) }) // prettier-ignore
      const waiting = new Map((await replica.waiting()).map((one) => [one.review, one]))
      const items = await Promise.all(
        rows.map(async (row) => {
          const review = row.body as unknown as Review
          const waits = waiting.get(row.id)
          return {
            id: row.id,
            kind: review.about,
            why: review.why,
            todo: review.todo,
            openedAt: new Date(review.openedAt).toISOString(),
            patient: await localOf(review.patient),
            event: await localOf(review.event),
            eventKey: review.event,
            ...(review.event && review.other ? { events: await bookedEvents(replica, [review.event, review.other], site.nameOfSite) } : {}), // prettier-ignore
            isReply: review.reply !== null && review.reply !== undefined,
            ...(review.resolved ? { resolved: review.resolved } : {}),
            ...(waits ? { changes: waits.changes, since: new Date(waits.since).toISOString() } : {}),
          }
        }),
      )
      return { items }
    },
    /** A patient confirmed to staff; throws a sentence where the event is gone or has moved since they saw it. */
    confirm: async (spoken: Spoken, by: By = agent) =>
      replica.change([await spokenEdit(replica, site.clock, spoken, by)]),
    resolve: (id: string, note: string, by: By = agent, how?: Resolution, each?: ReadonlyMap<string, TakenFor>) => resolve(id, { note, how, each }, by), // prettier-ignore
  }
}
