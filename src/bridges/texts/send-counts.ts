/**
 * What the rules should have sent, beside what was handed over: judged from the schedule and the rules as the dry run does,
 * for the time that has passed, and counted against the texts that stand in `communications`. Nothing is asked of the sender:
 * that it has stopped, fails or is refused shows in the numbers. Whatever may lawfully wait or be left is not missing.
 */
import type { OutMessage } from '../../replica/kinds/communications.ts'
import type { EventFields, LocationValue } from '../../replica/kinds/fields.ts'
import type { IndexRow, Replica } from '../../replica/replica-face.ts'
import { foretell } from './foretelling.ts'
import { judge } from './judging.ts'
import type { Booked } from './lately-booked.ts'
import { planOf } from './planning.ts'
import { blockedCode, isNumberAtFault } from './provider.ts'
import { ruleKinds, type RuleKind } from './rule-words.ts'
import { rulesOf, type Rule, type TextSettings } from './rules.ts'
import { toldOf, toldTo, unsettled, type Situations, type Told } from './situation.ts'
import type { Part } from './told-together.ts'

/** The texts of one kind at one site that should have gone out; times are milliseconds UTC. */
export interface SendCount {
  readonly what: RuleKind
  /** When the first and the last of those that did not go out were due. */
  readonly from: number
  readonly until: number
  /** Taken by the provider since `from`. */
  readonly handed: number
  /** Refused by the provider or a network, and not because of the number; with the codes. */
  readonly refused: number
  readonly codes: readonly string[]
  /** Begun, and taken by nobody yet. */
  readonly waiting: number
  /** Not begun. */
  readonly missing: number
  /** Whether nothing shows that texts of this kind go out again. */
  readonly isSilent: boolean
}
export interface SendCounts {
  readonly kinds: readonly SendCount[]
  /** When the last text that was taken was begun; null: none was. */
  readonly lastHanded: number | null
}

const hour = 3_600_000
const day = 24 * hour
/** So long after its moment a text is missing: a text waits for others, and the provider may fail for minutes. */
export const overdueAfter = 15 * 60_000
/** What is told once it can no more be undone waits for hours and excluded days at most so long. */
const mostWait = 8 * day
/** So many refusals without a text that was taken in between are no chance. */
const refusedInARow = 3
/** So many events are judged before others have their turn. */
const atOnce = 25
/** The reasons with which a sender notes that it came too late. */
const cameTooLate: ReadonlySet<string> = new Set(['too late', 'no hours', 'another rule is closer'])

