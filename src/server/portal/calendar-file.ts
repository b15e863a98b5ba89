/**
 * An appointment as a file for a calendar (iCalendar, RFC 5545): when, where, and a neutral title. What it is for stands
 * nowhere in it: calendars are shared, synced and shown on locked screens. Times are UTC, so that no zone has to be told.
 */
import { Temporal } from 'temporal-polyfill'

export interface Entry {
  /** The same for every file of one appointment, so that a calendar moves it instead of adding another. */
  readonly uid: string
  /** Wall clock of the zone, `YYYY-MM-DDTHH:MM`. */
  readonly startsAt: string
  /** IANA. */
  readonly zone: string
  readonly minutes: number
  readonly title: string
  readonly place: string | null
  /** Milliseconds UTC. */
  readonly now: number
}

/** The file, with its lines folded and ended as RFC 5545, 3.1 has them. */
export function calendarFile({ uid, startsAt, zone, minutes, title, place, now }: Entry): string {
  const start = Temporal.PlainDateTime.from(startsAt).toZonedDateTime(zone).epochMilliseconds
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//PatientConnection//Portal//EN',
    'CALSCALE:GREGORIAN',
    'METHOD:PUBLISH',
    'BEGIN:VEVENT',
    `UID:${text(uid)}`,
    `DTSTAMP:${utc(now)}`,
    // Of two files for one appointment the later one stands (3.8.7.4).
    `SEQUENCE:${Math.floor(now / 60_000) % 2 ** 31}`,
    `DTSTART:${utc(start)}`,
    `DTEND:${utc(start + Math.max(1, minutes) * 60_000)}`,
    `SUMMARY:${text(title)}`,
    ...(place ? [`LOCATION:${text(place)}`] : []),
    'CLASS:PRIVATE',
    'END:VEVENT',
    'END:VCALENDAR',
  ]
  return lines.map((line) => `${folded(line)}\r\n`).join('')
}

/** `20261201T160000Z` (3.3.5, form 2). */
function utc(at: number): string {
  return new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '')
}

/** Escaped as 3.3.11 has it; other controls have no place in a text. */
function text(value: string): string {
  return value
    .replaceAll(/[\\;,]/g, (sign) => `\\${sign}`)
    .replaceAll(/\r\n?|\n/g, '\\n')
    .replaceAll(/\p{Cc}/gu, '')
}

/** No line longer than 75 octets, and no character cut in two (3.1). */
function folded(line: string): string {
  let [out, length] = ['', 0]
  for (const sign of line) {
    const octets = Buffer.byteLength(sign)
    if (length + octets > 75) [out, length] = [`${out}\r\n `, 1]
    out += sign
    length += octets
  }
  return out
}
