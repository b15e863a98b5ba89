/**
 * When a site synchronizes by itself: continuously, every n minutes, or by hand only; on chosen weekdays, outside quiet
 * hours; and a full synchronization on days of its own. Pure. Times of day are wall clock of the site's zone (DOM-14): a
 * time that a spring day leaves out is the end of its gap, of a time that an autumn day has twice the first counts; minutes
 * between runs are minutes that pass.
 */
import { dayOf, instantOf, wallClockOf, type Weekday } from './wall-clock.ts'

export interface Timing {
  readonly mode: 'continuous' | 'interval' | 'by hand'
  /** Between the starts of two runs of the mode `interval`. */
  readonly everyMinutes: number
  /** On which days anything runs by itself. */
  readonly days: readonly Weekday[]
  /** On which days everything is read and compared, and when; `HH:MM`. Neither `days` nor quiet hours hold it back. */
  readonly fullSyncDays: readonly Weekday[]
  readonly fullSyncAt: string
  /** Between these times of day, `HH:MM`, nothing else begins by itself; over midnight where `until` is not after `from`. */
  readonly quietHours: { readonly from: string; readonly until: string } | null
  /** What patients and office say to each other goes at once, also between runs; not where all is by hand. */
  readonly fastLane: boolean
}

const minute = 60_000
/** In so many days every weekday and every quiet hour comes round. */
const round = 8

/** Whether quiet hours are on. */
export function isQuiet(timing: Timing, zone: string, now: number): boolean {
  return [-1, 0].some((later) => {
    const quiet = quietOf(timing, zone, now, later)
    return quiet !== undefined && quiet.from <= now && now < quiet.until
  })
}

/** The quiet hours that begin on a day. */
function quietOf({ quietHours }: Timing, zone: string, now: number, later: number) {
  if (quietHours === null) return undefined
  const { from, until } = quietHours
  const begins = dayOf(now, zone, later).date
  const ends = from < until ? begins : dayOf(now, zone, later + 1).date
  return { from: instantOf(`${begins}T${from}`, zone), until: instantOf(`${ends}T${until}`, zone) }
}

/** Whether a run may begin by itself at this moment. */
export function isOpen(timing: Timing, zone: string, now: number): boolean {
  if (timing.mode === 'by hand') return false
  return timing.days.includes(dayOf(now, zone).weekday) && !isQuiet(timing, zone, now)
}

/** The first moment from `from` on at which a run may begin by itself; null: never. */
export function nextOpening(timing: Timing, zone: string, from: number): number | null {
  if (timing.mode === 'by hand') return null
  if (isOpen(timing, zone, from)) return from
  // It opens with a day, or with the end of quiet hours.
  const moments: number[] = []
  for (let later = -1; later <= round; later++) {
    moments.push(instantOf(`${dayOf(from, zone, later).date}T00:00`, zone))
    const quiet = quietOf(timing, zone, from, later)
    if (quiet) moments.push(quiet.until)
  }
  const opens = moments.filter((moment) => moment > from && isOpen(timing, zone, moment))
  return opens.length === 0 ? null : Math.min(...opens)
}

/** When the next run of the mode `interval` is due after one that began at `last`; null in other modes. It may be past. */
export function nextRun(timing: Timing, zone: string, last: number): number | null {
  if (timing.mode !== 'interval') return null
  return nextOpening(timing, zone, last + timing.everyMinutes * minute)
}

/** When the next full synchronization is due after one that began at `last`; null: never. It may be past. */
export function nextFullSync(timing: Timing, zone: string, last: number): number | null {
  if (timing.mode === 'by hand') return null
  for (let later = 0; later <= round; later++) {
    const day = dayOf(last, zone, later)
    if (!timing.fullSyncDays.includes(day.weekday)) continue
    const at = instantOf(`${day.date}T${timing.fullSyncAt}`, zone)
    if (at > last) return at
  }
  return null
}

/** Whether changes flow as they happen at this moment. */
export function isContinuous(timing: Timing, zone: string, now: number): boolean {
  return timing.mode === 'continuous' && isOpen(timing, zone, now)
}

/** Whether the link to the portal is kept between runs at this moment. */
export function keepsLink(timing: Timing, zone: string, now: number): boolean {
  return timing.mode !== 'by hand' && (timing.fastLane || isContinuous(timing, zone, now))
}

/** A moment as staff say it: `today at 14:20`, `tomorrow at 06:00`, `on Sunday at 03:00`, `on 2027-01-03 at 03:00`. */
export function momentInWords(at: number, zone: string, now: number): string {
  const [date, time] = wallClockOf(at, zone).split('T') as [string, string]
  if (date === dayOf(now, zone).date) return `today at ${time}`
  if (date === dayOf(now, zone, 1).date) return `tomorrow at ${time}`
  for (let later = 2; later < 7; later++) {
    const day = dayOf(now, zone, later)
    if (day.date === date) return `on ${day.weekday} at ${time}`
  }
  return `on ${date} at ${time}`
}

/** What happens next, in words; `run` and `full` are the next moments as the site has them. */
export function nextInWords(
  timing: Timing,
  zone: string,
  next: { readonly now: number; readonly run: number | null; readonly full: number | null },
): string {
  if (timing.mode === 'by hand') return 'Only by hand.'
  const moment = (at: number): string => (at <= next.now ? 'now' : momentInWords(at, zone, next.now))
  const full = next.full === null ? '' : `; full synchronization ${moment(next.full)}`
  if (timing.mode === 'continuous') {
    if (next.run === null) return `Never by itself: no day is chosen${full}.`
    return next.run <= next.now ? `Continuously${full}.` : `Next: continuously from ${moment(next.run)}${full}.`
  }
  return next.run === null ? `Never by itself: no day is chosen${full}.` : `Next: ${moment(next.run)}${full}.`
}
