/**
 * The settings of the mirror as people write them: for each collection a direction, the patients that it covers and, of
 * the records, the fields that leave. One schema for the command line and for the page; a wrong value is refused with a
 * sentence, and then nothing changes. They stand in `preferences/<site>`: the site's own map decides, what the portal's
 * says can only narrow, so of two edits that conflict the narrower holds. What is shared with another site has a key for
 * each collection, `share.<site>.<collection>`.
 */
import { createHash } from 'node:crypto'
import { sameJson, type Json } from '../replica/json.ts'
import { derivedUlid } from '../replica/ids.ts'
import { choosable, leavingFields, whyNeeded, type FieldGroup } from './leaving-fields.ts'
import {
  coverages,
  defaultSettings,
  needs,
  offBecause,
  type Coverage,
  type Direction,
  type MirrorSettings,
  type PatientCollection,
  type SettableCollection,
  type Share,
} from './policy.ts'

/** Texts by key, as they are kept and shown; a key that is missing holds its default. */
export type MirrorTexts = Readonly<Record<string, string>>

/** What a collection may be set to, by whether it goes both ways. `off` stops; `erased` stops, and the portal erases what it has. */
const oneWay = ['up', 'off', 'erased'] as const
const bothWays = ['both', 'up', 'down', 'off', 'erased'] as const
export type Way = (typeof bothWays)[number]

/** The collections that have a direction and patients that they cover. */
export const covered = Object.keys(defaultSettings.covers) as PatientCollection[]
const groups = Object.keys(leavingFields) as FieldGroup[]
/** The most that the horizon of events may be, in days. */
export const longest = { daysAhead: 365, daysPast: 3_650 } as const
type Days = keyof typeof longest

interface Setting {
  readonly initial: string
  /** What is allowed, to end a sentence that begins with "it takes". */
  readonly takes: string
  /** The text as it is kept; undefined where it is not allowed. */
  read(text: string): string | undefined
}

const among =
  (names: readonly string[]): Setting['read'] =>
  (text) =>
    names.find((name) => name === text.trim())
const listed = (names: readonly string[]): string => `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`

/** The directions that a collection may be given. */
export function waysOf(collection: PatientCollection): readonly Way[] {
  return defaultSettings.directions[collection].length === 2 ? bothWays : oneWay
}

function waySetting(collection: PatientCollection): Setting {
  const ways = waysOf(collection)
  return { initial: ways[0]!, takes: listed(ways), read: among(ways) }
}

function fieldsSetting(group: FieldGroup): Setting {
  const names = choosable(group)
  return {
    initial: 'all',
    takes: `names parted by commas out of ${names.join(', ')}; or all, or none`,
    read(text) {
      const asked = text.split(',').map((name) => name.trim())
      if (asked.length === 1 && /^(all|none)$/.test(asked[0]!)) return asked[0]
      if (!asked.every((name) => names.includes(name))) return undefined
      const chosen = names.filter((name) => asked.includes(name))
      return chosen.length === names.length ? 'all' : chosen.join(', ')
    },
  }
}

function daysSetting(which: Days): Setting {
  const most = longest[which]
  return {
    initial: String(defaultSettings[which]),
    takes: `a whole number from 1 to ${most}`,
    read: (text) => (/^[1-9]\d{0,4}$/.test(text.trim()) && Number(text) <= most ? text.trim() : undefined),
  }
}

/** What a collection may be set to between a site and another; records go down only where one gives and the other takes. */
export const shareWays = ['off', 'give', 'take', 'both'] as const
export type ShareWay = (typeof shareWays)[number]
const shareSetting: Setting = { initial: 'off', takes: listed(shareWays), read: among(shareWays) }

/** The key of what a site shares of a collection with another. */
export function shareKey(other: string, collection: PatientCollection): string {
  return `share.${other}.${collection}`
}

