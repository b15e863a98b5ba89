/**
 * When a text may go out: the practice's window and the legal hours of every zone in which its receiver may be, whatever
 * the window says. Days are those of the event's location; "1 day before" is the same wall clock the day before, "24 hours"
 * are elapsed (DOM-14). What is due too early waits for the window, what is due too late goes out before it, at its end.
 */
import type { ExcludedDays } from './excluded-days.ts'
import { daysLater, instantOf, wallClockOf } from '../../mirror/wall-clock.ts'

/** From `from` and before `until`, milliseconds UTC. */
export interface Span { readonly from: number; readonly until: number } // prettier-ignore
/** Times of day `HH:MM` of the location; null: always. */
export type Window = { readonly from: string; readonly until: string } | null
export type Lead = { readonly days: number } | { readonly hours: number }

/** No text goes out before or after these hours anywhere (47 CFR 64.1200(c)(1)). */
export const legalHours = { from: '08:00', until: '21:00' } as const
/** What is due at the end of a span goes out so long before it, so that it is not over before all are gone. */
const beforeEnd = 5 * 60_000
/** The last moment of a span at which a message is still handed over. */
const handOver = 60_000

export interface Where {
  /** The zone of the event's location. */
  readonly zone: string
  readonly window: Window
  /** Every other zone in which the receiver may be. */
  readonly zones: readonly string[]
  /** The days of the location on which nothing goes out. */
  readonly excluded?: ExcludedDays | undefined
  /** Phones of a sandbox stand nowhere: it is always day there. */
  readonly isAnyHour?: boolean | undefined
}

/** When a message with this lead is due, whatever the hours are. `startsAt`: wall clock of the location. */
export function leadBefore(startsAt: string, zone: string, lead: Lead): number {
  return 'days' in lead
    ? instantOf(daysLater(startsAt, -lead.days), zone)
    : instantOf(startsAt, zone) - lead.hours * 3_600_000
}

/** When a message so long after an instant is due. */
export function leadAfter(instant: number, zone: string, lead: Lead): number {
  return 'days' in lead ? instantOf(daysLater(wallClockOf(instant, zone), lead.days), zone) : instant + lead.hours * 3_600_000 // prettier-ignore
}

/** The spans of a day `YYYY-MM-DD` of the location in which texts may go out, in order; none where no hour is day everywhere. */
export function spansOf(date: string, { zone, window, zones, excluded, isAnyHour }: Where): Span[] {
  if (excluded?.(date) === true) return []
  if (isAnyHour === true) return [daySpan(date, zone, { from: '00:00', until: '24:00' })]
  const day = daySpan(date, zone, window ?? { from: '00:00', until: '24:00' })
  return [zone, ...zones].reduce((spans, one) => overlaps(spans, legalAround(date, one)), [day])
}

function daySpan(date: string, zone: string, { from, until }: NonNullable<Window>): Span {
  const ends = until === '24:00' ? `${date}T00:00` : `${date}T${until}`
  return { from: instantOf(`${date}T${from}`, zone), until: instantOf(until <= from || until === '24:00' ? daysLater(ends, 1) : ends, zone) } // prettier-ignore
}

/** Legal hours of a zone on the days around a date: its calendar may be a day off. */
function legalAround(date: string, zone: string): Span[] {
  return [-1, 0, 1, 2].map((later) => daySpan(daysLater(`${date}T00:00`, later).slice(0, 10), zone, legalHours))
}

function overlaps(some: readonly Span[], others: readonly Span[]): Span[] {
  return some
    .flatMap((one) =>
      others.map((other) => ({ from: Math.max(one.from, other.from), until: Math.min(one.until, other.until) })),
    ) // prettier-ignore
    .filter(({ from, until }) => until - from > beforeEnd)
    .toSorted((a, b) => a.from - b.from)
}

/** How many days back or ahead a span is looked for. */
const mostDays = 7
const dateOf = (at: number, zone: string): string => wallClockOf(at, zone).slice(0, 10)
const shifted = (date: string, days: number): string => daysLater(`${date}T00:00`, days).slice(0, 10)

/** The same time of day on the day before that is not excluded; undefined where a week has none. */
function onAllowedDay(due: number, { zone, excluded }: Where): number | undefined {
  const wall = wallClockOf(due, zone)
  if (excluded?.(wall.slice(0, 10)) !== true) return due
  const days = Array.from({ length: mostDays + 1 }, (_, back) => daysLater(wall, -back))
  const allowed = days.find((day) => !excluded(day.slice(0, 10)))
  return allowed === undefined ? undefined : instantOf(allowed, zone)
}

/**
 * When what is due at `due` goes out: then, or when the window opens, or where that is too late (after `latest`) or the
 * window is over, at the end of the one before. What is due on an excluded day is due the day before. Undefined where a
 * week has no hour for it.
 */
export function momentFor(wanted: number, latest: number, where: Where): number | undefined {
  const due = onAllowedDay(wanted, where)
  if (due === undefined) return undefined
  const date = dateOf(due, where.zone)
  const today = spansOf(date, where)
  const within = today.find(({ from, until }) => from <= due && due < until)
  if (within) return Math.min(due, within.until - beforeEnd)
  const opens = today.find(({ from }) => from > due)?.from
  if (opens !== undefined && opens <= latest) return opens
  const before = today.findLast(({ until }) => until <= due)
  if (before) return before.until - beforeEnd
  for (let days = 1; days <= mostDays; days++) {
    const last = spansOf(shifted(date, -days), where).findLast(({ until }) => until <= due)
    if (last) return last.until - beforeEnd
  }
  return undefined
}

/** When what may not go out before `due` goes out: then, or when the next span begins. */
export function momentFrom(due: number, where: Where): number | undefined {
  return openSpan(due, where) ? due : nextOpening(due, where)
}

/** The span in which a text may be handed over now; undefined where none may. */
export function openSpan(now: number, where: Where): Span | undefined {
  const date = dateOf(now, where.zone)
  // The window of the day before may go on past midnight.
  return [...spansOf(shifted(date, -1), where), ...spansOf(date, where)].find(
    ({ from, until }) => from <= now && now <= until - handOver,
  )
}

/** When the next such span begins after `now`; undefined where there is none in a week. */
export function nextOpening(now: number, where: Where): number | undefined {
  const date = dateOf(now, where.zone)
  for (let days = -1; days <= mostDays; days++) {
    const next = spansOf(shifted(date, days), where).find(({ from }) => from > now)
    if (next) return next.from
  }
  return undefined
}
