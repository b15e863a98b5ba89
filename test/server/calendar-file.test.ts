/** An appointment as a calendar's file: valid as RFC 5545 has it, at the right instant, and silent about what it is for. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { calendarFile, type Entry } from '../../src/server/portal/calendar-file.ts'

const entry: Entry = { uid: '01ABC@practice', startsAt: '2026-12-01T09:00', zone: 'America/Phoenix', minutes: 30, title: 'Desert Bloom', place: 'Mesa, second floor; 1 Main Street', now: Date.parse('2026-11-23T17:00:00Z') } // prettier-ignore
/** Lines as a calendar reads them: unfolded (3.1). */
const linesOf = (file: string): string[] => file.replaceAll('\r\n ', '').split('\r\n').slice(0, -1)
const valueOf = (file: string, name: string): string => linesOf(file).find((line) => line.startsWith(`${name}:`))!.slice(name.length + 1) // prettier-ignore

it('has what RFC 5545 asks of a calendar with one event, once each', () => {
  const lines = linesOf(calendarFile(entry))
  expect(lines.at(0)).toBe('BEGIN:VCALENDAR')
  expect(lines.at(-1)).toBe('END:VCALENDAR')
  for (const name of ['VERSION', 'PRODID', 'UID', 'DTSTAMP', 'DTSTART', 'DTEND', 'SUMMARY'])
    expect(
      lines.filter((line) => line.startsWith(`${name}:`)),
      name,
    ).toHaveLength(1)
})
it.each([
  ['Phoenix, which keeps one offset', '2026-07-01T09:00', 'America/Phoenix', '20260701T160000Z'],
  ['New York before the clocks go forward', '2026-03-07T09:00', 'America/New_York', '20260307T140000Z'],
  ['New York after it', '2026-03-08T09:00', 'America/New_York', '20260308T130000Z'],
  ['the hour that is skipped, an hour later as everywhere here', '2026-03-08T02:30', 'America/New_York', '20260308T073000Z'], // prettier-ignore
])('names the instant in UTC: %s', (_, startsAt, zone, utc) => {
  expect(valueOf(calendarFile({ ...entry, startsAt, zone }), 'DTSTART')).toBe(utc)
})
it('the same appointment keeps its UID and comes later in SEQUENCE, so that a calendar moves it', () => {
  const [first, second] = [calendarFile(entry), calendarFile({ ...entry, startsAt: '2026-12-02T09:00', now: entry.now + 60_000 })] // prettier-ignore
  expect(valueOf(second, 'UID')).toBe(valueOf(first, 'UID'))
  expect(Number(valueOf(second, 'SEQUENCE'))).toBeGreaterThan(Number(valueOf(first, 'SEQUENCE')))
})
it('whatever stands in title and place: no line over 75 octets, no character cut, and read back the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      const title = text.toWellFormed().replaceAll(/\p{Cc}/gu, '')
      const file = calendarFile({ ...entry, title, place: title || null })
      for (const line of file.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75)
      expect(Buffer.from(file).toString()).toBe(file)
      expect(valueOf(file, 'SUMMARY').replaceAll(/\\([\\;,])/g, '$1')).toBe(title)
    }),
  )
})