/** Of a key of sharing, the other site and the collection; undefined where it is none. */
export function shareOf(key: string): { readonly other: string; readonly collection: PatientCollection } | undefined {
  const [, other, name] = /^share\.([0-9A-HJKMNP-TV-Z]{26})\.([a-z]+)$/.exec(key) ?? []
  const collection = covered.find((one) => one === name)
  return other !== undefined && collection ? { other, collection } : undefined
}

/** Every setting by its key, in the order in which they are shown; those of sharing are by other sites. */
const known: ReadonlyMap<string, Setting> = new Map([
  ...covered.flatMap((collection): [string, Setting][] => [
    [`${collection}.direction`, waySetting(collection)],
    [
      `${collection}.patients`,
      { initial: defaultSettings.covers[collection], takes: listed(coverages), read: among(coverages) },
    ],
  ]),
  ...(Object.keys(longest) as Days[]).map((which): [string, Setting] => [`events.${which}`, daysSetting(which)]),
  ...groups.map((group): [string, Setting] => [`${group}.fields`, fieldsSetting(group)]),
])

export const mirrorKeys: readonly string[] = [...known.keys()]

function settingOf(key: string): Setting | undefined {
  return known.get(key) ?? (shareOf(key) && shareSetting)
}

/** The document of a site's mirror settings. */
export function mirrorKey(site: string): string {
  return derivedUlid('preferences', site, 'mirror')
}

/** The field beside the settings in which a site says which of them its documents follow, and since when. */
export const appliedField = 'applied'

/** The texts in one replica's map; what was taken back is null there. */
export function mirrorTextsOf(map: Readonly<Record<string, Json>>): MirrorTexts {
  const keys = [
    ...mirrorKeys,
    ...Object.keys(map)
      .filter((key) => shareOf(key))
      .toSorted(),
  ]
  return Object.fromEntries(
    keys.flatMap((key) => ((map[key] ?? null) === null ? [] : [[key, typeof map[key] === 'string' ? map[key] : '?']])), // prettier-ignore
  )
}

/** The text of a key, its default where it has none. */
export function textOf(texts: MirrorTexts, key: string): string {
  return texts[key] ?? settingOf(key)!.initial
}

/** What texts say. One that this version cannot read counts as the narrowest: deny by default. */
export function mirrorSettingsOf(texts: MirrorTexts): MirrorSettings {
  const read = (key: string): string | undefined => settingOf(key)!.read(textOf(texts, key))
  const ways = covered.map((collection) => [collection, (read(`${collection}.direction`) ?? 'off') as Way] as const)
  const days = (which: Days): number => Number(read(`events.${which}`) ?? 1)
  return versioned({
    directions: {
      practice: defaultSettings.directions.practice,
      ...(Object.fromEntries(ways.map(([collection, way]) => [collection, directionsOf(way)])) as unknown as Omit<
        MirrorSettings['directions'],
        'practice'
      >),
    },
    erased: ways.flatMap(([collection, way]) => (way === 'erased' ? [collection] : [])),
    covers: Object.fromEntries(
      covered.map((collection) => [collection, (read(`${collection}.patients`) ?? 'none') as Coverage]),
    ) as MirrorSettings['covers'],
    daysAhead: days('daysAhead'),
    daysPast: days('daysPast'),
    withheld: Object.fromEntries(
      groups.map((group) => [group, withheldBy(group, read(`${group}.fields`) ?? 'none')]),
    ) as Record<FieldGroup, string[]>,
    shares: sharesIn(texts, read),
  })
}

function sharesIn(texts: MirrorTexts, read: (key: string) => string | undefined): MirrorSettings['shares'] {
  const shares: Record<string, Partial<Record<PatientCollection, readonly Share[]>>> = {}
  for (const key of Object.keys(texts)) {
    const of = shareOf(key)
    const way = of && ((read(key) ?? 'off') as ShareWay)
    if (!of || !way || way === 'off') continue
    shares[of.other] = { ...shares[of.other], [of.collection]: way === 'both' ? ['give', 'take'] : [way] }
  }
  return shares
}

