import fc from 'fast-check'
import { expect, it } from 'vitest'
import { wallClockOf } from '../../src/mirror/wall-clock.ts'
import {
  leadBefore,
  legalHours,
  momentFor,
  nextOpening,
  openSpan,
  type Where,
} from '../../src/bridges/texts/moments.ts'
import { segmentsOf, inGsmLetters } from '../../src/bridges/texts/segments.ts'
import { isTelling, tellingText, usualTemplate } from '../../src/bridges/texts/wording.ts'
import { zonesOfNumber } from '../../src/bridges/texts/zones.ts'

const phoenix: Where = { zone: 'America/Phoenix', zones: [], window: { from: '09:00', until: '18:00' } }
const utc = (text: string): number => Date.parse(text)
const wall = (at: number | undefined, zone = 'America/Phoenix'): string => (at === undefined ? 'never' : wallClockOf(at, zone)) // prettier-ignore

it('[TEXT-2] “1 day before” is the same wall clock the day before, also across daylight saving; “24 hours” are elapsed', () => {
  const [denver, day, hours] = ['America/Denver', { days: 1 }, { hours: 24 }]
  expect(wall(leadBefore('2027-03-14T14:00', denver, day), denver)).toBe('2027-03-13T14:00')
  expect(wall(leadBefore('2027-03-14T14:00', denver, hours), denver)).toBe('2027-03-13T13:00')
  expect(wall(leadBefore('2026-11-01T14:00', denver, day), denver)).toBe('2026-10-31T14:00')
  expect(wall(leadBefore('2026-11-01T14:00', denver, hours), denver)).toBe('2026-10-31T15:00')
  // Arizona and Hawaii do not change their clocks.
  expect(leadBefore('2027-03-14T14:00', 'America/Phoenix', day)).toBe(leadBefore('2027-03-14T14:00', 'America/Phoenix', hours)) // prettier-ignore
  expect(leadBefore('2027-03-14T14:00', 'Pacific/Honolulu', day)).toBe(leadBefore('2027-03-14T14:00', 'Pacific/Honolulu', hours)) // prettier-ignore
})

it('[TEXT-2] what is due before the window waits for it, what is due after it goes out at its end, never after it is of use', () => {
  const late = Infinity
  expect(wall(momentFor(utc('2027-03-02T13:00:00Z'), late, phoenix))).toBe('2027-03-02T09:00')
  expect(wall(momentFor(utc('2027-03-03T03:00:00Z'), late, phoenix))).toBe('2027-03-02T17:55')
  // Due at 6:00, and by 8:00 too late: the evening before.
  expect(wall(momentFor(utc('2027-03-02T13:00:00Z'), utc('2027-03-02T15:00:00Z'), phoenix))).toBe('2027-03-01T17:55')
})

const someWhere = fc.record({
  zone: fc.constantFrom('America/Phoenix', 'America/Denver', 'America/New_York', 'Pacific/Honolulu', 'Europe/Berlin'),
  zones: fc.array(fc.constantFrom('America/Los_Angeles', 'America/Chicago', 'Pacific/Honolulu', 'Asia/Kolkata', 'America/St_Johns'), { maxLength: 2 }), // prettier-ignore
  window: fc.constantFrom(null, { from: '00:00', until: '23:59' }, { from: '06:00', until: '22:30' }, { from: '17:00', until: '09:00' }, { from: '09:00', until: '18:00' }), // prettier-ignore
})
const isDay = (at: number, zone: string): boolean => {
  const time = wallClockOf(at, zone).slice(11)
  return time >= legalHours.from && time < legalHours.until
}

it('[TEXT-2] no text is handed over outside 8:00 to 21:00 in any zone that its receiver could be in, whatever the window', () => {
  fc.assert(
    fc.property(someWhere, fc.integer({ min: 0, max: 60 * 24 * 400 }), (where, minutes) => {
      const at = utc('2026-10-01T00:00:00Z') + minutes * 60_000
      const all = [where.zone, ...where.zones]
      const moment = momentFor(at, Infinity, where)
      const next = nextOpening(at, where)
      for (const one of [moment, next]) if (one !== undefined) expect(all.every((zone) => isDay(one, zone))).toBe(true)
      const span = openSpan(at, where)
      if (span) expect(all.every((zone) => isDay(at, zone) && isDay(span.until - 1, zone))).toBe(true)
      if (moment !== undefined) expect(openSpan(moment, where)).toBeDefined()
      // Where there is an hour at all, one comes within a day or two.
      if (next !== undefined) expect(next - at).toBeLessThan(3 * 86_400_000)
    }),
    { numRuns: 400, seed: 7 },
  )
})

it('[TEXT-2] the zones of a number are those of its area code, of its country, or all that it may be in', () => {
  expect(zonesOfNumber('+14805550101')).toEqual(['America/Phoenix'])
  expect(zonesOfNumber('+12125550101')).toEqual(['America/New_York'])
  expect(zonesOfNumber('+18505550101')).toEqual(['America/New_York', 'America/Chicago'])
  expect(zonesOfNumber('+34612345678')).toContain('Europe/Madrid')
  expect(zonesOfNumber('+18005550101')).toHaveLength(4)
})

it('parts are counted as networks count them, and letters outside the GSM alphabet are written without their marks', () => {
  expect(segmentsOf('a'.repeat(160))).toEqual({ alphabet: 'GSM', units: 160, segments: 1 })
  expect(segmentsOf('a'.repeat(161))).toMatchObject({ segments: 2 })
  expect(segmentsOf('€'.repeat(80))).toMatchObject({ alphabet: 'GSM', units: 160, segments: 1 })
  expect(segmentsOf('ж'.repeat(70))).toMatchObject({ alphabet: 'UCS-2', segments: 1 })
  expect(segmentsOf('ж'.repeat(71))).toMatchObject({ segments: 2 })
  expect(inGsmLetters('Zoë “Škoda” – más')).toBe('Zoe "Skoda" - mas')
})

const words = fc.record({ firstName: fc.constantFrom('Ann', 'Zoë', ''), practice: fc.constantFrom('Desert Bloom', 'Dr. Vale'), location: fc.constantFrom('Mesa', null), phone: fc.constantFrom('+1 480 555 0100', null) }) // prettier-ignore
it('[TEXT-7] what a text tells is known again whatever name, practice, phone and language it was written with, and nothing else is', () => {
  fc.assert(
    fc.property(words, fc.constantFrom('en', 'es'), fc.boolean(), (telling, language, saysStop) => {
      const body = tellingText(
        usualTemplate('reminder', language as 'en'),
        { ...telling, startsAt: '2027-03-10T14:30' },
        language as 'en',
        saysStop,
      )
      expect(isTelling(body, 'reminder', '2027-03-10T14:30')).toBe(true)
      expect(isTelling(body, 'reminder', '2027-03-10T14:45')).toBe(false)
      expect(isTelling(body, 'reminder', '2027-03-11T14:30')).toBe(false)
      expect(isTelling(body, 'confirmation request', '2027-03-10T14:30')).toBe(false)
      expect(body).not.toMatch(/\b(CANCEL|END|QUIT|OUT)\b/)
    }),
    { numRuns: 100, seed: 3 },
  )
})
