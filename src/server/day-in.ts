/** The day of an instant in a zone: what "today" is for a grant that begins or ends on a day (DOM-14). */
import { formats } from './formats.ts'

const daysIn = formats('en-CA', { dateStyle: 'short' })

/** `YYYY-MM-DD` of `at`, milliseconds UTC, in an IANA zone. */
export function dayIn(at: number, zone: string): string {
  return daysIn(zone).format(at)
}