function directionsOf(way: Way): readonly Direction[] {
  if (way === 'both') return ['up', 'down']
  return way === 'up' || way === 'down' ? [way] : []
}

function withheldBy(group: FieldGroup, fields: string): string[] {
  if (fields === 'all') return []
  const leave = fields === 'none' ? [] : fields.split(', ')
  return choosable(group).filter((field) => !leave.includes(field))
}

/** What both allow: nothing passes by it that does not pass by each. */
export function narrower(a: MirrorSettings, b: MirrorSettings): MirrorSettings {
  const directions = Object.fromEntries(
    Object.entries(a.directions).map(([collection, some]) => [
      collection,
      some.filter((direction) => b.directions[collection as SettableCollection].includes(direction)),
    ]),
  ) as unknown as MirrorSettings['directions']
  return versioned({
    directions,
    erased: covered.filter((collection) => a.erased.includes(collection) || b.erased.includes(collection)),
    covers: Object.fromEntries(
      covered.map((collection) => [
        collection,
        coverages[Math.max(coverages.indexOf(a.covers[collection]), coverages.indexOf(b.covers[collection]))]!,
      ]),
    ) as MirrorSettings['covers'],
    daysAhead: Math.min(a.daysAhead, b.daysAhead),
    daysPast: Math.min(a.daysPast, b.daysPast),
    withheld: Object.fromEntries(
      groups.map((group) => [
        group,
        choosable(group).filter((field) => a.withheld[group].includes(field) || b.withheld[group].includes(field)),
      ]),
    ) as Record<FieldGroup, string[]>,
    shares: narrowerShares(a.shares, b.shares),
  })
}

function narrowerShares(a: MirrorSettings['shares'], b: MirrorSettings['shares']): MirrorSettings['shares'] {
  const shares: Record<string, Partial<Record<PatientCollection, readonly Share[]>>> = {}
  for (const [other, chosen] of Object.entries(a))
    for (const [name, ways] of Object.entries(chosen) as [PatientCollection, readonly Share[]][]) {
      const both = ways.filter((way) => b[other]?.[name]?.includes(way))
      if (both.length > 0) shares[other] = { ...shares[other], [name]: both }
    }
  return shares
}

/** Whether two settings say the same, also of what is shared with other sites. */
export function sameSettings(a: MirrorSettings, b: MirrorSettings): boolean {
  const isIn = (one: MirrorSettings, other: MirrorSettings): boolean => sameJson(narrowerShares(one.shares, other.shares) as Json, one.shares as Json) // prettier-ignore
  return a.version === b.version && isIn(a, b) && isIn(b, a)
}

/** Equal settings have an equal version, at whichever end they are read; the defaults have 0. */
function versioned(settings: Omit<MirrorSettings, 'version'>): MirrorSettings {
  const { version: _, ...defaults } = defaultSettings
  const said = JSON.stringify(inOrder(settings))
  if (said === JSON.stringify(inOrder(defaults)))
    return Object.keys(settings.shares).length === 0 ? defaultSettings : { ...defaultSettings, shares: settings.shares }
  const version = createHash('sha256').update(said).digest().readUIntBE(0, 6)
  return { version: Math.max(1, version), ...settings }
}

function inOrder({ directions, erased, covers, daysAhead, daysPast, withheld }: Omit<MirrorSettings, 'version'>): Json {
  const of = (map: object): Json => Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1)) as Json
  return [of(directions), [...erased].toSorted(), of(covers), daysAhead, daysPast, of(withheld)]
}

/** The settings in force by what the site wrote and what the portal wrote: where the portal says nothing it narrows nothing. */
export function mirrorInForce(site: MirrorTexts, portal: MirrorTexts): MirrorSettings {
  return narrower(mirrorSettingsOf(site), mirrorSettingsOf({ ...site, ...portal }))
}

