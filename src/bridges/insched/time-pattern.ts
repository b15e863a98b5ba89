/**
 * Dates and times as a database writes them: a pattern of fixed places such as `DD.MM.YYYY HH:mm`, or seconds since 1970.
 * On our side a date is `YYYY-MM-DD`, a wall clock `YYYY-MM-DDTHH:MM`, an instant ISO 8601 in UTC.
 */

/** How much of a time is wanted. */
export type Extent = 'date' | 'clock' | 'instant'
export interface TimePattern {
  /** On our side; undefined where the text is not of the pattern, or is no day. */
  parse(value: string): string | undefined
  /** As the database writes it. */
  format(ours: string): string
  /** Whether texts of it sort as the times do. */
  readonly sorts: boolean
  /** The places (from 1) and lengths of year, month, day, hour and minute in a text, as far as it has them. */
  readonly places: readonly (readonly [at: number, length: number])[]
}

const units = ['YYYY', 'MM', 'DD', 'HH', 'mm', 'ss'] as const
const seconds = 'unix seconds'
/** Our side of an instant, by the same units. */
const instantPlaces = [0, 5, 8, 11, 14, 17]

/** Whether a text is a pattern at all. */
export function hasTokens(pattern: string): boolean {
  return pattern === seconds || (pattern.includes('YYYY') && pattern.includes('MM') && pattern.includes('DD'))
}

export function timePattern(pattern: string, extent: Extent): TimePattern {
  if (pattern === seconds)
    return {
      parse: (value) => (/^\d+$/.test(value) ? new Date(Number(value) * 1000).toISOString() : undefined),
      format: (ours) => String(Math.floor(Date.parse(ours) / 1000)),
      sorts: true,
      places: [],
    }
  const found = units.flatMap((unit) => (pattern.includes(unit) ? [{ unit, at: pattern.indexOf(unit) }] : []))
  const long = Math.max(...found.map(({ unit, at }) => at + unit.length))
  return {
    parse(value) {
      if (value.length < long) return undefined
      const part = Object.fromEntries(found.map(({ unit, at }) => [unit, value.slice(at, at + unit.length)]))
      if (Object.values(part).some((digits) => !/^\d+$/.test(digits))) return undefined
      const { YYYY, MM, DD, HH = '00', mm = '00', ss = '00' } = part
      const date = `${YYYY}-${MM}-${DD}`
      const whole = `${date}T${HH}:${mm}:${ss}.000Z`
      // A day that does not exist comes back as another.
      if (Number.isNaN(Date.parse(whole)) || new Date(whole).toISOString() !== whole) return undefined
      return extent === 'date' ? date : extent === 'clock' ? whole.slice(0, 16) : whole
    },
    format(ours) {
      return found.reduce((text, { unit, at }) => {
        const from = instantPlaces[units.indexOf(unit)]!
        const digits = ours.slice(from, from + unit.length) || '0'.repeat(unit.length)
        return text.slice(0, at) + digits + text.slice(at + unit.length)
      }, pattern)
    },
    sorts: found.every(({ at }, i) => i === 0 || at > found[i - 1]!.at),
    places: found.map(({ unit, at }) => [at + 1, unit.length] as const),
  }
}
