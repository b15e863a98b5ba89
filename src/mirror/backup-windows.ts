/**
 * The times at which a site lets go of InSched's database so that backup programs have it to themselves: weekly windows
 * and one begun by hand. Pure. A window begins by the wall clock of the site's zone and lasts its minutes as they pass,
 * over midnight and over both changes of the clock; windows that overlap or touch are one (DOM-14).
 */
import { dayOf, instantOf, type Weekday } from './wall-clock.ts'

export interface WeeklyWindow {
  readonly day: Weekday
  /** `HH:MM`. */
  readonly start: string
  readonly minutes: number
}

/** From and until in milliseconds UTC; `until` is outside. */
export interface Stretch {
  readonly from: number
  readonly until: number
}

/** What was said by hand: `on`, the database is let go of in this stretch; else it is kept, whatever the week says. */
export interface ByHand extends Stretch {
  readonly on: boolean
}

/** The longest that a window may be, in minutes. */
export const longestWindow = 720

const minute = 60_000
const day = 24 * 60 * minute

/** The windows that begin from two days before `around` to nine days after it, in order, those that overlap as one. */
function stretches(
  windows: readonly WeeklyWindow[],
  zone: string,
  around: number,
  more: readonly Stretch[],
): Stretch[] {
  const found = [...more]
  for (let later = -2; later <= 9; later++) {
    const { date, weekday } = dayOf(around, zone, later)
    for (const window of windows) {
      if (window.day !== weekday) continue
      const from = instantOf(`${date}T${window.start}`, zone)
      found.push({ from, until: from + window.minutes * minute })
    }
  }
  const merged: Stretch[] = []
  for (const next of found.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1)
    if (last && next.from <= last.until)
      merged[merged.length - 1] = { from: last.from, until: Math.max(last.until, next.until) }
    else merged.push(next)
  }
  return merged
}

/** The window that is on at `now`, with those that follow on it without a gap; undefined where none is. */
export function windowAt(
  windows: readonly WeeklyWindow[],
  zone: string,
  now: number,
  byHand: ByHand | null = null,
): Stretch | undefined {
  if (byHand && !byHand.on && byHand.from <= now && now < byHand.until) return undefined
  return stretches(windows, zone, now, byHand?.on ? [{ from: byHand.from, until: byHand.until }] : []).find(
    ({ from, until }) => from <= now && now < until,
  )
}

/** The next window that begins after `now`; undefined where there is none. */
export function nextWindow(windows: readonly WeeklyWindow[], zone: string, now: number): Stretch | undefined {
  return stretches(windows, zone, now, []).find(({ from }) => from > now)
}

/** Whether these windows leave some time between them every day; on days of 24 hours. */
export function leavesTime(windows: readonly WeeklyWindow[]): boolean {
  // Any week will do: this one begins on a Monday, in a zone that keeps its clock.
  return stretches(windows, 'UTC', Date.UTC(2024, 0, 1), []).every(({ from, until }) => until - from <= day)
}