/** Whether what the portal wrote of a key leaves less than what the site wrote of it does. */
export function isNarrowed(key: string, site: MirrorTexts, portal: MirrorTexts): boolean {
  const one = { [key]: textOf(site, key) }
  return !sameSettings(mirrorInForce(one, portal[key] === undefined ? {} : { [key]: portal[key] }), mirrorSettingsOf(one)) // prettier-ignore
}

/** The key that is meant, a collection alone meaning its direction; throws a sentence where there is none. */
export function mirrorKeyNamed(name: string): string {
  const key = settingOf(name) ? name : `${name}.direction`
  if (settingOf(key)) return key
  const what = ['preferences', 'access', 'consents', 'reviews', 'practice'].includes(name.split('.')[0]!)
    ? `${name.split('.')[0]!} cannot be switched off: ${name.startsWith('practice') ? 'pages name the practice and show times by it' : 'a STOP, an end of access and what staff have to look at must always travel'}.`
    : `There is no setting ${name.slice(0, 60)} of the mirror. List them with: patientconnection mirror show.`
  throw new Error(`${what} Nothing was changed.`)
}

/** A value that a setting does not take; its message is a sentence. */
export class WrongSetting extends Error {
  override readonly name = 'WrongSetting'
  readonly key: string
  constructor(key: string, sentence: string) {
    super(sentence)
    this.key = key
  }
}

/**
 * The texts with one setting changed, and the key; throws a sentence where it would be wrong. `off` alone is refused: who
 * turns a collection off says whether the portal keeps or erases what it has.
 */
export function mirrorChanged(
  texts: MirrorTexts,
  name: string,
  value: string,
  content?: 'keep' | 'erase',
): { readonly key: string; readonly texts: MirrorTexts } {
  const key = mirrorKeyNamed(name)
  const setting = settingOf(key)!
  const turnsOff = key.endsWith('.direction') && value.trim() === 'off'
  if (turnsOff && content === undefined)
    throw new Error(
      `Say what becomes of the ${key.split('.')[0]!} that the portal has: --keep stops and leaves them there, --erase stops and erases them there. Nothing was changed.`,
    )
  if (!turnsOff && content !== undefined)
    throw new Error(`--keep and --erase go with a collection that is turned off. Nothing was changed.`)
  const asked = key.endsWith('.direction') && value.trim() === 'on' ? setting.initial : value
  const text = setting.read(turnsOff && content === 'erase' ? 'erased' : asked)
  if (text === undefined) {
    const [group] = key.split('.') as [FieldGroup]
    const needed = key.endsWith('.fields') ? value.split(',').map((field) => field.trim()).find((field) => whyNeeded(group, field)) : undefined // prettier-ignore
    const why = needed
      ? `${needed} always leaves with its record: ${whyNeeded(group, needed)!}. Name the others; it`
      : 'it'
    throw new WrongSetting(
      key,
      `${key} cannot be “${value.slice(0, 60)}”: ${why} takes ${setting.takes}. Nothing was changed.`,
    )
  }
  return { key, texts: { ...texts, [key]: text } }
}

/** A setting as the portal is to say it. */
export interface Narrowing {
  readonly key: string
  readonly value: string
  readonly content?: 'keep' | 'erase' | undefined
}
export interface Narrowed {
  readonly key: string
  readonly old: string
  readonly new: string
}
/** What the portal says of a setting where it says nothing: no value that a setting takes is written so. */
export const asTheSite = 'as the site'

/** What follows from settings beyond what was set, in sentences. */
export function dependenciesInWords(settings: MirrorSettings): string[] {
  return covered.flatMap((collection) => {
    const needed = needs[collection]
    if (!needed || settings.directions[collection].length === 0 || !offBecause(settings, collection)) return []
    return [`${collection} need ${needed}, and ${needed} are off: so nothing of ${collection} goes.`]
  })
}
