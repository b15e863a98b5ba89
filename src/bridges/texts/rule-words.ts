/**
 * A rule for texts as people write it: “reminder 1 day before at location 2 if not confirmed with calendar link”. One
 * grammar, read here and written here: what is read and written again is the same.
 */
import * as v from 'valibot'
import type { ToldKind } from '../../replica/kinds/communications.ts'
import type { Lead } from './moments.ts'

/**
 * What is told of an event by itself, each a switch of its own: a request is answered, a reminder is not; a notice says that
 * an event was booked, or has another time than was told; after a visit the patient is thanked.
 */
export const ruleKinds = ['confirmation request', 'reminder', 'booking notice', 'change notice', 'after visit'] as const satisfies readonly ToldKind[] // prettier-ignore
export type RuleKind = (typeof ruleKinds)[number]

/** What a rule says, beside its name. */
export interface RuleWords {
  readonly what: RuleKind
  /** Before the start, or of `after visit` after the end; null of a notice, which goes out when it can no more be undone. */
  readonly lead: Lead | null
  readonly isOn: boolean
  /** The location that it is for, by its id; null: every one that has no rule of its own. */
  readonly location: string | null
  /** The keys of the event types that it is for; none: every type that no rule of its kind names. */
  readonly types: readonly string[]
  /** Only for events that are confirmed, or only for those that are not; null: for both. */
  readonly ifConfirmed: boolean | null
  /** The patient is asked to come so many minutes before the start; 0: at the start. */
  readonly arriveEarly: number
  /** Whether the text has a link that puts the event into a calendar. */
  readonly calendar: boolean
}

/** The longest lead; what goes out for an event goes out within so many days before it, or after it. */
export const longestLead = 30
/** How early a patient may be asked to come, in minutes. */
const earliest = 240

const measure = String.raw`[1-9]\d{0,2} (?:days?|hours?)`
const pattern = new RegExp(
  [
    '^(?<off>off )?(?:',
    `(?<before>confirmation request|reminder) (?<lead>${measure}) before`,
    '|(?<notice>booking notice|change notice)',
    `|(?<after>after visit) (?<later>${measure}) after)`,
    String.raw`(?: at location (?<location>\d{1,15}))?`,
    '(?: for types? (?<types>[0-9A-Z]{26}(?:, ?[0-9A-Z]{26})*))?',
    '(?: if (?<not>not )?(?<confirmed>confirmed))?',
    String.raw`(?: arrive (?<early>[1-9]\d{0,2}) minutes early)?`,
    '(?: with (?<calendar>calendar) link)?$',
  ].join(''),
)

function leadOf(words: string): Lead {
  const [count, unit] = words.split(' ')
  return unit!.startsWith('day') ? { days: Number(count) } : { hours: Number(count) }
}

export const ruleSchema = v.pipe(
  v.string(),
  v.trim(),
  v.regex(pattern),
  v.transform((words): RuleWords => {
    const found = pattern.exec(words)!.groups!
    const { off, before, notice, after, lead, later, location, types, not, confirmed, early, calendar } = found
    const length = lead ?? later
    return {
      what: (before ?? notice ?? after) as RuleKind,
      lead: length === undefined ? null : leadOf(length),
      isOn: off === undefined,
      location: location ?? null,
      types: types === undefined ? [] : types.split(/, ?/),
      ifConfirmed: confirmed === undefined ? null : not === undefined,
      arriveEarly: Number(early ?? 0),
      calendar: calendar !== undefined,
    }
  }),
  v.check(({ lead }) => lead === null || ('days' in lead ? lead.days <= longestLead : lead.hours <= longestLead * 24)),
  v.check(({ arriveEarly }) => arriveEarly <= earliest),
)

/** The words of a rule. */
export function wordsOfRule(rule: RuleWords): string {
  const { what, lead, isOn, location, types, ifConfirmed, arriveEarly, calendar } = rule
  const counted = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`
  const length = lead === null ? undefined : 'days' in lead ? counted(lead.days, 'day') : counted(lead.hours, 'hour')
  return [
    isOn ? undefined : 'off',
    what,
    length,
    length === undefined ? undefined : what === 'after visit' ? 'after' : 'before',
    location === null ? undefined : `at location ${location}`,
    types.length === 0 ? undefined : `for ${types.length === 1 ? 'type' : 'types'} ${types.join(', ')}`,
    ifConfirmed === null ? undefined : ifConfirmed ? 'if confirmed' : 'if not confirmed',
    arriveEarly === 0 ? undefined : `arrive ${arriveEarly} minutes early`,
    calendar ? 'with calendar link' : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(' ')
}
