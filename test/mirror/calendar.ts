/** A calendar by counting: the wall clock of every minute around a change of the clock, as the machine's Intl has it. */
import fc from 'fast-check'
import { weekdays, type Weekday } from '../../src/mirror/wall-clock.ts'

export const minute = 60_000

export interface Counted {
  readonly zone: string
  readonly from: number
  readonly until: number
  /** The first minute of a date at which the wall clock shows at least this time. */
  first(date: string, time: string): number
  /** The dates, in order. */
  readonly dates: readonly { readonly date: string; readonly weekday: Weekday }[]
  dateOf(minuteAt: number): string
}

const counted = new Map<string, Counted>()
/** Twenty days of minutes around a moment. */
export function count(zone: string, around: string): Counted {
  const held = counted.get(zone + around)
  if (held) return held
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' })
  const from = Date.parse(around) - 10 * 1_440 * minute
  const until = from + 20 * 1_440 * minute
  const times = new Map<string, { time: string; at: number }[]>()
  const dateAt: string[] = []
  for (let at = from; at < until; at += minute) {
    const [date, time] = format.format(at).split(' ') as [string, string]
    const day = times.get(date) ?? times.set(date, []).get(date)!
    day.push({ time, at })
    dateAt.push(date)
  }
  const dates = [...times.keys()].map((date) => ({
    date,
    weekday: weekdays[(new Date(`${date}T12:00Z`).getUTCDay() + 6) % 7]!,
  }))
  const made: Counted = {
    zone,
    from,
    until,
    dates,
    first: (date, time) => times.get(date)?.find((one) => one.time >= time)?.at ?? Infinity,
    dateOf: (at) => dateAt[Math.floor((at - from) / minute)]!,
  }
  counted.set(zone + around, made)
  return made
}

/** Both days on which the clock changes, where it changes; half an hour, and at midnight, too. */
export const changes = [
  ['America/Denver', '2027-03-14T09:00Z'],
  ['America/Denver', '2026-11-01T08:00Z'],
  ['Europe/Berlin', '2027-03-28T01:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00Z'],
  ['Australia/Lord_Howe', '2027-04-03T15:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['America/Santiago', '2026-09-06T04:00Z'],
  ['America/Phoenix', '2026-11-01T08:00Z'],
] as const

export const zoneAndChange = fc.constantFrom(...changes)
/** A time of day; often near the hours that a change leaves out or has twice. */
export const timeOfDay = fc
  .oneof(fc.integer({ min: 0, max: 1_439 }), fc.integer({ min: 0, max: 200 }))
  .map((at) => `${String(Math.floor(at / 60)).padStart(2, '0')}:${String(at % 60).padStart(2, '0')}`)
export const someDays = fc.uniqueArray(fc.constantFrom(...weekdays), { maxLength: 7 })
