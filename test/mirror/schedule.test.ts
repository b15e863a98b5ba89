/** When a site synchronizes by itself, against a calendar that counts minutes. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isOpen,
  keepsLink,
  nextFullSync,
  nextInWords,
  nextOpening,
  nextRun,
  type Timing,
} from '../../src/mirror/schedule.ts'
import { weekdays } from '../../src/mirror/wall-clock.ts'
import { count, minute, someDays, timeOfDay, zoneAndChange, type Counted } from './calendar.ts'

const daily: Timing = { mode: 'interval', everyMinutes: 20, days: weekdays, fullSyncDays: ['Sunday'], fullSyncAt: '03:00', quietHours: null, fastLane: true } // prettier-ignore
const phoenix = (text: string): number => Date.parse(`${text}:00-07:00`)

const anyTiming: fc.Arbitrary<Timing> = fc.record({
  mode: fc.constantFrom('continuous', 'interval'),
  everyMinutes: fc.integer({ min: 1, max: 1_440 }),
  days: someDays,
  fullSyncDays: someDays,
  fullSyncAt: timeOfDay,
  quietHours: fc.option(fc.record({ from: timeOfDay, until: timeOfDay }).filter(({ from, until }) => from !== until)),
  fastLane: fc.boolean(),
})
/** The quiet hours of a counted calendar. */
const quietIn = (calendar: Counted, quiet: NonNullable<Timing['quietHours']>) =>
  calendar.dates.map(({ date }, i) => ({
    from: calendar.first(date, quiet.from),
    until: calendar.first(quiet.from < quiet.until ? date : (calendar.dates[i + 1]?.date ?? '-'), quiet.until),
  }))

describe('on any day, also when the clock changes', () => {
  it('a run may begin on a chosen day outside quiet hours, and at no other minute', () => {
    fc.assert(
      fc.property(zoneAndChange, anyTiming, fc.nat(5 * 1_440), ([zone, change], timing, offset) => {
        const calendar = count(zone, change)
        const now = Date.parse(change) + (offset - 2 * 1_440) * minute
        const day = calendar.dates.find(({ date }) => date === calendar.dateOf(now))!
        const quiet = timing.quietHours !== null && quietIn(calendar, timing.quietHours).some(({ from, until }) => from <= now && now < until) // prettier-ignore
        expect(isOpen(timing, zone, now)).toBe(timing.days.includes(day.weekday) && !quiet)
      }),
      { numRuns: 2_000 },
    )
  })
  it('the next opening is open, and no minute before it is', () => {
    fc.assert(
      fc.property(zoneAndChange, anyTiming, fc.nat(3 * 1_440), ([zone, change], timing, offset) => {
        const from = Date.parse(change) + (offset - 2 * 1_440) * minute
        const next = nextOpening(timing, zone, from)
        if (next === null) {
          for (let at = from; at < from + 8 * 1_440 * minute; at += 97 * minute)
            expect(isOpen(timing, zone, at)).toBe(false)
          return
        }
        expect(isOpen(timing, zone, next)).toBe(true)
        for (let at = from; at < next; at += 7 * minute) expect(isOpen(timing, zone, at)).toBe(false)
        expect(next === from || !isOpen(timing, zone, next - minute)).toBe(true)
      }),
      { numRuns: 150 },
    )
  })
  it('a full synchronization comes once on each of its days, at its time or at the end of the gap that swallows it', () => {
    fc.assert(
      fc.property(zoneAndChange, anyTiming, ([zone, change], timing) => {
        const calendar = count(zone, change)
        const end = calendar.until - 10 * 1_440 * minute
        const found: number[] = []
        for (let last = calendar.from + 1_440 * minute; ;) {
          const next = nextFullSync(timing, zone, last)
          if (next === null || next >= end) break
          found.push((last = next))
        }
        const wanted = calendar.dates
          .filter(({ weekday }) => timing.fullSyncDays.includes(weekday))
          .map(({ date }) => calendar.first(date, timing.fullSyncAt))
          .filter((at) => at > calendar.from + 1_440 * minute && at < end)
        expect(found).toEqual(wanted)
      }),
      { numRuns: 150 },
    )
  })
})

it('runs are minutes apart that pass, also over the hour that an autumn day has twice', () => {
  const last = Date.parse('2026-11-01T07:50Z')
  expect(nextRun(daily, 'America/Denver', last)).toBe(last + 20 * minute)
  expect(nextRun({ ...daily, quietHours: { from: '22:00', until: '06:00' } }, 'America/Denver', last)).toBe(Date.parse('2026-11-01T13:00Z')) // prettier-ignore
})

it('by hand nothing runs by itself, and the link is not kept, whatever else is set', () => {
  fc.assert(
    fc.property(anyTiming, fc.nat(10_000), (timing, at) => {
      const byHand: Timing = { ...timing, mode: 'by hand' }
      const now = phoenix('2026-11-24T00:00') + at * minute
      expect(isOpen(byHand, 'America/Phoenix', now)).toBe(false)
      expect(nextOpening(byHand, 'America/Phoenix', now)).toBeNull()
      expect(nextRun(byHand, 'America/Phoenix', now)).toBeNull()
      expect(nextFullSync(byHand, 'America/Phoenix', now)).toBeNull()
      expect(keepsLink(byHand, 'America/Phoenix', now)).toBe(false)
    }),
  )
})

it('the fast lane keeps the link between runs and in quiet hours; without it the link is there while changes flow', () => {
  const zone = 'America/Phoenix'
  const night = phoenix('2026-11-24T23:00')
  const noon = phoenix('2026-11-24T12:00')
  const quiet = { ...daily, quietHours: { from: '22:00', until: '06:00' } }
  expect(keepsLink(quiet, zone, night)).toBe(true)
  expect(keepsLink({ ...quiet, fastLane: false }, zone, noon)).toBe(false)
  expect(keepsLink({ ...quiet, mode: 'continuous', fastLane: false }, zone, noon)).toBe(true)
  expect(keepsLink({ ...quiet, mode: 'continuous', fastLane: false }, zone, night)).toBe(false)
})

it('says what comes next as staff would', () => {
  const zone = 'America/Phoenix'
  const now = phoenix('2026-11-24T14:00')
  const say = (timing: Timing, run: number | null, full: number | null): string =>
    nextInWords(timing, zone, { now, run, full })
  const sunday = phoenix('2026-11-29T03:00')
  expect(say(daily, phoenix('2026-11-24T14:20'), sunday)).toBe('Next: today at 14:20; full synchronization on Sunday at 03:00.') // prettier-ignore
  expect(say(daily, phoenix('2026-11-25T06:00'), null)).toBe('Next: tomorrow at 06:00.')
  expect(say({ ...daily, mode: 'continuous' }, now, sunday)).toBe('Continuously; full synchronization on Sunday at 03:00.') // prettier-ignore
  expect(say({ ...daily, mode: 'continuous' }, phoenix('2026-11-25T06:00'), null)).toBe('Next: continuously from tomorrow at 06:00.') // prettier-ignore
  expect(say({ ...daily, mode: 'by hand' }, null, null)).toBe('Only by hand.')
  expect(say({ ...daily, days: [] }, null, sunday)).toBe('Never by itself: no day is chosen; full synchronization on Sunday at 03:00.') // prettier-ignore
})
