/** When a site lets go of InSched's database, against a calendar that counts minutes. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { leavesTime, nextWindow, windowAt, type WeeklyWindow } from '../../src/mirror/backup-windows.ts'
import { weekdays } from '../../src/mirror/wall-clock.ts'
import { count, minute, timeOfDay, zoneAndChange } from './calendar.ts'

const windows = fc.array(
  fc.record({ day: fc.constantFrom(...weekdays), start: timeOfDay, minutes: fc.integer({ min: 5, max: 720 }) }),
  { maxLength: 8 },
)

it('on any day, also when the clock changes, a window is on for its minutes from its wall clock on, and at no other minute', () => {
  fc.assert(
    fc.property(zoneAndChange, windows.filter(leavesTime), fc.nat(4 * 1_440), ([zone, change], weekly, offset) => {
      const calendar = count(zone, change)
      const now = Date.parse(change) + (offset - 2 * 1_440) * minute
      const single = calendar.dates.flatMap(
        ({ date, weekday }) =>
        weekly
          .filter((window) => window.day === weekday)
          .map((window) => calendar.first(date, window.start))
          .map((from, i) => ({ from, until: from + weekly.filter((window) => window.day === weekday)[i]!.minutes * minute })), // prettier-ignore
      )
      const isOn = (at: number): boolean => single.some(({ from, until }) => from <= at && at < until)
      const found = windowAt(weekly, zone, now)
      expect(found !== undefined).toBe(isOn(now))
      if (found) {
        // One window as far as any goes on: on at both ends, off beyond them.
        expect([isOn(found.from), isOn(found.until - 1), isOn(found.until), isOn(found.from - 1)]).toEqual([true, true, false, false]) // prettier-ignore
        for (let at = found.from; at < found.until; at += 5 * minute) expect(isOn(at)).toBe(true)
      }
      const next = nextWindow(weekly, zone, now)
      const starts = single.map(({ from }) => from).filter((from) => from > now && !isOn(from - 1))
      const soon = Math.min(...starts)
      // The calendar was counted for ten days; one week shows every window.
      if (soon < now + 7 * 1_440 * minute) expect(next?.from).toBe(soon)
    }),
    { numRuns: 1_000 },
  )
})

it('a window over midnight on the night of a change lasts its minutes, not until its wall clock', () => {
  const saturday: WeeklyWindow = { day: 'Saturday', start: '23:30', minutes: 240 }
  const spring = windowAt([saturday], 'America/Denver', Date.parse('2027-03-14T07:00Z'))!
  expect(new Date(spring.until).toISOString()).toBe('2027-03-14T10:30:00.000Z')
  const autumn = windowAt([saturday], 'America/Denver', Date.parse('2026-11-01T07:00Z'))!
  expect(new Date(autumn.until).toISOString()).toBe('2026-11-01T09:30:00.000Z')
})

it('one begun by hand joins the weekly window that it reaches; one ended by hand stays ended', () => {
  const sunday: WeeklyWindow = { day: 'Sunday', start: '02:00', minutes: 30 }
  const from = Date.parse('2026-11-29T08:50Z')
  const found = windowAt([sunday], 'America/Phoenix', from, { from, until: from + 20 * minute, on: true })
  expect(found).toEqual({ from, until: Date.parse('2026-11-29T09:30Z') })
  const inside = Date.parse('2026-11-29T09:10Z')
  expect(windowAt([sunday], 'America/Phoenix', inside)).toBeDefined()
  expect(windowAt([sunday], 'America/Phoenix', inside, { ...found!, on: false })).toBeUndefined()
})

it('windows that would take the database away for more than a day are known for it', () => {
  const halfDays = weekdays.flatMap((day): WeeklyWindow[] => ['00:00', '12:00'].map((start) => ({ day, start, minutes: 720 }))) // prettier-ignore
  expect(leavesTime(halfDays)).toBe(false)
  expect(leavesTime(halfDays.slice(0, 2))).toBe(true)
  expect(leavesTime([])).toBe(true)
})