export function sendCounts(of: {
  readonly replica: Replica
  readonly situations: Situations
  /** The events that were booked, or given another start, from then on. */
  readonly bookedSince: (from: number) => Promise<readonly Booked[]>
  readonly isAnyHour: () => boolean
}) {
  const { replica, situations } = of

  const siteOf = async (event: string): Promise<string | null> => (await replica.head('events', event))?.facts.site ?? null // prettier-ignore
  /** The texts by a rule of a site among these rows. */
  const ofSite = async (rows: readonly IndexRow[], site: string): Promise<(OutMessage & { what: RuleKind })[]> => {
    const found: (OutMessage & { what: RuleKind })[] = []
    for (const { body } of rows) {
      const text = body as unknown as OutMessage & { what: RuleKind }
      if (text.rule !== undefined && text.event !== undefined && (await siteOf(text.event)) === site) found.push(text)
    }
    return found
  }
  /** Whether each of these rules has told of the event; of a notice, whether any has: who knows the time is not told it again. */
  const isTold = async (row: IndexRow, rules: readonly Rule[]): Promise<boolean> => {
    const { startsAt } = row.body as unknown as EventFields
    const told = (await replica.index({ view: toldOf, state: row.id }))
      .map(({ body }) => body as unknown as OutMessage)
      .filter((one) => one.startsAt === startsAt && one.state !== 'dropped')
    return rules.every(({ lead, id, what }) => told.some((one) => lead === null || (one.rule === id && one.what === what))) // prettier-ignore
  }
  /** The events of which something may have come due: from the index, and what was booked lately. */
  const candidates = async (site: string, settings: TextSettings, from: number, until: number): Promise<string[]> => {
    const practice = await situations.practiceOf(site)
    const found = new Set<string>()
    const look = async (row: IndexRow, bookedAt: number | null): Promise<void> => {
      const fields = row.body as unknown as EventFields & { readonly site: string | null }
      const location = fields.location ?? null
      const zone = (location === null ? undefined : (practice[`location/${location}`] as LocationValue | undefined))?.zone ?? practice.zone // prettier-ignore
      if (fields.site !== site || row.patient === null || fields.deleted || zone === undefined) return
      const event = { key: row.id, startsAt: fields.startsAt, status: fields.status ?? 'None', deleted: false, location, type: fields.type ?? null, minutes: fields.minutes ?? 0, bookedAt: bookedAt ?? 0 } // prettier-ignore
      const mayBe = (rule: Rule): boolean => rule.lead === null ? bookedAt !== null : bookedAt === null && mayBeDue(rule, settings, event, row.at, from, until) // prettier-ignore
      const rules = rulesOf(settings, event).filter((rule) => rule.isOn && mayBe(rule))
      if (rules.length === 0 || (await isTold(row, rules))) return
      const plans = rules.map((rule) => planOf(rule, { event, zone, zones: [zone], settings, isAnyHour: of.isAnyHour() })) // prettier-ignore
      if (plans.some((plan) => plan && isNear(plan.planned, from, until))) found.add(row.id)
    }
    const on = settings.rules.filter((rule) => rule.isOn)
    const reach = on.filter((rule) => rule.lead !== null).map((rule) => startsFor(rule, from, until))
    if (reach.length > 0)
      for (const row of await replica.index({
        view: 'event',
        from: Math.min(...reach.map((one) => one.from)),
        before: Math.max(...reach.map((one) => one.until)),
      }))
        // prettier-ignore
        await look(row, null)
    if (reach.length < on.length)
      for (const { event, at } of await of.bookedSince(from - mostWait)) {
        const row = await replica.indexed('event', event)
        if (row) await look(row, at)
      }
    return [...found]
  }
  /** The texts that should have gone out and were not begun, each with when it was due, and whether it still is. */
  const missing = async (site: string, settings: TextSettings, from: number, now: number) => {
    const told = new Map<string, Told>()
    for (const [n, event] of (await candidates(site, settings, from, now - overdueAfter)).entries()) {
      // Patients wait for their pages meanwhile.
      if (n % atOnce === atOnce - 1) await new Promise<void>((resolve) => setImmediate(resolve))
      const one = await situations.of(event, now)
      if (one && one.site === site) told.set(event, { ...one, isAnyHour: of.isAnyHour() })
    }
    const judged = [...told.values()].map((one): Told => ({ ...one, history: { ...one.history, notSent: one.history.notSent.filter(({ why }) => !cameTooLate.has(why)) } })) // prettier-ignore
    const { sends } = foretell(judged, { from, until: now - overdueAfter, beginning: ({ event }) => event.bookedAt })
    const dueOf = ({ rule, of }: Part, at: number): number => Math.min(at, Math.max(planOf(rule, of)?.planned ?? at, of.event.bookedAt)) // prettier-ignore
    // Of mails nothing is counted: a server of mail is asked once, and says at once what became of it.
    return sends
      .filter((one) => one.by === 'text')
      .map(({ at, parts }) => ({
        // Before the time that was looked at, where it was due before.
        at: Math.min(...parts.map((part) => dueOf(part, at))),
        what: parts[0].rule.what,
        isDue: parts.some(({ rule, of: { event } }) => judge(rule, told.get(event.key)!).is === 'send'),
      }))
  }

  return {
    /** What came due between two times, per kind of which something did not go out; none where all did, or nothing had to. */
    async of(site: string, { from, now }: { readonly from: number; readonly now: number }): Promise<SendCounts> {
      const settings = await situations.settingsOf(site)
      if (!settings.isOn) return { kinds: [], lastHanded: null }
      const absent = await missing(site, settings, from, now)
      const queued = await replica.index({ view: unsettled, state: 'queued', from: from - day, before: now - overdueAfter }) // prettier-ignore
      const waiting = await ofSite(queued, site)
      const claimed = await ofSite(await replica.index({ view: toldTo, from, before: now + 1 }), site)
      const refused = claimed.filter(isRefused)
      const handed = claimed.filter((text) => text.state !== 'queued' && !isRefused(text))
      const kinds = ruleKinds.flatMap((what): SendCount[] => {
        const ofKind = <T extends { readonly what: string }>(some: readonly T[]): T[] => some.filter((one) => one.what === what) // prettier-ignore
        const [none, wait, no, yes] = [ofKind(absent), ofKind(waiting), ofKind(refused), ofKind(handed)]
        const due = [...none, ...wait, ...no].map(({ at }) => at)
        if (due.length === 0) return []
        const last = Math.max(0, ...yes.map(({ at }) => at))
        const noSince = no.filter(({ at }) => at > last).length
        const lapsed = none.filter(({ isDue, at }) => !isDue && at >= last).length
        const first = Math.min(...due)
        return [
          {
            what,
            from: first,
            until: Math.max(...due),
            handed: yes.filter(({ at }) => at >= first).length,
            refused: no.length,
            codes: [...new Set(no.flatMap(({ code }) => (code === null ? [] : [code])))].toSorted(),
            waiting: wait.length,
            missing: none.length,
            isSilent: lapsed + wait.length > 0 || none.some(({ isDue }) => isDue) || noSince >= refusedInARow || (noSince > 0 && yes.length === 0), // prettier-ignore
          },
        ]
      })
      return { kinds, lastHanded: handed.at(-1)?.at ?? null }
    },
  }
}

