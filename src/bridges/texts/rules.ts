/**
 * By which rules a site texts: Preferences > Texts, kept as people write them in `preferences`, section texts. Sending is off
 * until an admin turns it on. A rule has a name of its own and keeps it when its words change, so that what was told by it
 * is not told again; one that is added tells nothing of what was due before it was there.
 */
import * as v from 'valibot'
import { derivedUlid } from '../../replica/ids.ts'
import type { Json } from '../../replica/json.ts'
import type { Lead, Window } from './moments.ts'
import { checkedTemplate } from './template-checks.ts'
import { TemplateFault, textLanguages, type Template, type TextLanguage } from './templates.ts'
import { usualTemplate, type KnownTemplate, type Told } from './wording.ts'

export interface Rule {
  readonly id: string
  readonly what: Told
  readonly lead: Lead
  readonly isOn: boolean
  /** The location that it is for, by its id; null: every one that has no rule of its own. */
  readonly location: string | null
  /** When it was added, milliseconds UTC. */
  readonly since: number
}
export interface TextSettings {
  readonly isOn: boolean
  readonly rules: readonly Rule[]
  readonly windowOf: (location: string | null) => Window
  /** How texts name the practice; empty: as InSched does. */
  readonly practiceName: string
  /** The most texts to one number in a day of the location, and in seven. */
  readonly perDay: number
  readonly perWeek: number
  /** Nothing goes out so shortly before the event, in hours. */
  readonly notWithin: number
  /** Whether an event that was booked the same day is asked to be confirmed. */
  readonly asksSameDay: boolean
  /** Whether somebody who has confirmed is still reminded. */
  readonly remindsConfirmed: boolean
  /** What a rule tells, in the practice's words or the usual ones. */
  readonly templateOf: (rule: Pick<Rule, 'id' | 'what'>, language: TextLanguage) => Template
  /** The practice's own templates. */
  readonly ownTemplates: readonly KnownTemplate[]
  /** Whether whoever is told by text is told by email too. */
  readonly alsoByEmail: boolean
}

/** The document in which a site keeps them. */
export function textSettingsKey(site: string): string {
  return derivedUlid('preferences', site, 'texts')
}

/** The longest lead; what goes out for an event goes out within so many days before it. */
export const longestLead = 30

const text = v.pipe(v.string(), v.trim())
const onOff = v.pipe(text, v.picklist(['on', 'off']), v.transform((word) => word === 'on')) // prettier-ignore
const whole = (least: number, most: number) => v.pipe(text, v.regex(/^\d{1,3}$/), v.transform(Number), v.minValue(least), v.maxValue(most)) // prettier-ignore
const clockTime = v.pipe(text, v.regex(/^([01]\d|2[0-3]):[0-5]\d$/))
const windowSchema = v.pipe(
  text,
  v.transform((hours) => hours.split('-').map((time) => time.trim())),
  v.strictTuple([clockTime, clockTime]),
  v.transform(([from, until]): Window => (from === until ? null : { from, until })),
)
const ruleWords =
  /^(off )?(confirmation request|reminder) ([1-9]\d{0,2}) (days?|hours?) before(?: at location (\d{1,15}))?$/
const ruleSchema = v.pipe(
  text,
  v.regex(ruleWords),
  v.transform((words) => {
    const [, off, what, count, unit, location] = ruleWords.exec(words)!
    const lead: Lead = unit!.startsWith('day') ? { days: Number(count) } : { hours: Number(count) }
    return { what: what as Told, lead, isOn: off === undefined, location: location ?? null }
  }),
  v.check(({ lead }) => ('days' in lead ? lead.days <= longestLead : lead.hours <= longestLead * 24)),
)

interface Setting<T> { readonly initial: string; readonly takes: string; readonly schema: v.GenericSchema<string, T> } // prettier-ignore
const setting = <T>(initial: string, takes: string, schema: v.GenericSchema<string, T>): Setting<T> => ({ initial, takes, schema }) // prettier-ignore
const window = setting(
  '09:00-18:00',
  'two times of day like 09:00-18:00; twice the same is the whole day',
  windowSchema,
)
const rule = setting('', `words like “reminder 1 day before” or “off confirmation request 36 hours before at location 2”, at most ${longestLead} days; or none`, ruleSchema) // prettier-ignore

const known = {
  sending: setting('off', 'on or off', onOff),
  window,
  practiceName: setting('', 'a name of at most 40 characters', v.pipe(text, v.maxLength(40))),
  perDay: setting('1', 'a whole number from 1 to 9', whole(1, 9)),
  perWeek: setting('3', 'a whole number from 1 to 30', whole(1, 30)),
  notWithinHours: setting('2', 'a whole number from 0 to 48', whole(0, 48)),
  asksSameDay: setting('off', 'on or off', onOff),
  remindsConfirmed: setting('on', 'on or off', onOff),
  alsoByEmail: setting('off', 'on or off', onOff),
} as const

