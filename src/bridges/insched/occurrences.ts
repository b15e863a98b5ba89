/**
 * Recurring events: one row of the schedule stands for a series, and each occurrence of it is an event of its own, known by
 * the row and the day on which the pattern has it (its original date), whatever day it was moved to. What staff changed of one
 * occurrence, and its confirmation, stands in a row of its own. Where a practice has no recurrences, a row is an event.
 */
import type { Identity } from './agent-rows.ts'
import { zoneOf, type Context } from './documents.ts'
import type { Reads } from './insched.ts'
import { daysOfRule } from './recurrence-rule.ts'
import type { EventRow, OccurrenceRow, RecurrenceRow } from './rows.ts'

/** Wall clocks: from the first on, before the second. */
export interface Horizon {
  readonly from: string
  readonly until: string
}
/** What rows of the schedule stand for. */
export interface Unfolded {
  readonly events: readonly EventRow[]
  /** Occurrences that were said once and are there no more. */
  readonly gone: readonly Identity[]
  /** The event that has become the first occurrence of a series, or the other way round: it stays what it was, under another original date. */
  readonly became: readonly { readonly document: string; readonly original_on: string }[]
}
interface Series {
  readonly row: EventRow
  readonly recurrence: RecurrenceRow
  readonly changed: ReadonlyMap<string, OccurrenceRow>
  readonly zone: string
}

/** Events that are what they are. */
export const asTheyAre = (events: readonly EventRow[]): Unfolded => ({ events, gone: [], became: [] })

/** Of these rows the events that lie in the horizon and, unless `known` is false, those that were said once. */
export async function unfold(
  now: Reads,
  rows: readonly EventRow[],
  options: { readonly horizon: Horizon; readonly context: () => Promise<Context>; readonly known?: boolean },
): Promise<Unfolded> {
  const { horizon } = options
  const isAhead = ({ starts_at }: EventRow): boolean => starts_at >= horizon.from && starts_at < horizon.until
  const looked = now.recurs ? rows : rows.filter((row) => !isAhead(row))
  const held = await now.identities('events', looked.map((row) => row.event_id)) // prettier-ignore
  const known = Map.groupBy(held, (one) => one.local_id)
  const series = await seriesOf(now, rows, options.context)
  const [events, gone, became]: [EventRow[], Identity[], { document: string; original_on: string }[]] = [[], [], []]
  for (const row of rows) {
    const identities = known.get(row.event_id) ?? []
    const of = series.get(row.event_id)
    const first = row.starts_at.slice(0, 10)
    // What was one event and is a series now, or was a series and is one event.
    const [wanted, former] = of ? [first, ''] : ['', first]
    const other = identities.find((one) => one.original_on === former)
    const turned = other && identities.every((one) => one.original_on !== wanted) ? other : undefined
    if (turned) became.push({ document: turned.document, original_on: wanted })
    const stands = identities.map((one) => (one === turned ? { ...one, original_on: wanted } : one))
    const said = new Set(stands.map((one) => one.original_on))
    const isIn = (event: EventRow): boolean =>
      isAhead(event) || (options.known !== false && said.has(event.original_on))
    const there = of ? occurrencesOf(of, horizon, said) : [row]
    events.push(...there.filter(isIn))
    const days = new Set(there.map((event) => event.original_on))
    // What is past stays as it was said, whatever becomes of the series.
    for (const one of stands) if (!days.has(one.original_on) && !isPast(of, one.original_on, horizon)) gone.push(one)
  }
  return { events, gone, became }
}

/** The events that these documents are; what is there no more is left out. */
export async function eventsOf(
  now: Reads,
  identities: readonly Pick<Identity, 'local_id' | 'original_on'>[],
  context: () => Promise<Context>,
): Promise<EventRow[]> {
  const rows = new Map((await now.events([...new Set(identities.map((one) => one.local_id))])).map((row) => [row.event_id, row])) // prettier-ignore
  const series = await seriesOf(now, [...rows.values()], context)
  return identities.flatMap(({ local_id, original_on }) => {
    const of = series.get(local_id)
    const row = rows.get(local_id)
    if (!of) return row && original_on === '' ? [row] : []
    return original_on === '' ? [] : days(of, original_on, original_on).flatMap((day) => occurrence(of, day))
  })
}

/** The series that are among these rows, by the ids of their events. */
async function seriesOf(
  now: Reads,
  rows: readonly EventRow[],
  context: () => Promise<Context>,
): Promise<ReadonlyMap<number, Series>> {
  const recurring = rows.filter((row) => row.recurrence_id !== null)
  if (!now.recurs || recurring.length === 0) return new Map()
  const found = await now.recurrences([...new Set(recurring.map((row) => row.recurrence_id!))])
  const recurrences = new Map(found.map((one) => [one.recurrence_id, one]))
  const changed = Map.groupBy(await now.changedOccurrences(recurring.map((row) => row.event_id)), (one) => one.event_id)
  const zones = await context()
  return new Map(
    recurring.flatMap((row) => {
      const recurrence = recurrences.get(row.recurrence_id!)
      // A pattern that says nothing makes no series: the row is an event.
      if (!recurrence || recurrence.pattern === null) return []
      const own = new Map((changed.get(row.event_id) ?? []).map((one) => [one.original_on, one]))
      return [[row.event_id, { row, recurrence, changed: own, zone: zoneOf(zones, row.location_id) }] as const]
    }),
  )
}

/** The days that the pattern has within these, as far as the series goes. */
function days({ row, recurrence, zone }: Series, from: string, to: string): string[] {
  const { pattern, starts_on, ends_on } = recurrence
  const [first, last] = [starts_on !== null && starts_on > from ? starts_on : from, ends_on !== null && ends_on < to ? ends_on : to] // prettier-ignore
  return first > last ? [] : daysOfRule(pattern!, row.starts_at, zone, first, last)
}

/** The occurrences that may lie in the horizon, and those of the days that were said. */
function occurrencesOf(series: Series, horizon: Horizon, said: ReadonlySet<string>): EventRow[] {
  const all = [...said, ...series.changed.keys(), horizon.from.slice(0, 10), horizon.until.slice(0, 10)].filter((day) => day !== '').toSorted() // prettier-ignore
  return days(series, all[0]!, all.at(-1)!).flatMap((day) => occurrence(series, day))
}

/** The occurrence of a day of the pattern; none where staff took it out of the series. */
function occurrence({ row, changed }: Series, day: string): EventRow[] {
  const own = changed.get(day)
  if (own?.removed === 1) return []
  // The row is itself the first one. Of the others it says what they are, and where it is canceled that all are.
  const isFirst = row.starts_at.startsWith(day)
  const status = isFirst || row.status === 'Canceled' ? row.status : 'None'
  return [
    {
      ...row,
      original_on: day,
      starts_at: own?.starts_at ?? `${day}${row.starts_at.slice(10)}`,
      minutes: own?.minutes ?? row.minutes,
      status: own?.status ?? status,
      last_confirmed_date: own?.last_confirmed_date ?? (isFirst ? row.last_confirmed_date : null),
      confirmation_type: own?.confirmation_type ?? (isFirst ? row.confirmation_type : null),
    },
  ]
}

function isPast(of: Series | undefined, day: string, { from }: Horizon): boolean {
  return day !== '' && day < from.slice(0, 10) && of?.changed.get(day)?.removed !== 1
}
