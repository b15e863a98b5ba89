/**
 * By which rules a site texts: Preferences > Texts, kept as people write them in `preferences`, section texts. Sending is off
 * until an admin turns it on. A rule has a name of its own and keeps it when its words change, so that what was told by it
 * is not told again; one that is added tells nothing of what was due before it was there.
 */
import * as v from 'valibot'
import { derivedUlid } from '../../replica/ids.ts'
import type { Json } from '../../replica/json.ts'
import { excludedSchema, type ExcludedDays } from './excluded-days.ts'
import type { Window } from './moments.ts'
import { longestLead, ruleSchema, wordsOfRule, type RuleWords } from './rule-words.ts'
import { isTemplate, templatesOf, templateWords, usualWords } from './own-templates.ts'

export interface Rule extends RuleWords {
  readonly id: string
  /** When it was first turned on, milliseconds UTC. */
  readonly since: number
}
export interface TextSettings {
  readonly isOn: boolean
  readonly rules: readonly Rule[]
  readonly windowOf: (location: string | null) => Window
  /** The days on which nothing goes out at a location. */
  readonly excludedAt: (location: string | null) => ExcludedDays
  /** How texts name the practice; empty: as InSched does. */
  readonly practiceName: string
  /** The most texts to one number in a day of the location, and in seven. */
  readonly perDay: number
  readonly perWeek: number
  /** The most requests to confirm to one patient in a day of the location. */
  readonly requestsPerDay: number
  /** Nothing goes out so shortly before the event, in hours. */
  readonly notWithin: number
  /** Whether an event that was booked the same day is asked to be confirmed. */
  readonly asksSameDay: boolean
  /** Whether somebody who has confirmed is still reminded. */
  readonly remindsConfirmed: boolean
  /** Of several requests or reminders that are due, whether only the one closest to the event tells. */
  readonly closestOnly: boolean
  /** Whether the reminder of an early event may go out before the window opens, within legal hours. */
  readonly earlySameDay: boolean
  /** How long a booking or change can be undone before it is told of, in minutes. */
  readonly graceMinutes: number
  /** Whether what a number gets of one day of one family is one text. */
  readonly groupsFamilies: boolean
  /** A patient below this age is told through the guarantor; 0: nobody. */
  readonly minorsUntil: number
  /** What a rule tells, in the practice's words or the usual ones. */
  readonly templateOf: ReturnType<typeof templatesOf>['templateOf']
  /** The practice's own templates. */
  readonly ownTemplates: ReturnType<typeof templatesOf>['ownTemplates']
  /** Whether whoever is told by text is told by email too. */
  readonly alsoByEmail: boolean
  /** Since when whoever staff set consent for is welcomed by text, milliseconds UTC; null: nobody is. */
  readonly welcomesSince: number | null
}

/** The document in which a site keeps them. */
export function textSettingsKey(site: string): string {
  return derivedUlid('preferences', site, 'texts')
}

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
interface Setting<T> { readonly initial: string; readonly takes: string; readonly schema: v.GenericSchema<string, T> } // prettier-ignore
const setting = <T>(initial: string, takes: string, schema: v.GenericSchema<string, T>): Setting<T> => ({ initial, takes, schema }) // prettier-ignore
const window = setting(
  '09:00-18:00',
  'two times of day like 09:00-18:00; twice the same is the whole day',
  windowSchema,
)
const excluded = setting('', 'weekdays and dates like “Sunday, 2027-12-25”, at most 60; or nothing', excludedSchema)
const rule = setting('', `words like “reminder 1 day before”, “off confirmation request 36 hours before at location 2 if not confirmed”, “booking notice”, “change notice with calendar link” or “after visit 1 day after”, at most ${longestLead} days; or none`, ruleSchema) // prettier-ignore

