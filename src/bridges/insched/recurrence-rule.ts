/**
 * On which days a series has an occurrence, by its pattern: a recurrence rule of RFC 5545 in the wall clock of the event's
 * location, where every day of a series is the same time of day. What is finer than a day is no pattern of a schedule.
 */
import { createRequire } from 'node:module'
import type * as library from 'rrule'
import { wallClockOf } from '../../mirror/wall-clock.ts'

// Its types speak of an ES module, and Node.js finds the other one that it also brings.
const { RRule } = createRequire(import.meta.url)('rrule') as typeof library
type Options = ReturnType<typeof RRule.parseString>

const day = 86_400_000
/** The library counts in UTC: a wall clock is given to it as if it were one of UTC. */
const asUtc = (wall: string): number => Date.parse(`${wall}Z`)

/** The options of a rule; undefined where the text is none, or is finer than a day. */
function optionsOf(pattern: string): Options | undefined {
  const text = pattern.replace(/^RRULE:/i, '')
  if (!/^(?:[A-Z-]+=[^;=\s]+;?)+$/i.test(text)) return undefined
  try {
    const options = RRule.parseString(text)
    if (options.freq === undefined || options.freq > RRule.DAILY || options.dtstart || options.tzid) return undefined
    if (options.byhour ?? options.byminute ?? options.bysecond) return undefined
    void new RRule({ ...options, dtstart: new Date(0) })
    return options
  } catch {
    // The library has no other way to say that a text is no rule.
    return undefined
  }
}

/** Whether a text is a recurrence rule whose occurrences are days. */
export function isRecurrenceRule(text: string): boolean {
  return optionsOf(text) !== undefined
}

/**
 * The days (`YYYY-MM-DD`) from `from` to `to`, both included, on which a series that starts at a wall clock has an occurrence.
 * Its first start is one where the pattern has that day, as with every other. An UNTIL in UTC is meant in `zone`.
 */
export function daysOfRule(pattern: string, startsAt: string, zone: string, from: string, to: string): string[] {
  const options = optionsOf(pattern)
  if (!options) return []
  const first = asUtc(startsAt)
  const time = first % day
  const inUtc = /UNTIL=\d{8}T\d{6}Z/i.test(pattern)
  const until = options.until && inUtc ? new Date(asUtc(wallClockOf(options.until.getTime(), zone))) : options.until
  // A last day without a time of day is a whole day.
  const end = until && /UNTIL=\d{8}(?!T)/i.test(pattern) ? new Date(until.getTime() + day - 1) : until
  const rule = new RRule({ ...options, ...(end ? { until: end } : {}), dtstart: new Date(first) }, true)
  const found = rule.between(new Date(asUtc(`${from}T00:00`) + time), new Date(asUtc(`${to}T00:00`) + time), true)
  return found.map((one) => one.toISOString().slice(0, 10))
}