/** The rules of a site that has none of its own. */
const usualRules: Readonly<Record<string, string>> = {
  'rule/request': 'confirmation request 3 days before',
  'rule/reminder': 'reminder 1 day before',
}
const isRule = (key: string): boolean => /^rule\/[a-z0-9-]{1,30}$/.test(key)
const isWindow = (key: string): boolean => /^window\/\d{1,15}$/.test(key)
const templateKey = new RegExp(`^template/(${['confirmation request', 'reminder'].map(slugOf).join('|')})/(${textLanguages.join('|')})(?:/([a-z0-9-]{1,30}))?$`) // prettier-ignore
export const isTemplate = (key: string): boolean => templateKey.test(key)
function slugOf(what: string): string {
  return what.replaceAll(' ', '-')
}
/** Where the words stand of what is told in a language, by every rule or by one that has its own. */
export function keyOfTemplate(what: Told, language: TextLanguage, rule?: string): string {
  return `template/${slugOf(what)}/${language}${rule === undefined ? '' : `/${rule}`}`
}
/** What the words under a key are for; throws a sentence where it is no such key. */
export function templateOfKey(key: string): { readonly what: Told; readonly language: TextLanguage; readonly rule: string | undefined } {
  const [, slug, language, rule] = templateKey.exec(key) ?? []
  if (slug === undefined) throw new Error(`${key.slice(0, 60)} is no template. One is template/KIND/LANGUAGE, or template/KIND/LANGUAGE/RULE.`)
  return { what: slug.replaceAll('-', ' ') as Told, language: language as TextLanguage, rule }
} // prettier-ignore
function templateAt(key: string, source: Json | undefined): KnownTemplate | undefined {
  if (!isTemplate(key) || typeof source !== 'string' || source === usualWords) return undefined
  const { what } = templateOfKey(key)
  try {
    return { what, template: checkedTemplate(source, what) }
  } catch (error) {
    // What another version took for a template and this one does not: the usual words say it.
    if (error instanceof TemplateFault) return undefined
    throw error
  }
}
/** Said of a template: the usual words again. */
export const usualWords = 'usual'
const sinceOf = (key: string): string => `since/${key.slice('rule/'.length)}`
const removed = 'none'

/** What the fields of the document say. What this version cannot read counts as off. */
export function textSettingsOf(fields: Readonly<Record<string, Json>>): TextSettings {
  const read = <K extends keyof typeof known>(key: K): v.InferOutput<(typeof known)[K]['schema']> => {
    const { schema, initial } = known[key] as Setting<unknown>
    const found = v.safeParse(schema, fields[key] ?? initial)
    return (found.success ? found.output : v.parse(schema, initial)) as never
  }
  const rules = Object.entries({ ...usualRules, ...fields }).flatMap(([key, value]): Rule[] => {
    const found = isRule(key) ? v.safeParse(ruleSchema, value) : undefined
    if (!found?.success) return []
    const since = fields[sinceOf(key)]
    return [{ id: key.slice('rule/'.length), since: typeof since === 'number' ? since : 0, ...found.output }]
  })
  const own = new Map(Object.entries(fields).flatMap(([key, source]) => {
    const found = templateAt(key, source)
    return found ? [[key, found] as const] : []
  })) // prettier-ignore
  return {
    ownTemplates: [...own.values()],
    templateOf: ({ id, what }, language) =>
      (own.get(keyOfTemplate(what, language, id)) ?? own.get(keyOfTemplate(what, language)))?.template ?? usualTemplate(what, language), // prettier-ignore
    isOn: v.is(known.sending.schema, fields['sending'] ?? 'off') && read('sending'),
    rules,
    windowOf(location) {
      const own = location === null ? undefined : v.safeParse(windowSchema, fields[`window/${location}`])
      return own?.success ? own.output : read('window')
    },
    practiceName: read('practiceName'),
    perDay: read('perDay'),
    perWeek: read('perWeek'),
    notWithin: read('notWithinHours'),
    asksSameDay: read('asksSameDay'),
    remindsConfirmed: read('remindsConfirmed'),
    alsoByEmail: read('alsoByEmail'),
  }
}

/** The rules of a location: its own where it has any, else those for all; the one that is closest to the event last. */
export function rulesOf({ rules }: TextSettings, location: string | null): readonly Rule[] {
  const own = rules.filter((one) => one.location !== null && one.location === location)
  return own.length > 0 ? own : rules.filter((one) => one.location === null)
}

/** What people are shown: each key with its text, rules and windows of locations among them. */
export function textsShown(fields: Readonly<Record<string, Json>>): Record<string, string> {
  const set = Object.entries({ ...usualRules, ...fields }).filter(
    (one): one is [string, string] => (isRule(one[0]) || isWindow(one[0]) || isTemplate(one[0])) && typeof one[1] === 'string' && one[1] !== removed && one[1] !== usualWords, // prettier-ignore
  )
  const plain = Object.entries(known).map(([key, { initial }]) => {
    const value = fields[key]
    return [key, typeof value === 'string' ? value : initial] as const
  })
  return Object.fromEntries([...plain, ...set])
}

/** The fields that setting one key writes; throws a sentence where key or value would be wrong. */
export function textsChanged(
  fields: Readonly<Record<string, Json>>,
  { key, value, at }: { readonly key: string; readonly value: string; readonly at: number },
): Record<string, Json> {
  if (isTemplate(key)) {
    const said = value.trim().replaceAll(/\s+/g, ' ')
    if (said !== usualWords) checkedTemplate(said, templateOfKey(key).what)
    return { [key]: said }
  }
  const found = Object.hasOwn(known, key) ? known[key as keyof typeof known] : isRule(key) ? rule : isWindow(key) ? window : undefined // prettier-ignore
  if (!found)
    throw new Error(`There is nothing ${key.slice(0, 60)} to set of texts. There are: ${Object.keys(known).join(', ')}, rule/NAME, window/LOCATION and template/KIND/LANGUAGE. Nothing was changed.`) // prettier-ignore
  const said = value.trim()
  if (isRule(key) && said === removed) return { [key]: removed }
  if (!v.safeParse(found.schema as v.GenericSchema, said).success)
    throw new Error(`${key} cannot be “${said.slice(0, 60)}”: it takes ${found.takes}. Nothing was changed.`)
  const isNew = isRule(key) && !v.safeParse(ruleSchema, { ...usualRules, ...fields }[key]).success
  return { [key]: said, ...(isNew ? { [sinceOf(key)]: at } : {}) }
}
