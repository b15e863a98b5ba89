/**
 * What a page says to one reader: the words of their language, and dates, times, numbers and money as that language
 * writes them. Wall clocks are of their place and are never converted; instants are told in the zone that is given.
 */
import { Temporal } from 'temporal-polyfill'
import { formats } from '../formats.ts'
import { en, type Words } from './en.ts'
import { es } from './es.ts'
import { digitsOf, type Money } from '../../replica/kinds/money.ts'
import { languages, type Language } from './language.ts'

export interface Speech {
  readonly language: Language
  readonly words: Words
  /** `Tuesday, March 3 at 9:00 AM` from a wall clock `YYYY-MM-DDTHH:MM`. */
  wall(wall: string): string
  /** `March 3, 2026` from a date `YYYY-MM-DD`. */
  day(date: string): string
  /** `Tuesday, March 3 at 9:00 AM` of an instant (milliseconds UTC) in an IANA zone. */
  instant(at: number, zone: string): string
  /** `Mar 3, 9:00 AM` of an instant, where there is little room. */
  short(at: number, zone: string): string
  /** `Mar 3, 9:00 AM` from a wall clock. */
  shortWall(wall: string): string
  /** `9:00 AM` from a wall clock. */
  hour(wall: string): string
  /** `Mountain Standard Time`: the name of a zone at a wall clock, for where it matters. */
  zoneName(zone: string, wall: string): string
  number(value: number): string
  /** `$12.50`. */
  money(amount: Money): string
}

/** Every language and what its words are. */
export const catalogue: Readonly<Record<Language, Words>> = { en, es }

const localeOf: Readonly<Record<Language, string>> = { en: 'en-US', es: 'es-US' }
const moment = { weekday: 'long', month: 'long', day: 'numeric', hour: 'numeric', minute: '2-digit' } as const

const little = { month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' } as const

/** A wall clock is written as it stands: as if it were UTC, in UTC. */
const written = (wall: string): number => Date.parse(`${wall}Z`)

const speeches = new Map<Language, Speech>(
  languages.map((language) => {
    const locale = localeOf[language]
    const momentIn = formats(locale, moment)
    const littleIn = formats(locale, little)
    const hourIn = formats(locale, { hour: 'numeric', minute: '2-digit' })
    const dayIn = formats(locale, { dateStyle: 'long' })
    const zoneIn = formats(locale, { timeZoneName: 'long' })
    const speech: Speech = {
      language,
      words: catalogue[language],
      wall: (wall) => momentIn('UTC').format(written(wall)),
      day: (date) => dayIn('UTC').format(Date.parse(date)),
      instant: (at, zone) => momentIn(zone).format(at),
      short: (at, zone) => littleIn(zone).format(at),
      shortWall: (wall) => littleIn('UTC').format(written(wall)),
      hour: (wall) => hourIn('UTC').format(written(wall)),
      zoneName(zone, wall) {
        const at = Temporal.PlainDateTime.from(wall).toZonedDateTime(zone).epochMilliseconds
        const parts = zoneIn(zone).formatToParts(at)
        return parts.find((part) => part.type === 'timeZoneName')?.value ?? zone
      },
      number: (value) => value.toLocaleString(locale),
      money: ({ minor, currency }) =>
        (minor / 10 ** digitsOf(currency)).toLocaleString(locale, { style: 'currency', currency }),
    }
    return [language, speech]
  }),
)

export function speechIn(language: Language): Speech {
  return speeches.get(language)!
}
