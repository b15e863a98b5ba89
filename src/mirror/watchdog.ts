/**
 * What a site's state is called, and when a portal must have heard of a site by its schedule and its backup windows. Pure.
 * A site cannot tell that it is silent; the portal can.
 */
import { windowAt, type ByHand } from './backup-windows.ts'
import type { Preferences } from './preferences.ts'
import { isContinuous, nextOpening, nextRun } from './schedule.ts'
import { wallClockOf } from './wall-clock.ts'

/** How long a site may be silent beyond its schedule, milliseconds. */
export const silenceAllowed = 3 * 60_000

/** `Down since` a time in ISO, UTC; a backup's end is wall clock of the site. */
export type SiteState =
  | 'Working'
  | 'Behind'
  | `Disconnected for backup until ${string}`
  | 'Paused by hand'
  | `Down since ${string}`
  | 'Down, never connected'
  | 'Never enrolled'
  | 'Standby'

/** What a portal knows of an enrolled site. */
export interface Known {
  readonly preferences: Preferences
  readonly byHand: ByHand | null
  readonly zone: string
  readonly connected: boolean
  /** When it was last heard, milliseconds UTC. */
  readonly heardAt: number | null
  /** Since when the portal listens: while it did not, no silence was a site's. */
  readonly listensSince: number
  /** Documents that it has not acknowledged. */
  readonly behind: number
}

/** The state of a backup window, by the wall clock of the site. */
export function disconnectedUntil(until: number, zone: string): SiteState {
  return `Disconnected for backup until ${wallClockOf(until, zone).slice(11)}`
}

/** By when a site that was heard at `heardAt` is to be heard again, milliseconds UTC; null: nobody can say. */
export function expectedBy({ timing }: Preferences, zone: string, heardAt: number): number | null {
  if (timing.mode === 'by hand') return null
  if (timing.fastLane || isContinuous(timing, zone, heardAt)) return heardAt + silenceAllowed
  const next = timing.mode === 'interval' ? nextRun(timing, zone, heardAt) : nextOpening(timing, zone, heardAt)
  return next === null ? null : next + silenceAllowed
}

/** Whether a site is silent for longer than its schedule explains. */
export function isSilent({ preferences, zone, connected, heardAt, listensSince }: Known, now: number): boolean {
  if (connected) return false
  const expected = expectedBy(preferences, zone, Math.max(heardAt ?? 0, listensSince))
  return expected !== null && now > expected
}

/** The state of an enrolled site, as the portal sees it. */
export function stateOfSite(known: Known, now: number): SiteState {
  const { preferences, byHand, zone, heardAt, behind } = known
  if (isSilent(known, now)) return heardAt === null ? 'Down, never connected' : `Down since ${new Date(heardAt).toISOString()}` // prettier-ignore
  const window = windowAt(preferences.backup.windows, zone, now, byHand)
  if (window) return disconnectedUntil(window.until, zone)
  if (preferences.timing.mode === 'by hand') return 'Paused by hand'
  return behind > 0 ? 'Behind' : 'Working'
}
