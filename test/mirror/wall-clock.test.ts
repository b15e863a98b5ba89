/** Wall clocks of zones, beside what Temporal says of them. */
import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { expect, it } from 'vitest'
import { daysLater, instantOf, wallClockOf } from '../../src/mirror/wall-clock.ts'

const zones = ['America/Denver', 'America/Phoenix', 'Pacific/Honolulu', 'America/St_Johns', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Chatham', 'Africa/Casablanca'] as const // prettier-ignore
// Until 2011 clocks in Newfoundland changed a minute past midnight.
const [first, last] = [Date.parse('2012-01-01T00:00:00Z'), Date.parse('2060-01-01T00:00:00Z')]
const instant = fc.integer({ min: first, max: last })

it('the wall clock of any instant is that of its zone, also beside a change of clocks', () => {
  const beside = fc.tuple(instant, fc.constantFrom(...zones)).map(([at, zone]) => {
    const change = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).getTimeZoneTransition('next')
    return change?.epochMilliseconds ?? at
  })
  const near = fc.tuple(beside, fc.integer({ min: -3_600_000, max: 3_600_000 })).map(([at, off]) => at + off)
  fc.assert(
    fc.property(fc.oneof(instant, near), fc.constantFrom(...zones), (at, zone) => {
      const wall = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDateTime()
      expect(wallClockOf(at, zone)).toBe(wall.toString({ smallestUnit: 'minute' }))
    }),
    { numRuns: 500 },
  )
})

it('days later is the same time of day, across months, leap days and years; what is no wall clock is refused', () => {
  fc.assert(
    fc.property(instant, fc.integer({ min: -800, max: 800 }), (at, days) => {
      const wall = wallClockOf(at, 'UTC')
      const later = Temporal.PlainDateTime.from(wall).add({ days })
      expect(daysLater(wall, days)).toBe(later.toString({ smallestUnit: 'minute' }))
    }),
  )
  for (const none of ['2027-02-30T10:00', '2027-13-01T10:00', '2027-02-01', '2027-02-01T10:00:30', ''])
    expect(() => daysLater(none, 1), none).toThrow(RangeError)
  expect(() => instantOf('2027-02-30T10:00', 'America/Phoenix')).toThrow(RangeError)
})
