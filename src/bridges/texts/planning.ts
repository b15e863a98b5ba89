/**
 * When the text of a rule is due for an event, whatever stands against it: before the event by the rule's lead, after the
 * event was booked or moved and the change can no more be undone, or after the visit. Pure.
 */
import { instantOf, wallClockOf } from '../../mirror/wall-clock.ts'
import { leadAfter, leadBefore, momentFor, momentFrom, type Where } from './moments.ts'
import { longestLead } from './rule-words.ts'
import type { Rule } from './rules.ts'
import type { Situation } from './situation.ts'

export interface Plan {
  /** When it is to be looked at: no earlier can it be told. */
  readonly due: number
  /** When it goes out, within the hours. */
  readonly planned: number
  /** A rule that was turned on after this came too late for it. */
  readonly since: number
  /** After this it is of no more use. */
  readonly latest: number
  /** Whether it waits so that what happened can be undone. */
  readonly isGrace: boolean
  /** The hours that hold for it. */
  readonly where: Where
}

/** What a moment depends on. */
export type Planned = Pick<Situation, 'event' | 'zone' | 'zones' | 'settings' | 'isAnyHour'>

const hour = 3_600_000
/** What is said after a visit is said within so many days, or not at all. */
const thanksWithin = 3 * 24 * hour
/** An early reminder outside the window goes out so long before the event at the latest. */
const earlyUntil = hour

/** Undefined where no hour within a week of it is one at which it may go out. */
export function planOf(rule: Rule, of: Planned): Plan | undefined {
  const { event, zone, settings } = of
  const where = whereOf(of)
  const start = instantOf(event.startsAt, zone)
  const latest = start - settings.notWithin * hour
  if (rule.what === 'after visit') {
    const due = leadAfter(start + event.minutes * 60_000, zone, rule.lead!)
    const planned = momentFrom(due, where)
    return planned === undefined ? undefined : { due: planned, planned, since: due, latest: due + thanksWithin, isGrace: false, where } // prettier-ignore
  }
  if (rule.lead === null) {
    const due = event.bookedAt + settings.graceMinutes * 60_000
    const planned = momentFrom(due, where)
    return planned === undefined ? undefined : { due, planned, since: event.bookedAt, latest, isGrace: true, where }
  }
  const wanted = leadBefore(event.startsAt, zone, rule.lead)
  const early = rule.what === 'reminder' && settings.earlySameDay ? earlyPlan(wanted, start, of) : undefined
  const planned = early?.planned ?? momentFor(wanted, latest, where)
  if (planned === undefined) return undefined
  return { due: planned, planned, since: Math.max(planned, event.bookedAt), latest, isGrace: false, where, ...early }
}

/** The hours that hold for what staff send by hand: outside the practice's window too, never outside legal hours, and until the event begins. */
export function byHandNow(rule: Rule, of: Planned): Pick<Plan, 'where' | 'latest'> {
  const start = instantOf(of.event.startsAt, of.zone)
  const latest = rule.what === 'after visit' ? start + of.event.minutes * 60_000 + longestLead * 24 * hour : start
  return { where: { ...whereOf(of), window: null, excluded: undefined }, latest }
}

/** The reminder of an early event, on its day and before the window opens: within legal hours, an hour before it at the latest. */
function earlyPlan(wanted: number, start: number, of: Planned): Pick<Plan, 'due' | 'planned' | 'latest' | 'where'> | undefined {
  const { event, zone, settings } = of
  const window = settings.windowOf(event.location)
  const wall = wallClockOf(wanted, zone)
  if (window === null || wall.slice(0, 10) !== event.startsAt.slice(0, 10) || wall.slice(11) >= window.from) return undefined
  const where = { ...whereOf(of), window: null }
  const latest = start - earlyUntil
  const planned = momentFrom(wanted, where)
  return planned === undefined || planned > latest ? undefined : { due: planned, planned, latest, where }
} // prettier-ignore

function whereOf({ zone, zones, settings, event, isAnyHour }: Planned): Where {
  return {
    isAnyHour,
    zone,
    zones: [...new Set(zones)].filter((one) => one !== zone),
    window: settings.windowOf(event.location),
    excluded: settings.excludedAt(event.location),
  }
}
