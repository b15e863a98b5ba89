/** The form of a rule, and what stands in it: each wrong value next to its field, with a sentence. */
import type { Context } from 'hono'
import { html } from 'hono/html'
import { ruleSchema, wordsOfRule, type RuleKind } from '../../../bridges/texts/rule-words.ts'
import type { Rule } from '../../../bridges/texts/rules.ts'
import * as v from 'valibot'
import { checks, choices, field, select } from '../../look/form.ts'
import { nothing, type Html } from '../../look/html.ts'
import type { Reader } from '../../look/reader.ts'
import type { ConsoleEnv } from '../frame.ts'
import type { Places } from './rule-in-words.ts'

export type RuleFaults = Readonly<Partial<Record<'name' | 'lead' | 'location' | 'arrive', string>>>
/** Chosen for a rule that is for every location. */
const everywhere = 'every'
const confirmedWays = ['both', 'yes', 'no'] as const

/** Whether who has confirmed can be told by rules of a kind, and whether they may speak of coming. */
const asksWho = (what: RuleKind): boolean => what !== 'confirmation request'
const isBefore = (what: RuleKind): boolean => what !== 'after visit'

interface Known {
  readonly what: RuleKind
  /** The rule as it was; undefined: it is new. */
  readonly old: Rule | undefined
  readonly rules: readonly Rule[]
  readonly locations: Places['locations']
}

/** The rule that a form asks for, and what is wrong with it. What cannot be read stands as it was. */
export function ruleGiven(c: Context<ConsoleEnv>, given: (name: string) => string, { what, old, rules, locations }: Known): { readonly rule: Rule; readonly faults: RuleFaults } {
  const { rule: words } = c.get('reader').words.textRules
  const id = old?.id ?? given('name').trim()
  const isNamed = old !== undefined || (/^[a-z0-9-]{1,30}$/.test(id) && !rules.some((one) => one.id === id))
  const hasLead = what !== 'booking notice' && what !== 'change notice'
  const [count, early] = [wholeOf(given('count')), given('arrive').trim() === '' ? 0 : wholeOf(given('arrive'))]
  const lead = !hasLead ? null : given('unit') === 'hours' ? { hours: count ?? 0 } : { days: count ?? 0 }
  const location = given('location') === everywhere ? null : given('location')
  const confirmed = confirmedWays.find((one) => one === given('confirmed')) ?? 'both'
  const rule: Rule = {
    id,
    what,
    lead,
    isOn: old?.isOn ?? false,
    location,
    types: given('types').split(' ').filter((key) => given(`type ${key}`) === 'yes'), // prettier-ignore
    ifConfirmed: !asksWho(what) || confirmed === 'both' ? null : confirmed === 'yes',
    arriveEarly: isBefore(what) ? (early ?? 0) : 0,
    calendar: isBefore(what) && given('calendar yes') === 'yes',
    since: old?.since ?? 0,
  }
  const isTaken = (one: Rule): boolean => v.is(ruleSchema, wordsOfRule(one))
  const [plain, usualLead] = [{ ...rule, arriveEarly: 0 }, hasLead ? { days: 1 } : null]
  return {
    rule,
    faults: {
      ...(isNamed ? {} : { name: words.wrongName }),
      ...(isTaken({ ...plain, location: null, types: [] }) ? {} : { lead: words.wrongLead }),
      ...(location === null || locations.some((one) => one.id === location) ? {} : { location: words.wrongLocation }),
      ...(early !== undefined && isTaken({ ...rule, lead: usualLead, location: null, types: [] }) ? {} : { arrive: words.wrongArrive }),
    },
  }
} // prettier-ignore

function wholeOf(text: string): number | undefined {
  return /^\d{1,4}$/.test(text.trim()) ? Number(text) : undefined
}

interface Shown {
  readonly rule: Rule
  readonly isNew: boolean
  readonly faults?: RuleFaults
  /** What was written, where it was refused. */
  readonly given?: (name: string) => string
  readonly places: Places
}

export function ruleForm(reader: Reader, { rule, isNew, faults = {}, given, places }: Shown): Html[] {
  const { rule: words } = reader.words.textRules
  const { optional } = reader.words.frame
  const { what, lead } = rule
  const count = lead === null ? '' : String('days' in lead ? lead.days : lead.hours)
  const keys = [...new Set([...places.types.map((one) => one.key), ...rule.types])]
  const nameOf = (key: string): string => places.types.find((one) => one.key === key)?.name ?? reader.words.textRules.rules.unknownType // prettier-ignore
  const confirmed = rule.ifConfirmed === null ? 'both' : rule.ifConfirmed ? 'yes' : 'no'
  return [
    !isNew
      ? nothing
      : html`<div class="narrow">
          ${field({ name: 'name', label: words.name, hint: words.nameHint, value: rule.id, fault: faults.name, more: { maxlength: 30, pattern: '[a-z0-9\\-]+', autocomplete: 'off' } })}
        </div>`,
    lead === null
      ? nothing
      : html`<div class="pair">
          ${field({ name: 'count', label: what === 'after visit' ? words.leadAfter : words.lead, hint: words.leadHint, value: given?.('count') ?? count, fault: faults.lead, more: { inputmode: 'numeric', maxlength: 3, autocomplete: 'off' } })}
          ${select(
            {
              name: 'unit',
              label: `${words.units.days} / ${words.units.hours}`,
              value: 'days' in lead ? 'days' : 'hours',
            },
            [
              { value: 'days', label: words.units.days },
              { value: 'hours', label: words.units.hours },
            ],
          )}
        </div>`,
    html`<div class="narrow">
      ${select(
        { name: 'location', label: words.location, value: rule.location ?? everywhere, fault: faults.location },
        [
          { value: everywhere, label: words.everyLocation },
          ...places.locations.map(({ id, name }) => ({ value: id, label: name })),
        ],
      )}
    </div>`,
    html`<input type="hidden" name="types" value="${keys.join(' ')}" />`,
    keys.length === 0
      ? nothing
      : checks(
          { name: 'type', label: words.types, hint: words.typesHint },
          keys.map((key) => ({ value: key, label: nameOf(key), checked: rule.types.includes(key) })),
        ),
    asksWho(what)
      ? choices(
          { name: 'confirmed', label: words.confirmed, value: confirmed },
          confirmedWays.map((value) => ({ value, label: words.confirmedWays[value] })),
        )
      : nothing,
    isBefore(what)
      ? html`<div class="narrow">
            ${field({ name: 'arrive', label: words.arrive, value: given?.('arrive') ?? (rule.arriveEarly === 0 ? '' : String(rule.arriveEarly)), fault: faults.arrive, optional, more: { inputmode: 'numeric', maxlength: 3, autocomplete: 'off' } })}
          </div>
          ${checks({ name: 'calendar', label: words.calendar }, [{ value: 'yes', label: words.calendarHow, checked: rule.calendar }])}`
      : nothing,
  ]
}
