/**
 * Whether a rule texts for an event now, later or not, and why not: one pure function, asked when an event changes, again
 * at the moment of sending, and by whoever wants to know. Nothing is remembered but what was told and what was not.
 */
import { dayOf, instantOf, wallClockOf } from '../../mirror/wall-clock.ts'
import { toldId, type Communications, type NotSentReason, type OutMessage } from '../../replica/kinds/communications.ts'
import { leadBefore, momentFor, nextOpening, openSpan, type Where } from './moments.ts'
import { rulesOf, type Rule, type TextSettings } from './rules.ts'

/** All that is asked of one event. */
export interface Situation {
  readonly now: number
  readonly settings: TextSettings
  readonly event: {
    readonly key: string
    /** Wall clock of the location. */
    readonly startsAt: string
    readonly status: string
    readonly deleted: boolean
    readonly location: string | null
    /** When it was given this start, milliseconds UTC. */
    readonly bookedAt: number
  }
  /** The zone of its location. */
  readonly zone: string
  /** Every zone in which the receiver may be. */
  readonly zones: readonly string[]
  /** The key of the receiver's number in `consents`; null: there is none. */
  readonly recipient: string | null
  /** Why the patient may not be texted. */
  readonly whyNoText: 'no number' | 'opted out' | 'consent unknown' | 'no consent' | null
  /** What the patient or the office said of this start. */
  readonly said: 'confirmed' | 'declined' | null
  /** Whether the record is no more the patient's that it was: combined, deleted. */
  readonly isGone: boolean
  readonly history: Communications
  /** When texts by a rule went to the number, milliseconds UTC, in the last eight days at least. */
  readonly toNumber: readonly number[]
  /** Texts go to a sandbox that has no night. */
  readonly isAnyHour?: boolean | undefined
}

export type Verdict =
  | { readonly is: 'told'; readonly message: OutMessage }
  | { readonly is: 'send'; readonly where: Where; readonly until: number }
  | { readonly is: 'wait'; readonly until: number; readonly why: 'due' | 'hours' | 'cap' }
  /** `isOver`: its moment has come and gone, and it will not be told. */
  | { readonly is: 'not'; readonly why: NotSentReason; readonly isOver: boolean }

const no = (why: NotSentReason, isOver = false): Verdict => ({ is: 'not', why, isOver })

function whereOf({ zone, zones, settings, event, isAnyHour }: Situation): Where {
  return {
    isAnyHour,
    zone,
    zones: [...new Set(zones)].filter((one) => one !== zone),
    window: settings.windowOf(event.location),
  }
}

/** When a rule's text goes out: its moment within the hours, or when the event was booked after that. */
export function plannedAt(rule: Rule, of: Situation): { readonly planned: number; readonly from: number } | undefined {
  const { event, zone, settings } = of
  const latest = instantOf(event.startsAt, zone) - settings.notWithin * 3_600_000
  const planned = momentFor(leadBefore(event.startsAt, zone, rule.lead), latest, whereOf(of))
  return planned === undefined ? undefined : { planned, from: Math.max(planned, event.bookedAt) }
}

