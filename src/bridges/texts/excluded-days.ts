/** The days on which nothing goes out, as people write them: weekdays and dates, “Saturday, Sunday, 2027-12-25”. */
import * as v from 'valibot'
import { weekdays } from '../../mirror/wall-clock.ts'

/** Whether nothing goes out on a date `YYYY-MM-DD`. */
export type ExcludedDays = (date: string) => boolean

const isDate = (word: string): boolean => /^\d{4}-\d\d-\d\d$/.test(word) && !Number.isNaN(Date.parse(word))
const most = 60

/** The weekday of a date, whatever the zone. */
function weekdayOf(date: string): string {
  return weekdays[(new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7]!.toLowerCase()
}

export const excludedSchema = v.pipe(
  v.string(),
  v.transform((words) =>
    words
      .split(',')
      .map((word) => word.trim().toLowerCase())
      .filter((word) => word !== ''),
  ),
  v.check((words) => words.length <= most),
  // A week without a day has no moment for anything.
  v.check((words) => new Set(words.filter((word) => !isDate(word))).size < 7),
  v.check((words) => words.every((word) => isDate(word) || weekdays.some((day) => day.toLowerCase() === word))),
  v.transform((words): ExcludedDays => {
    const days = new Set(words)
    return (date) => days.size > 0 && (days.has(date) || days.has(weekdayOf(date)))
  }),
)