/** The starts of events of which a rule may tell something between two times, whatever the hours do to its moment. */
function startsFor({ what, lead }: Rule, from: number, until: number): { from: number; until: number } {
  const ms = leadIn(lead!)
  // An excluded day is told of up to a week before; after a visit, after it.
  return what === 'after visit'
    ? { from: from - ms - 9 * day, until: until - ms }
    : { from: from + ms - 2 * day, until: until + ms + 9 * day }
}

function leadIn(lead: NonNullable<Rule['lead']>): number {
  return 'days' in lead ? lead.days * day : lead.hours * hour
}

/** Whether the moment of a rule for an event may lie between two times: by the clock and the window alone, since zones cost more. */
function mayBeDue(rule: Rule, settings: TextSettings, event: { readonly startsAt: string; readonly location: string | null; readonly status: string }, start: number, from: number, until: number): boolean {
  const { what, lead } = rule
  const reach = startsFor(rule, from, until)
  if (start < reach.from || start > reach.until) return false
  if (what === 'after visit') return event.status === 'Checked Out'
  if (event.status !== 'None' || start < from) return false
  const wanted = start - leadIn(lead!)
  const isExcluded = settings.excludedAt(event.location)
  if ([-12, 0, 12].some((hours) => isExcluded(new Date(wanted + hours * hour).toISOString().slice(0, 10)))) return true
  const [window, time] = [settings.windowOf(event.location), event.startsAt.slice(11)]
  // What is due within the window on the wall goes out then.
  const isWithin = 'days' in lead! && window !== null && window.from <= time && time < window.until
  return isWithin ? isNear(wanted, from, until) : wanted <= until + 1.5 * day
} // prettier-ignore

/** Whether what is due at a time by the zone of its location may be due between two others: elsewhere it is some hours later. */
function isNear(at: number, from: number, until: number): boolean {
  return at >= from - 6 * hour && at <= until + hour
}

/** Whether a text came to nothing for another reason than its number. */
function isRefused({ state, code }: OutMessage): boolean {
  return (state === 'failed' || state === 'undelivered') && code !== blockedCode && !isNumberAtFault(code)
}
