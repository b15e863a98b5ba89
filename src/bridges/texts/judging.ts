/**
 * Whether a rule texts for an event now, later or not, and why not: one pure function, asked when an event changes, again
 * at the moment of sending, and by whoever wants to know. Nothing is remembered but what was told and what was not.
 */
import { dayOf, instantOf, wallClockOf } from '../../mirror/wall-clock.ts'
import { derivedUlid } from '../../replica/ids.ts'
import { notSentReasons, toldId, type Channel, type NotSentReason, type OutMessage } from '../../replica/kinds/communications.ts' // prettier-ignore
import { wayOf, type Way } from './channels.ts'
import { nextOpening, openSpan, type Where } from './moments.ts'
import { byHandNow, planOf, type Plan } from './planning.ts'
import { ruleKinds } from './rule-words.ts'
import { rulesOf, type Rule } from './rules.ts'
import type { Situation, Told } from './situation.ts'

export type Verdict =
  | { readonly is: 'told'; readonly message: OutMessage }
  | { readonly is: 'send'; readonly by: Channel; readonly where: Where; readonly until: number }
  /** `way`: by what it would go, as things are. */
  | { readonly is: 'wait'; readonly until: number; readonly why: WhyWait; readonly way: Way }
  /** `isOver`: its moment has come and gone, and it will not be told. `also`: why by the other channel neither. */
  | {
      readonly is: 'not'
      readonly why: NotSentReason
      readonly also?: NotSentReason | undefined
      readonly isOver: boolean
    }
export type WhyWait = 'due' | 'hours' | 'cap' | 'grace'

const no = (why: NotSentReason, isOver = false, also?: NotSentReason): Verdict & { is: 'not' } => ({ is: 'not', why, isOver, ...(also === undefined ? {} : { also }) }) // prettier-ignore

/** What a rule comes to for an event, now. */
export function judge(rule: Rule, of: Situation): Verdict {
  const { now, event, settings, history, zone } = of
  const isAbout = (one: { event?: string | undefined; startsAt?: string | undefined; rule?: string | undefined; what: string }): boolean =>
    one.event === event.key && one.startsAt === event.startsAt && one.rule === rule.id && one.what === rule.what // prettier-ignore
  // Told to whomever: another number since does not make it untold.
  const message = history.out.find((one) => isAbout(one) && !isToldAnew(one))
  if (message) return message.state === 'dropped' ? no(whyDropped(message), true) : { is: 'told', message }
  if (event.deleted) return no('deleted')
  if (of.isGone) return no('another patient')
  const isAfter = rule.what === 'after visit'
  if (event.status === 'Canceled') return no('canceled')
  const byHand = history.sendNow.findLast(isAbout)
  const passed = byHand ? undefined : history.notSent.find(isAbout)
  // It was not told for this before the patient came.
  if (passed) return no(passed.why, true, passed.also)
  if (isAfter ? event.status !== 'Checked Out' : event.status !== 'None') return no(isAfter ? 'not visited' : 'status')
  const held = history.holds.find((one) => one.event === event.key && one.holds)
  if (held && (!byHand || byHand.at < held.at)) return no('held by staff')
  const way = wayOf(of.choice, of, byHand !== undefined)
  if (way.by === null && way.why === 'nothing by itself') return no(way.why)
  if (!isAfter && now >= instantOf(event.startsAt, zone)) return no('started')
  if (!settings.isOn) return no('sending is off')
  if (!rule.isOn) return no('rule is off')
  const unwanted = whyUnwanted(rule, of)
  if (unwanted) return unwanted
  const plan = planOf(rule, of)
  const tooSoonOrLate = byHand ? undefined : byItsMoment(rule, of, plan)
  if (tooSoonOrLate) return tooSoonOrLate.is === 'wait' ? { ...tooSoonOrLate, way } : tooSoonOrLate
  if (way.by === null) return no(way.why, true, way.also)
  const wait = (until: number, why: WhyWait): Verdict => ({ is: 'wait', until, why, way })
  if (!byHand && now < plan!.planned) return wait(plan!.planned, 'hours')
  const { where, latest } = byHand ? byHandNow(rule, of) : plan!
  const span = openSpan(now, where)
  if (!span) {
    const next = nextOpening(now, where)
    return next !== undefined && next <= latest ? wait(next, 'hours') : no('no hours', true)
  }
  // So many texts are a number's; a mail disturbs nobody.
  if (way.by === 'text' && isOverCap(rule, of)) {
    const next = nextOpening(startOfTomorrow(now, zone), where)
    return next !== undefined && next <= latest ? wait(next, 'cap') : no('cap', true)
  }
  return { is: 'send', by: way.by, where, until: Math.min(span.until, latest) }
}