/** Everything of texts that is set once, by its key. */
const known = {
  sending: setting('off', 'on or off', onOff),
  window,
  excludedDays: excluded,
  practiceName: setting('', 'a name of at most 40 characters', v.pipe(text, v.maxLength(40))),
  perDay: setting('1', 'a whole number from 1 to 9', whole(1, 9)),
  perWeek: setting('3', 'a whole number from 1 to 30', whole(1, 30)),
  requestsPerDay: setting('1', 'a whole number from 1 to 9', whole(1, 9)),
  notWithinHours: setting('2', 'a whole number from 0 to 48', whole(0, 48)),
  asksSameDay: setting('off', 'on or off', onOff),
  remindsConfirmed: setting('on', 'on or off', onOff),
  closestOnly: setting('on', 'on or off', onOff),
  earlySameDay: setting('off', 'on or off', onOff),
  graceMinutes: setting('10', 'a whole number from 0 to 240', whole(0, 240)),
  groupsFamilies: setting('on', 'on or off', onOff),
  minorsUntilAge: setting('18', 'a whole number from 0 to 25', whole(0, 25)),
  alsoByEmail: setting('off', 'on or off', onOff),
  welcome: setting('off', 'on or off', onOff),
} as const

export type TextKey = keyof typeof known
export const textKeys = Object.keys(known) as TextKey[]

/** The rules of a site that has none of its own. */
const usualRules: Readonly<Record<string, string>> = {
  'rule/request': 'confirmation request 3 days before',
  'rule/reminder': 'reminder 1 day before',
}
const isRule = (key: string): boolean => /^rule\/[a-z0-9-]{1,30}$/.test(key)
/** What a location may have of its own. */
const ofLocation = { window, excludedDays: excluded } as const
const locationKey = /^(window|excludedDays)\/(\d{1,15})$/
const ownSetting = (key: string): Setting<unknown> | undefined => {
  const name = locationKey.exec(key)?.[1] as keyof typeof ofLocation | undefined
  return name && ofLocation[name]
}
const sinceOf = (key: string): string => `since/${key.slice('rule/'.length)}`
const removed = 'none'
const welcomeSince = 'welcomeSince'

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
  const at = <K extends keyof typeof ofLocation>(key: K, location: string | null): v.InferOutput<(typeof known)[K]['schema']> => {
    const own = location === null ? undefined : v.safeParse(ofLocation[key].schema as v.GenericSchema<string, unknown>, fields[`${key}/${location}`])
    return (own?.success ? own.output : read(key)) as never
  } // prettier-ignore
  return {
    ...templatesOf(fields),
    isOn: v.is(known.sending.schema, fields['sending'] ?? 'off') && read('sending'),
    rules,
    windowOf: (location) => at('window', location),
    excludedAt: (location) => at('excludedDays', location),
    practiceName: read('practiceName'),
    perDay: read('perDay'),
    perWeek: read('perWeek'),
    requestsPerDay: read('requestsPerDay'),
    notWithin: read('notWithinHours'),
    asksSameDay: read('asksSameDay'),
    remindsConfirmed: read('remindsConfirmed'),
    closestOnly: read('closestOnly'),
    earlySameDay: read('earlySameDay'),
    graceMinutes: read('graceMinutes'),
    groupsFamilies: read('groupsFamilies'),
    minorsUntil: read('minorsUntilAge'),
    alsoByEmail: read('alsoByEmail'),
    welcomesSince: read('welcome') && typeof fields[welcomeSince] === 'number' ? fields[welcomeSince] : null,
  }
}

/**
 * The rules for an event: those of its location where it has any, else those for all; and of each kind those for its type
 * where there are any, else those that name no type.
 */
export function rulesOf(
  { rules }: TextSettings,
  { location, type }: { readonly location: string | null; readonly type: string | null },
): readonly Rule[] {
  const own = rules.filter((one) => one.location !== null && one.location === location)
  const here = own.length > 0 ? own : rules.filter((one) => one.location === null)
  return here.filter((rule) => {
    const isFor = (one: Rule): boolean => type !== null && one.types.includes(type)
    return isFor(rule) || (rule.types.length === 0 && !here.some((one) => one.what === rule.what && isFor(one)))
  })
}

