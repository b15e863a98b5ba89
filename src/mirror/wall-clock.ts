/**
 * Between an instant and the wall clock of a location (DOM-14). A time that a spring-forward day leaves out is the end of
 * the gap (02:30 is 03:00); of a time that happens twice the first is meant.
 */
import { Temporal } from 'temporal-polyfill'

const known = new Map<string, number>()

/** Milliseconds UTC of a wall clock `YYYY-MM-DDTHH:MM` in an IANA zone; throws a RangeError where either is none. */
export function instantOf(wall: string, zone: string): number {
  // Zone arithmetic is slow and a schedule has few distinct times: each is computed once.
  const key = `${zone} ${wall}`
  const held = known.get(key)
  if (held !== undefined) return held
  const earlier = Temporal.PlainDateTime.from(wall).toZonedDateTime(zone, { disambiguation: 'earlier' })
  const inGap = earlier.toPlainDateTime().toString({ smallestUnit: 'minute' }) !== wall
  const instant = (inGap ? earlier.getTimeZoneTransition('next')! : earlier).epochMilliseconds
  if (known.size > 100_000) known.clear()
  known.set(key, instant)
  return instant
}

/** The wall clock `YYYY-MM-DDTHH:MM` of an instant in an IANA zone. */
export function wallClockOf(instant: number, zone: string): string {
  return minutesOf(instant + offsetAt(instant, zone))
}

const offsets = new Map<string, number>()
/** Clocks change at full quarters of an hour (everywhere since 2012), so that the offset of a zone is the same within one. */
const quarter = 15 * 60_000

/** How far the wall clock of a zone is ahead of UTC at an instant, milliseconds. */
function offsetAt(instant: number, zone: string): number {
  const from = Math.floor(instant / quarter) * quarter
  const key = `${zone} ${from}`
  const held = offsets.get(key)
  if (held !== undefined) return held
  const offset = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone).offsetNanoseconds / 1_000_000
  if (offsets.size > 100_000) offsets.clear()
  offsets.set(key, offset)
  return offset
}

/** The wall clock `days` calendar days later, at the same time of day; throws a RangeError where it is none. */
export function daysLater(wall: string, days: number): string {
  const at = Date.parse(`${wall}:00Z`)
  // A day that no month has is another one to Date.
  if (Number.isNaN(at) || minutesOf(at) !== wall) throw new RangeError(`${wall} is no wall clock YYYY-MM-DDTHH:MM`)
  return minutesOf(at + days * 86_400_000)
}

/** `YYYY-MM-DDTHH:MM` of milliseconds UTC. */
function minutesOf(instant: number): string {
  return new Date(instant).toISOString().slice(0, 16)
}

/** The days of a week, Monday first. */
export const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const
export type Weekday = (typeof weekdays)[number]

/** A day of the calendar, as the zone has it. */
export interface Day {
  /** `YYYY-MM-DD`. */
  readonly date: string
  readonly weekday: Weekday
}

/** The day of an instant in an IANA zone, `later` days on. */
export function dayOf(instant: number, zone: string, later = 0): Day {
  const date = Temporal.Instant.fromEpochMilliseconds(instant)
    .toZonedDateTimeISO(zone)
    .toPlainDate()
    .add({ days: later })
  return { date: date.toString(), weekday: weekdays[date.dayOfWeek - 1]! }
}
