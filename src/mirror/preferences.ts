/**
 * Preferences > Synchronization: every key with what it may hold, one schema for the command line and for the page. A
 * value is a text, as people write it. A wrong one is refused with a sentence that names key, value and what is allowed,
 * and then nothing changes. Those marked local stay in the site's own file; the others replicate in `preferences/<site>`,
 * where the site's own map decides.
 */
import * as v from 'valibot'
import { derivedUlid } from '../replica/ids.ts'
import { leavesTime, longestWindow, type ByHand, type WeeklyWindow } from './backup-windows.ts'
import type { Json } from '../replica/json.ts'
import type { Timing } from './schedule.ts'
import { weekdays, type Weekday } from './wall-clock.ts'

/** Texts by key, as they are kept and shown; a key that is missing holds its default. */
export type Texts = Readonly<Record<string, string>>

export interface Preferences {
  readonly timing: Timing
  readonly backup: { readonly windows: readonly WeeklyWindow[]; readonly mostMinutes: number }
  readonly proxy: ProxyPreferences
}
export interface ProxyPreferences {
  /** `environment`: as HTTPS_PROXY and NO_PROXY of the machine say; `none`; or the proxy's address. */
  readonly address: string
  readonly user: string
  readonly password: string
  /** Names that are reached without the proxy; `.example.org` stands for all below it. */
  readonly bypass: readonly string[]
  /** The certificate of an authority that the proxy's network uses, PEM; empty: none. */
  readonly ca: string
}

interface Preference<T> {
  readonly initial: string
  /** What is allowed, to end a sentence that begins with "it takes". */
  readonly takes: string
  readonly schema: v.GenericSchema<string, T>
  readonly local?: true
  readonly secret?: true
}

const preference = <T>(
  initial: string,
  takes: string,
  schema: v.GenericSchema<string, T>,
  more: Pick<Preference<T>, 'local' | 'secret'> = {},
): Preference<T> => ({ initial, takes, schema, ...more })

const text = v.pipe(v.string(), v.trim())
const whole = (least: number, most: number): v.GenericSchema<string, number> =>
  v.pipe(text, v.regex(/^\d{1,6}$/), v.transform(Number), v.minValue(least), v.maxValue(most))
const wholeOf = (initial: number, least: number, most: number): Preference<number> =>
  preference(String(initial), `a whole number from ${least} to ${most}`, whole(least, most))
const parts = v.pipe(
  text,
  v.transform((list) => (/^(none|)$/i.test(list) ? [] : list.split(',').map((part) => part.trim()))),
)
const weekday = v.pipe(
  v.string(),
  v.transform((name) => weekdays.find((day) => name.length >= 2 && day.toLowerCase().startsWith(name.toLowerCase()))),
  v.picklist(weekdays),
)
const days = v.pipe(
  text,
  v.transform((list) => (/^every day$/i.test(list) ? weekdays.join(', ') : list)),
  parts,
  v.array(weekday),
  v.transform((some) => weekdays.filter((day) => some.includes(day))),
) as v.GenericSchema<string, Weekday[]>
const clockTime = v.pipe(text, v.regex(/^([01]\d|2[0-3]):[0-5]\d$/))
const quietHours = v.pipe(
  text,
  v.transform((hours) => (/^none$/i.test(hours) ? null : hours.split('-').map((time) => time.trim()))),
  v.nullable(
    v.pipe(
      v.strictTuple([clockTime, clockTime]),
      v.check(([from, until]) => from !== until),
      v.transform(([from, until]) => ({ from, until })),
    ),
  ),
) as v.GenericSchema<string, Timing['quietHours']>
const windows = v.pipe(
  parts,
  v.maxLength(20),
  v.array(
    v.pipe(
      v.string(),
      v.transform((window) => window.split(/\s+/)),
      v.strictTuple([weekday, clockTime, whole(5, longestWindow)]),
      v.transform(([day, start, minutes]): WeeklyWindow => ({ day, start, minutes })),
    ),
  ),
) as v.GenericSchema<string, WeeklyWindow[]>
const address = v.pipe(
  text,
  v.check((given) => {
    if (given === 'none' || given === 'environment') return true
    const url = URL.canParse(given) ? new URL(given) : undefined
    return (
      url !== undefined &&
      /^https?:$/.test(url.protocol) &&
      url.username + url.password === '' &&
      url.pathname + url.search + url.hash === '/'
    )
  }),
)
const certificate = v.pipe(
  text,
  v.check((pem) => pem === '' || /^-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----$/.test(pem)),
)
const line = (most: number): v.GenericSchema<string, string> =>
  v.pipe(v.string(), v.maxLength(most), v.regex(/^\P{Cc}*$/u))
