/**
 * After a long outage staff see first what would go out: where a practice's texts could not go out for hours and more than a
 * few came due meanwhile, nothing goes out before staff let it go, by the review that is opened for it. What is then sent is
 * judged by the schedule of that moment, as ever.
 */
import type { Clock } from '../replica/clock.ts'
import { foretell } from '../bridges/texts/foretelling.ts'
import { planOf } from '../bridges/texts/planning.ts'
import { longestLead } from '../bridges/texts/rule-words.ts'
import type { Situations, Told } from '../bridges/texts/situation.ts'
import { wallClockOf } from '../mirror/wall-clock.ts'
import { derivedUlid } from '../replica/ids.ts'
import type { PracticeFields } from '../replica/kinds/fields.ts'
import type { By } from '../replica/kinds/kind.ts'
import { foldReview } from '../replica/kinds/reviews.ts'
import type { OpenReplica } from '../replica/replica.ts'

const hour = 3_600_000
/** An outage that is longer than this is asked about. */
const longOutage = 6 * hour
/** So many that came due meanwhile go out without a question. */
const few = 20
/** How often it is kept that texts may go out. */
const keptEvery = 600_000
const remembered = 'texts could go out'

export function heldTexts(of: {
  readonly replica: OpenReplica
  readonly situations: Situations
  readonly clock: Clock
  readonly isAnyHour: () => boolean
  /** Resolves when the pages show all that is durable now. */
  readonly indexed: () => Promise<void>
  /** Called when it may have changed whether texts are held. */
  readonly changed: () => void
}) {
  const { replica, clock } = of
  const by: By = { role: 'portal', id: replica.id }
  /** When texts could go out last, as far as is known; undefined: not looked up yet. */
  let last: number | undefined
  let kept = 0
  let isLooking = true
  let looking: Promise<void> = Promise.resolve()
  const open = new Set<string>()

  /** What came due while nothing could go out, by site. */
  const overdue = async (now: number): Promise<Map<string, number>> => {
    const rows = await replica.index({ view: 'event', from: now, before: now + (longestLead + 2) * 24 * hour })
    const found: Told[] = []
    for (const { id } of rows) {
      const told = await of.situations.of(id, now)
      if (told) found.push({ ...told, isAnyHour: of.isAnyHour() })
    }
    const { sends } = foretell(found, { from: now, until: now + 24 * hour })
    const late = sends.filter(({ parts }) => parts.some(({ rule, of: one }) => (planOf(rule, one)?.planned ?? now) < now - keptEvery)) // prettier-ignore
    return new Map([...Map.groupBy(late, ({ parts }) => parts[0]!.of.site)].map(([site, some]) => [site, some.length]))
  }
  const look = async (): Promise<void> => {
    await of.indexed()
    const now = clock.now()
    const since = (last ??= (await replica.remembered(remembered)) * 1_000)
    if (since > 0 && now - since > longOutage)
      for (const [site, count] of await overdue(now)) {
        if (count <= few) continue
        const { zone = 'UTC' } = ((await replica.indexed('practice', site))?.body ?? {}) as Partial<PracticeFields>
        const opened = { kind: 'opened' as const, at: now, by, about: 'texts held' as const, why: `Texts could not go out since ${wallClockOf(since, zone).replace('T', ' ')}, and ${count} came due meanwhile.`, todo: 'Look at the list under Synchronization, Texts, Who gets what; then let them go. What is no longer true or too late is not sent.' } // prettier-ignore
        await replica.change([{ collection: 'reviews', key: derivedUlid('texts held', site, String(since)), facts: { patient: null, site, shown: false, reachable: false, startsAt: null }, add: { opened } }]) // prettier-ignore
      }
    await of.indexed()
    for (const { id, body } of await replica.index({ view: 'review', state: 'open' }))
      if ((body as { about?: string }).about === 'texts held') open.add(id)
    last = now
    isLooking = false
    of.changed()
  }
  const begin = (): void => {
    isLooking = true
    // What could not be looked at is looked at again when texts are next asked about.
    looking = look().catch(() => void (isLooking = false))
  }
  const follower = replica.follow({
    name: 'held texts',
    collections: ['reviews'],
    async handle(heads) {
      for (const { key } of heads) {
        const review = foldReview(await replica.entries('reviews', key))
        if (review?.about !== 'texts held') continue
        if (review.resolved) open.delete(key)
        else open.add(key)
      }
      of.changed()
      return []
    },
  })
  begin()
  return {
    /** Asked whenever texts could go out otherwise: that they could is kept. */
    isHeld(): boolean {
      if (isLooking) return true
      const now = clock.now()
      if (last === undefined || now - last > longOutage) {
        begin()
        return true
      }
      last = now
      if (now - kept > keptEvery) {
        kept = now
        void replica.remember(remembered, Math.floor(now / 1_000))
      }
      return open.size > 0
    },
    /** Resolves when it is known whether texts are held. */
    async settled(): Promise<void> {
      await looking
      await follower.caughtUp()
    },
    async stop(): Promise<void> {
      await looking
      await follower.stop()
    },
  }
}