/** What a rule comes to for an event, now. */
export function judge(rule: Rule, of: Situation): Verdict {
  const { now, event, settings, history, zone, recipient } = of
  const start = instantOf(event.startsAt, zone)
  const isAbout = (one: { event?: string | undefined; startsAt?: string | undefined; rule?: string | undefined; what: string }): boolean =>
    one.event === event.key && one.startsAt === event.startsAt && one.rule === rule.id && one.what === rule.what // prettier-ignore
  // Told to whomever: another number since does not make it untold.
  const message = history.out.find(isAbout)
  if (message) return message.state === 'dropped' ? no('moved', true) : { is: 'told', message }
  if (event.deleted) return no('deleted')
  if (of.isGone) return no('another patient')
  if (event.status === 'Canceled') return no('canceled')
  if (event.status !== 'None') return no('status')
  const byHand = history.sendNow.findLast(isAbout)
  const held = history.holds.find((one) => one.event === event.key && one.holds)
  if (held && (!byHand || byHand.at < held.at)) return no('held by staff')
  const passed = byHand ? undefined : history.notSent.find(isAbout)
  if (passed) return no(passed.why, true)
  if (now >= start) return no('started')
  if (!settings.isOn) return no('sending is off')
  if (!rule.isOn) return no('rule is off')
  const isRequest = rule.what === 'confirmation request'
  if (of.said === 'confirmed' && (isRequest || !settings.remindsConfirmed)) return no('confirmed')
  if (of.said === 'declined') return no('answered')
  const latest = byHand ? start : start - settings.notWithin * 3_600_000
  const tooSoonOrLate = byHand ? undefined : byItsMoment(rule, of, latest)
  if (tooSoonOrLate) return tooSoonOrLate
  if (of.whyNoText !== null || recipient === null) return no(of.whyNoText ?? 'no number', true)
  // Who sends by hand does so outside the practice's window too; never outside legal hours.
  const where = byHand ? { ...whereOf(of), window: null } : whereOf(of)
  const span = openSpan(now, where)
  if (!span) {
    const next = nextOpening(now, where)
    return next !== undefined && next <= latest ? { is: 'wait', until: next, why: 'hours' } : no('no hours', true)
  }
  if (isOverCap(rule, of)) {
    const next = nextOpening(startOfTomorrow(now, zone), where)
    return next !== undefined && next <= latest ? { is: 'wait', until: next, why: 'cap' } : no('cap', true)
  }
  return { is: 'send', where, until: Math.min(span.until, latest) }
}

/** What stands against a rule's moment, where nobody sends by hand: it has not come, or is not for this event. */
function byItsMoment(rule: Rule, of: Situation, latest: number): Verdict | undefined {
  const { now, event, settings, zone } = of
  const at = plannedAt(rule, of)
  if (!at) return no('no hours')
  if (rule.since > at.from) return no('rule came later')
  if (now < at.planned) return { is: 'wait', until: at.planned, why: 'due' }
  if (
    rule.what === 'confirmation request' &&
    !settings.asksSameDay &&
    dayOf(event.bookedAt, zone).date === event.startsAt.slice(0, 10)
  )
    // prettier-ignore
    return no('booked the same day', true)
  if (closerIsDue(rule, at.planned, of)) return no('another rule is closer', true)
  return now > latest ? no('too late', true) : undefined
}

/** Of several rules of a kind whose moment has passed, only the one that is closest to the event tells. */
function closerIsDue(rule: Rule, planned: number, of: Situation): boolean {
  return rulesOf(of.settings, of.event.location).some((other) => {
    if (other.what !== rule.what || other.id === rule.id || !other.isOn) return false
    const at = plannedAt(other, of)
    if (!at || at.planned > of.now || other.since > at.from) return false
    return at.planned > planned || (at.planned === planned && other.id < rule.id)
  })
}

function isOverCap(rule: Rule, { now, zone, settings, toNumber, history }: Situation): boolean {
  const today = dayOf(now, zone).date
  const isToday = (at: number): boolean => wallClockOf(at, zone).startsWith(today)
  if (toNumber.filter(isToday).length >= settings.perDay) return true
  if (toNumber.filter((at) => at > now - 7 * 86_400_000).length >= settings.perWeek) return true
  const asked = history.out.some((one) => one.what === 'confirmation request' && one.state !== 'dropped' && isToday(one.at)) // prettier-ignore
  return rule.what === 'confirmation request' && asked
}

function startOfTomorrow(now: number, zone: string): number {
  return instantOf(`${dayOf(now, zone, 1).date}T00:00`, zone) - 1
}

/** The id of what a rule tells of an event to a recipient. */
export function tellingId(rule: Rule, { event }: Situation, recipient: string): string {
  return toldId({ event: event.key, startsAt: event.startsAt, what: rule.what, rule: rule.id, recipient })
}
