/**
 * The horizon (DOM-7): events from a day back to a year ahead are said, single ones and occurrences of series alike. It moves
 * with the clock; an event that was said once goes on being said, whatever becomes of it.
 */
import type { Clock } from '../../replica/clock.ts'
import type { Replica } from '../../replica/replica-face.ts'
import { daysLater, wallClockOf } from '../../mirror/wall-clock.ts'
import type { Identity } from './agent-rows.ts'
import type { Context } from './documents.ts'
import type { Changes, InSched, Reads } from './insched.ts'
import { asTheyAre, eventsOf, unfold, type Horizon, type Unfolded } from './occurrences.ts'
import type { RecordEdits, Said } from './record-edits.ts'
import type { EventRow } from './rows.ts'

/** DOM-7: one day back and 365 days ahead. */
const daysBack = 1
const daysAhead = 365
const chunk = 1_000

export function horizonOf(parts: {
  readonly insched: InSched
  readonly replica: Replica
  readonly records: RecordEdits
  readonly site: string
  readonly clock: Clock
  readonly context: (now: Reads) => Promise<Context>
  readonly keep: (change: Changes, said: Omit<Said, 'edits'>) => Promise<void>
}) {
  const { insched, replica, records, site, clock, context, keep } = parts
  /** What lies within it now. */
  const now = async (reads: Reads): Promise<Horizon> => {
    const today = wallClockOf(clock.now(), (await context(reads)).zone)
    return { from: daysLater(today, -daysBack), until: daysLater(today, daysAhead) }
  }

  return {
    now,
    /** The events that these rows stand for, as far as they were said once or lie in the horizon. */
    inReach: async (reads: Reads, rows: readonly EventRow[]): Promise<Unfolded> =>
      unfold(reads, rows, { horizon: await now(reads), context: () => context(reads) }),
    /**
     * Brings in the events that have entered the horizon since it was last looked at (DOM-7); cheap where none has. Asks
     * `goOn` after each part; a throw ends it there, and the next call begins again.
     */
    async move(goOn: () => void): Promise<void> {
      const from = (await insched.agent())!.horizon_until
      const { until } = await now(insched)
      if (from === null || from >= until) return
      const kept: Omit<Said, 'edits'>[] = []
      const pages = [
        (now: Reads, last?: EventRow) => now.eventsStarting({ from, until }, last, chunk),
        (now: Reads, last?: EventRow) => now.seriesAfter(last?.event_id ?? 0, chunk),
      ]
      for (const page of pages)
        for (let last: EventRow | undefined; ;) {
          const after = last
          const found = await insched.read(async (now) => {
            const rows = await page(now, after)
            const events = await unfold(now, rows, { horizon: { from, until }, context: () => context(now), known: false }) // prettier-ignore
            return { last: rows.at(-1), rows: await records.gather(now, { events }) }
          })
          if (found.last === undefined) break
          const said = await records.say(found.rows, () => clock.now())
          await replica.change(said.edits)
          kept.push(said)
          last = found.last
          goOn()
        }
      await insched.write(async (change) => {
        for (const said of kept) await keep(change, said)
        await change.setHorizon(until)
      })
    },
    /** Says again the events that were said once and lie before the horizon by now. */
    async sayFormer(goOn: () => void): Promise<void> {
      const { from } = await now(insched)
      for (let after: string | undefined; ;) {
        const heads = await replica.list('events', after, chunk)
        if (heads.length === 0) return
        const own = heads.filter(({ facts }) => facts.site === site)
        const rows = await insched.read(async (now) => {
          const found = await Promise.all(own.map(({ key }) => now.identity(key)))
          const events = await eventsOf(now, found.filter((one) => one?.gone === 0) as Identity[], () => context(now))
          return records.gather(now, { events: asTheyAre(events.filter((row) => row.starts_at < from)) })
        })
        const said = await records.say(rows, () => clock.now())
        await replica.change(said.edits)
        if (said.holds.length + said.shared.length > 0) await insched.write((change) => keep(change, said))
        after = heads.at(-1)!.key
        goOn()
      }
    },
  }
}