/** Each rule that is for an event with what it comes to now: told, sent, when it will be, or why not. Pure. */
export function outlookOf(of: Situation): readonly { readonly rule: Rule; readonly verdict: Verdict }[] {
  return rulesOf(of.settings, of.event).map((rule) => ({ rule, verdict: judge(rule, of) }))
}

/** Why what a rule would tell is of no use to this patient, as things are. */
function whyUnwanted(rule: Rule, { settings, said, history, event }: Situation): Verdict | undefined {
  const { what, ifConfirmed } = rule
  const isUseless = what === 'confirmation request' || (what === 'reminder' && !settings.remindsConfirmed)
  if (said === 'confirmed' && (isUseless || ifConfirmed === false)) return no('confirmed')
  if (ifConfirmed === true && said !== 'confirmed') return no('not confirmed')
  if (said === 'declined' && what !== 'after visit') return no('answered')
  if (what !== 'booking notice' && what !== 'change notice') return undefined
  const told = history.out.filter((one) => one.event === event.key && one.state !== 'dropped' && ruleKinds.some((kind) => kind === one.what)) // prettier-ignore
  // The newest word that the patient has of it.
  const last = told.reduce<OutMessage | undefined>((newest, one) => (newest && newest.at >= one.at ? newest : one), undefined) // prettier-ignore
  if (last?.startsAt === event.startsAt) return no('told already')
  if (what === 'booking notice') return last ? no('not new') : undefined
  return last ? undefined : no('nothing was told')
}

/** What stands against a rule's moment, where nobody sends by hand: it has not come, or is not for this event. */
function byItsMoment(
  rule: Rule,
  of: Situation,
  plan: Plan | undefined,
): (Verdict & { is: 'not' }) | { readonly is: 'wait'; readonly until: number; readonly why: WhyWait } | undefined {
  const { now, event, settings, zone } = of
  if (!plan) return no('no hours')
  if (rule.since > plan.since) return no('rule came later')
  if (now < plan.due) return { is: 'wait', until: plan.due, why: plan.isGrace ? 'grace' : 'due' }
  const isSameDay = dayOf(event.bookedAt, zone).date === event.startsAt.slice(0, 10)
  if (rule.what === 'confirmation request' && !settings.asksSameDay && isSameDay) return no('booked the same day', true)
  if (closerIsDue(rule, plan.planned, of)) return no('another rule is closer', true)
  return now > plan.latest ? no('too late', true) : undefined
}

/** Of several requests or reminders whose moment has passed, only the one that is closest to the event tells. */
function closerIsDue(rule: Rule, planned: number, of: Situation): boolean {
  if (!of.settings.closestOnly || (rule.what !== 'confirmation request' && rule.what !== 'reminder')) return false
  return rulesOf(of.settings, of.event).some((other) => {
    if (other.what !== rule.what || other.id === rule.id || !other.isOn || whyUnwanted(other, of)) return false
    const plan: Plan | undefined = planOf(other, of)
    if (!plan || plan.planned > of.now || other.since > plan.since) return false
    return plan.planned > planned || (plan.planned === planned && other.id < rule.id)
  })
}

function isOverCap(rule: Rule, { now, zone, settings, toNumber, history }: Situation): boolean {
  const today = dayOf(now, zone).date
  const isToday = (at: number): boolean => wallClockOf(at, zone).startsWith(today)
  if (toNumber.filter(isToday).length >= settings.perDay) return true
  if (toNumber.filter((at) => at > now - 7 * 86_400_000).length >= settings.perWeek) return true
  const asked = history.out.filter((one) => one.what === 'confirmation request' && one.state !== 'dropped' && isToday(one.at)) // prettier-ignore
  return rule.what === 'confirmation request' && asked.length >= settings.requestsPerDay
}

function startOfTomorrow(now: number, zone: string): number {
  return instantOf(`${dayOf(now, zone, 1).date}T00:00`, zone) - 1
}

/** Whether a claim was let go, and surely not sent, and what it tells is told by another: an event of its text had changed, or the patient is reached in another way. */
export function isToldAnew({ state, code }: OutMessage): boolean {
  return state === 'dropped' && code === 'told anew'
}

function whyDropped({ code }: OutMessage): NotSentReason {
  return notSentReasons.find((one) => one === code) ?? 'moved'
}

/** The id of what a rule tells of an event to a person: the same by whichever channel and however often it is told, until a claim was let go. */
export function tellingId(rule: Rule, { event, history, receiver }: Told): string {
  const id = toldId({ event: event.key, startsAt: event.startsAt, what: rule.what, rule: rule.id, recipient: receiver })
  const anew = history.out.filter((one) => isToldAnew(one) && one.event === event.key && one.startsAt === event.startsAt && one.rule === rule.id && one.what === rule.what) // prettier-ignore
  return anew.length === 0 ? id : derivedUlid(id, String(anew.length))
}