const local = { local: true } as const

/** The document of a site's preferences that replicate. */
export function synchronizationKey(site: string): string {
  return derivedUlid('preferences', site, 'synchronization')
}

/** The field beside the preferences that holds what was said of backups by hand. */
export const byHandField = 'backup.byHand'
const byHandSchema = v.object({ from: v.number(), until: v.number(), on: v.boolean() })

/** What a site's own map says of backups by hand; null: nothing that can be read. */
export function byHandOf(own: Readonly<Record<string, Json>>): ByHand | null {
  const found = v.safeParse(byHandSchema, own[byHandField])
  return found.success ? found.output : null
}

/** The texts in a site's own map. */
export function textsOf(own: Readonly<Record<string, Json>>): Texts {
  return Object.fromEntries(
    preferenceKeys.flatMap((key) => (typeof own[key] === 'string' && !isLocal(key) ? [[key, own[key]]] : [])),
  )
}

/** Every preference by its key, in the order in which they are shown. */
const known = {
  'timing.mode': preference(
    'continuous',
    'continuous, interval or by hand',
    v.pipe(text, v.picklist(['continuous', 'interval', 'by hand'])),
  ),
  'timing.everyMinutes': wholeOf(15, 1, 1_440),
  'timing.days': preference('every day', 'weekdays parted by commas, every day, or none', days),
  'timing.quietHours': preference('none', 'two times of day like 22:00-06:00, or none', quietHours),
  'timing.fastLane': preference(
    'on',
    'on or off',
    v.pipe(
      text,
      v.picklist(['on', 'off']),
      v.transform((word) => word === 'on'),
    ),
  ),
  'timing.fullSyncDays': preference('Sunday', 'weekdays parted by commas, every day, or none', days),
  'timing.fullSyncAt': preference('03:00', 'a time of day like 03:00', clockTime),
  'backup.windows': preference(
    'none',
    `at most 20 windows parted by commas, each a weekday, a time of day and from 5 to ${longestWindow} minutes, like Sunday 02:00 90, or none`,
    windows,
  ),
  'backup.mostMinutes': wholeOf(120, 5, longestWindow),
  'proxy.address': preference(
    'environment',
    'an address like http://proxy.example:3128 without user and password, environment, or none',
    address,
    local,
  ),
  'proxy.user': preference('', 'a user’s name of at most 200 characters, or nothing', line(200), local),
  'proxy.password': preference('', 'a password of at most 500 characters, or nothing', line(500), {
    ...local,
    secret: true,
  }),
  'proxy.bypass': preference('none', 'names parted by commas, like .example.org, 10.0.0.5, or none', parts, local),
  'proxy.ca': preference('', 'an authority’s certificate in PEM, or nothing', certificate, local),
} as const
type Known = typeof known
export type PreferenceKey = keyof Known
type Values = { readonly [K in PreferenceKey]: Known[K] extends Preference<infer T> ? T : never }

export const preferenceKeys = Object.keys(known) as readonly PreferenceKey[]
const secretShown = '(set)'

/** The value of each key; a text that this version cannot read counts as the default. */
function valuesOf(texts: Texts): Values {
  const read = (key: PreferenceKey): unknown => {
    const { schema, initial } = known[key]
    const found = v.safeParse(schema, texts[key] ?? initial)
    return found.success ? found.output : v.parse(schema, initial)
  }
  return Object.fromEntries(preferenceKeys.map((key) => [key, read(key)])) as unknown as Values
}

/** What the texts say. */
export function preferencesOf(texts: Texts): Preferences {
  const values = valuesOf(texts)
  return {
    timing: {
      mode: values['timing.mode'],
      everyMinutes: values['timing.everyMinutes'],
      days: values['timing.days'],
      quietHours: values['timing.quietHours'],
      fastLane: values['timing.fastLane'],
      fullSyncDays: values['timing.fullSyncDays'],
      fullSyncAt: values['timing.fullSyncAt'],
    },
    backup: { windows: values['backup.windows'], mostMinutes: values['backup.mostMinutes'] },
    proxy: {
      address: values['proxy.address'],
      user: values['proxy.user'],
      password: values['proxy.password'],
      bypass: values['proxy.bypass'],
      ca: values['proxy.ca'],
    },
  }
}