/** What people are shown: each key with its text, rules and windows of locations among them. */
export function textsShown(fields: Readonly<Record<string, Json>>): Record<string, string> {
  const set = Object.entries({ ...usualRules, ...fields }).filter(
    (one): one is [string, string] => (isRule(one[0]) || ownSetting(one[0]) !== undefined || isTemplate(one[0])) && typeof one[1] === 'string' && one[1] !== removed && one[1] !== usualWords, // prettier-ignore
  )
  const plain = Object.entries(known).map(([key, { initial }]) => {
    const value = fields[key]
    return [key, typeof value === 'string' ? value : initial] as const
  })
  return Object.fromEntries([...plain, ...set])
}

/**
 * The fields that setting one key writes; throws a sentence where key or value would be wrong. A rule that is new is off,
 * whatever its words: who adds it looks at what it would send, and turns it on then.
 */
export function textsChanged(
  fields: Readonly<Record<string, Json>>,
  { key, value, at }: { readonly key: string; readonly value: string; readonly at: number },
): Record<string, Json> {
  if (isTemplate(key)) return { [key]: templateWords(key, value) }
  const found = Object.hasOwn(known, key) ? known[key as keyof typeof known] : isRule(key) ? rule : ownSetting(key)
  if (!found)
    throw new Error(`There is nothing ${key.slice(0, 60)} to set of texts. There are: ${Object.keys(known).join(', ')}, rule/NAME, window/LOCATION, excludedDays/LOCATION and template/KIND/LANGUAGE. Nothing was changed.`) // prettier-ignore
  const said = value.trim()
  if (isRule(key) && said === removed) return { [key]: removed }
  // A location has again what holds everywhere.
  if (locationKey.test(key) && said === usualWords) return { [key]: usualWords }
  if (!v.safeParse(found.schema as v.GenericSchema, said).success)
    throw new Error(`${key} cannot be “${said.slice(0, 60)}”: it takes ${found.takes}. Nothing was changed.`)
  // Turned on, it tells nobody of whom staff set consent before.
  if (key === 'welcome' && said === 'on' && textSettingsOf(fields).welcomesSince === null) return { [key]: said, [welcomeSince]: at } // prettier-ignore
  if (!isRule(key)) return { [key]: said }
  const words = v.parse(ruleSchema, said)
  const isNew = !v.safeParse(ruleSchema, { ...usualRules, ...fields }[key]).success
  if (isNew) return { [key]: wordsOfRule({ ...words, isOn: false }), [sinceOf(key)]: null }
  const isFirst = words.isOn && fields[sinceOf(key)] === null
  return { [key]: said, ...(isFirst ? { [sinceOf(key)]: at } : {}) }
}

/** What is wrong with values that were asked for, by key, each a sentence. Its message is the first. */
export class WrongTexts extends Error {
  override readonly name = 'WrongTexts'
  readonly faults: ReadonlyMap<string, Error>
  constructor(faults: ReadonlyMap<string, Error>) {
    super([...faults.values()][0]!.message)
    this.faults = faults
  }
}

/** The fields that setting several keys at once writes; throws WrongTexts where one is wrong, and then nothing is to be written. */
export function textsChangedTogether(
  fields: Readonly<Record<string, Json>>,
  values: Readonly<Record<string, string>>,
  at: number,
): Record<string, Json> {
  const faults = new Map<string, Error>()
  let changes: Record<string, Json> = {}
  for (const [key, value] of Object.entries(values))
    try {
      changes = { ...changes, ...textsChanged({ ...fields, ...changes }, { key, value, at }) }
    } catch (error) {
      faults.set(key, error as Error)
    }
  if (faults.size > 0) throw new WrongTexts(faults)
  return changes
}
