/** Ways to write dates and times, made once for each zone: to make one costs fifty times as much as to use it. */

/** By IANA zone; throws a RangeError where it is none. */
export function formats(locale: string, options: Intl.DateTimeFormatOptions): (zone: string) => Intl.DateTimeFormat {
  const made = new Map<string, Intl.DateTimeFormat>()
  return (zone) => {
    const held = made.get(zone)
    if (held) return held
    const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: zone })
    made.set(zone, format)
    return format
  }
}