/** Whether a preference stays in the site's own file. */
export function isLocal(key: PreferenceKey): boolean {
  return known[key].local === true
}

/** What people are shown of a key: its text, its default where it has none, and of a secret only whether it is set. */
export function shown(texts: Texts, key: PreferenceKey): string {
  const held = texts[key] ?? known[key].initial
  return known[key].secret && held !== '' ? secretShown : held
}

/** The key of this name; throws a sentence where there is none. */
export function preferenceKey(name: string): PreferenceKey {
  if (Object.hasOwn(known, name)) return name as PreferenceKey
  throw new Error(
    `There is no preference ${name.slice(0, 60)}. List them with: patientconnection preferences get. Nothing was changed.`,
  )
}

/** Why a value is refused: it is not what its key takes, or it does not go with the others. */
export type WhyWrong = 'not taken' | 'window too long' | 'no time between windows' | 'password without user'

/** What is wrong with values that were asked for, by key, each once. Its message is a sentence about the first. */
export class WrongPreferences extends Error {
  override readonly name = 'WrongPreferences'
  readonly faults: ReadonlyMap<PreferenceKey, WhyWrong>
  constructor(faults: ReadonlyMap<PreferenceKey, WhyWrong>, sentence: string) {
    super(sentence)
    this.faults = faults
  }
}

/** The texts with one key changed; throws a sentence where the key, the value or the whole would be wrong. */
export function changed(
  texts: Texts,
  name: string,
  value: string,
): { readonly key: PreferenceKey; readonly texts: Texts } {
  const key = preferenceKey(name)
  return { key, texts: changedTogether(texts, { [key]: value }) }
}

/** The texts with several keys changed at once; throws `WrongPreferences`, and then nothing is changed, where one is wrong. */
export function changedTogether(texts: Texts, values: Readonly<Partial<Record<PreferenceKey, string>>>): Texts {
  const given = Object.entries(values) as [PreferenceKey, string][]
  const named = (key: PreferenceKey): string => (known[key].secret ? 'this value' : `“${values[key]!.slice(0, 60)}”`)
  const [first, ...others] = given.flatMap(([key, value]) => (v.safeParse(known[key].schema, value).success ? [] : [key])) // prettier-ignore
  if (first)
    throw new WrongPreferences(
      new Map([first, ...others].map((key) => [key, 'not taken'])),
      `${first} cannot be ${named(first)}: it takes ${known[first].takes}. Nothing was changed.`,
    )
  const next = { ...texts, ...Object.fromEntries(given.map(([key, value]) => [key, known[key].secret ? value : value.trim()])) } // prettier-ignore
  const wrong = wrongTogether(preferencesOf(next))
  if (!wrong) return next
  const key = wrong.of.find((one) => values[one] !== undefined) ?? given[0]![0]
  throw new WrongPreferences(
    new Map([[key, wrong.why]]),
    `${key} cannot be ${named(key)}: ${wrong.says} Nothing was changed.`,
  )
}

/** Why values that are right one by one are wrong together, and which of them; undefined where they are right. */
function wrongTogether({
  backup,
  proxy,
}: Preferences): { why: WhyWrong; of: readonly PreferenceKey[]; says: string } | undefined {
  const ofWindows = ['backup.windows', 'backup.mostMinutes'] as const
  const long = backup.windows.find((window) => window.minutes > backup.mostMinutes)
  if (long)
    return {
      why: 'window too long',
      of: ofWindows,
      says: `the window ${long.day} ${long.start} lasts ${long.minutes} minutes, and backup.mostMinutes allows ${backup.mostMinutes}.`,
    }
  if (!leavesTime(backup.windows))
    return {
      why: 'no time between windows',
      of: ofWindows,
      says: 'these windows would take InSched’s database away for more than a day on end.',
    }
  if (proxy.password !== '' && proxy.user === '')
    return {
      why: 'password without user',
      of: ['proxy.user', 'proxy.password'],
      says: 'a proxy’s password needs proxy.user first.',
    }
  return undefined
}

/** A window as it is written in `backup.windows`. */
export function windowText({ day, start, minutes }: WeeklyWindow): string {
  return `${day} ${start} ${minutes}`
}
