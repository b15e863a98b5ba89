/**
 * Times of HL7 (DTM, TS): as precise as they were written, with or without an offset from UTC. One without an offset is a
 * wall clock of the channel's zone.
 */
import { instantOf, wallClockOf } from '../../mirror/wall-clock.ts'

export interface HL7Time {
  readonly year: number
  readonly month?: number
  readonly day?: number
  readonly hour?: number
  readonly minute?: number
  readonly second?: number
  /** Of a second, as the digits were written: at most four. */
  readonly fraction?: string
  /** Minutes east of UTC. */
  readonly offset?: number
}

const form =
  /^(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.?(\d{1,4}))?)?)?)?)?)?(?:([+-])(\d{2})(\d{2}))?$/

/** The time in a text; undefined where it is none. Fractions are taken without their point too, as some senders write them. */
export function parseTime(text: string): HL7Time | undefined {
  const found = form.exec(text)
  if (!found) return undefined
  const number = (place: number): number | undefined => (found[place] === undefined ? undefined : Number(found[place]))
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(number)
  const [hours, minutes] = [number(9), number(10)]
  const offset = hours === undefined ? undefined : (found[8] === '-' ? -1 : 1) * (hours * 60 + minutes!)
  const date = new Date(Date.UTC(2000, (month ?? 1) - 1, day ?? 1))
  date.setUTCFullYear(year!, (month ?? 1) - 1, day ?? 1)
  const isDate = date.getUTCMonth() === (month ?? 1) - 1 && date.getUTCDate() === (day ?? 1)
  if (!isDate || (hour ?? 0) > 23 || (minute ?? 0) > 59 || (second ?? 0) > 59 || Math.abs(offset ?? 0) > 14 * 60 || (minutes ?? 0) > 59) return undefined // prettier-ignore
  const parts = { year, month, day, hour, minute, second, fraction: found[7], offset }
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)) as unknown as HL7Time
}

/** As HL7 writes it, with the same precision. */
export function writeTime(time: HL7Time): string {
  const { year, month, day, hour, minute, second, fraction, offset } = time
  const two = (part: number | undefined): string => (part === undefined ? '' : String(part).padStart(2, '0'))
  const away = Math.abs(offset ?? 0)
  const zone = offset === undefined ? '' : `${offset < 0 ? '-' : '+'}${two(Math.floor(away / 60))}${two(away % 60)}`
  return `${String(year).padStart(4, '0')}${two(month)}${two(day)}${two(hour)}${two(minute)}${two(second)}${fraction === undefined ? '' : `.${fraction}`}${zone}` // prettier-ignore
}

/** `YYYY-MM-DD`; undefined where it is less precise than a day. */
export function dateOf({ year, month, day }: HL7Time): string | undefined {
  if (month === undefined || day === undefined) return undefined
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

/**
 * The wall clock in `zone`, `YYYY-MM-DDTHH:MM`; undefined where the time is less precise than an hour. One without an
 * offset was written in the channel's zone, `written`.
 */
export function wallClockIn(time: HL7Time, zone: string, written: string): string | undefined {
  const date = dateOf(time)
  if (date === undefined || time.hour === undefined) return undefined
  const wall = `${date}T${String(time.hour).padStart(2, '0')}:${String(time.minute ?? 0).padStart(2, '0')}`
  if (time.offset === undefined) return zone === written ? wall : wallClockOf(instantOf(wall, written), zone)
  return wallClockOf(Date.parse(`${wall}Z`) - time.offset * 60_000, zone)
}

/** Milliseconds UTC; undefined where the time is less precise than a day. */
export function instantOfTime(time: HL7Time, written: string): number | undefined {
  const date = dateOf(time)
  if (date === undefined) return undefined
  const wall = `${date}T${String(time.hour ?? 0).padStart(2, '0')}:${String(time.minute ?? 0).padStart(2, '0')}`
  const minute = time.offset === undefined ? instantOf(wall, written) : Date.parse(`${wall}Z`) - time.offset * 60_000
  return minute + (time.second ?? 0) * 1_000 + Math.floor(Number(`0.${time.fraction ?? '0'}`) * 1_000)
}

/** An instant as a message says it: to the second, UTC. */
export function timeOf(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, 19).replaceAll(/[-T:]/g, '')}+0000`
}
