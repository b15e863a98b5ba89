/** The day of an instant in a zone: what "today" is for a grant that begins or ends on a day (DOM-14). */

/** `YYYY-MM-DD` of `at`, milliseconds UTC, in an IANA zone. */
export function dayIn(at: number, zone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' }).format(at)
}
