/**
 * What a site has of the records of another: those of a collection that the other gives and it takes, by an admin of each.
 * What a collection needs must come too, what leaves its own site no more is given to nobody, and what a site does not take
 * from the portal of its own it does not take of others. The portal tells each site what the others give and take, in a
 * document that only the portal writes; both ends of the site's link go by that. Pure.
 */
import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { shapeOf, type Collection, type Facts } from '../replica/collections.ts'
import { derivedUlid } from '../replica/ids.ts'
import type { Json } from '../replica/json.ts'
import { defaultSettings, isErased, isTakenDown, isUpAlone, needs, offBecause, type MirrorSettings, type PatientCollection } from './policy.ts' // prettier-ignore

/** The collections that may be shared. */
export const shareable = Object.keys(defaultSettings.covers) as PatientCollection[]

/** What another site of the practice says to a site. */
export interface Other {
  readonly name: string | null
  /** What it gives, and what it takes. */
  readonly gives: readonly PatientCollection[]
  readonly takes: readonly PatientCollection[]
  /** Of each collection that it gives, by which of its settings the portal holds documents, as a number (`heldBy`). */
  readonly holds: Readonly<Partial<Record<PatientCollection, number>>>
}
/** The other sites by id. */
export type Others = ReadonlyMap<string, Other>
/**
 * The collections that come down, by the site that owns them, each with the number of what the portal holds of it; of a
 * site without any nothing stands here.
 */
export type Shared = ReadonlyMap<string, ReadonlyMap<Collection, number>>

/** The document in which the portal says to a site what the others say to it; a field for each of them, by id. */
export function othersKey(site: string): string {
  return derivedUlid('preferences', site, 'others')
}

const some = v.array(v.string())
const otherSchema = v.object({ name: v.nullable(v.string()), gives: some, takes: some, holds: v.optional(v.record(v.string(), v.number()), {}) }) // prettier-ignore

/** What the portal wrote; what is no longer there is null, and what this version cannot read shares nothing. */
export function othersIn(map: Readonly<Record<string, Json>>): Others {
  const known = (names: readonly string[]): PatientCollection[] => shareable.filter((name) => names.includes(name))
  return new Map(
    Object.entries(map).flatMap(([site, said]) => {
      const other = v.safeParse(otherSchema, said)
      if (!other.success) return []
      const { name, gives, takes, holds } = other.output
      return [[site, { name, gives: known(gives), takes: known(takes), holds }] as const]
    }),
  )
}

/** What a site by its settings gives another. */
export function givenTo(settings: MirrorSettings, other: string): PatientCollection[] {
  return withNeeds((name) => {
    const leaves = offBecause(settings, name) === undefined && settings.directions[name].includes('up')
    return leaves && chosen(settings, other, name, 'give')
  })
}

/**
 * By which settings of a site the portal holds its documents, as a number for each collection that may be shared. What the
 * portal was to let go of, and held after all, others have passed over meanwhile.
 */
export function heldBy(settings: MirrorSettings, names: readonly PatientCollection[]): Other['holds'] {
  const { covers, daysAhead, daysPast } = settings
  const byEvents = (name: PatientCollection): boolean => name === 'events' || needs[name] === 'events'
  const saying = (name: PatientCollection): Json => [isErased(settings, name), covers[name], byEvents(name) ? [covers.events, daysAhead, daysPast] : null] // prettier-ignore
  return Object.fromEntries(names.map((name) => [name, numberOf(saying(name))]))
}

/** What a site by its settings takes of another. */
export function takenOf(settings: MirrorSettings, other: string): PatientCollection[] {
  return withNeeds((name) => isTakenDown(settings, name) && chosen(settings, other, name, 'take'))
}

/** What of others comes down to a site: what they give and it takes. */
export function sharedBy(settings: MirrorSettings, others: Others): Shared {
  const shared = new Map<string, ReadonlyMap<Collection, number>>()
  for (const [site, { gives, holds }] of others) {
    const taken = takenOf(settings, site)
    const both = withNeeds((name) => taken.includes(name) && gives.includes(name))
    if (both.length > 0) shared.set(site, new Map(both.map((name) => [name, holds[name] ?? 0])))
  }
  return shared
}

/** Whether a collection of the owner of a document is shared; within it the owner's own settings decide at the portal. */
export function isShared(shared: Shared, collection: Collection, { site }: Pick<Facts, 'site'>): boolean {
  return site !== null && shared.get(site)?.has(collection) === true
}

/** Whether a document of another site is a record that this one may change: with it what was changed here goes up. */
export function isSharedRecord(shared: Shared, collection: Collection, facts: Pick<Facts, 'site'>): boolean {
  return shapeOf(collection) === 'record' && isShared(shared, collection, facts)
}

/**
 * The version of a link's settings with what is shared over it: that of the site's own settings where nothing is, so that
 * a peer that knows no sharing finds it equal.
 */
export function linkVersion(settings: MirrorSettings, shared: Shared): number {
  if (shared.size === 0) return settings.version
  const said = (names: ReadonlyMap<Collection, number>): Json => [...names].toSorted(byFirst).map(([name, held]): Json => (held === 0 ? name : [name, held])) // prettier-ignore
  return 1 + numberOf([settings.version, [...shared].toSorted(byFirst).map(([site, names]): Json => [site, said(names)])]) // prettier-ignore
}

/**
 * A number for which documents of a collection come down: 0 for all of the site's own, another for its own that the portal is
 * to let go of, others for those of the same other sites by the same settings of theirs, never 1. Where it changes, what was
 * passed over may come.
 */
export function sourcesOf(settings: MirrorSettings, shared: Shared, collection: Collection): number {
  if (isUpAlone(settings, collection)) return 2
  const sites = [...shared].toSorted(byFirst).flatMap(([site, names]): Json[] => (names.has(collection) ? [[site, names.get(collection)!]] : [])) // prettier-ignore
  return sites.length === 0 ? 0 : 3 + numberOf(sites)
}

/** What of sharing was chosen and does not come to be, in sentences: what else it needs. */
export function sharingInWords(settings: MirrorSettings, others: Others): string[] {
  return Object.entries(settings.shares).flatMap(([site, chosenOf]) => {
    const { name, gives, takes }: Other = others.get(site) ?? { name: null, gives: [], takes: [], holds: {} }
    const who = name ?? `site ${site}`
    const [giving, taking] = [givenTo(settings, site), takenOf(settings, site)]
    return Object.entries(chosenOf).flatMap(([collection, ways]) => {
      const one = collection as PatientCollection
      const said: string[] = []
      if (ways.includes('give') && !giving.includes(one))
        said.push(`${one} are not given to ${who}: ${whyNot(settings, one, giving, 'sent up')}`)
      else if (ways.includes('give') && !takes.includes(one)) said.push(`${who} does not take ${one} yet: an admin there chooses to.`) // prettier-ignore
      if (ways.includes('take') && !taking.includes(one))
        said.push(`${one} of ${who} are not taken: ${whyNot(settings, one, taking, 'sent down')}`)
      else if (ways.includes('take') && !gives.includes(one)) said.push(`${who} does not give ${one} yet: an admin there chooses to.`) // prettier-ignore
      return said
    })
  })
}

function whyNot(settings: MirrorSettings, collection: PatientCollection, shared: readonly PatientCollection[], sent: string): string {
  const needed = needs[collection] as PatientCollection | undefined
  if (needed && !shared.includes(needed)) return `they need ${needed}.`
  return offBecause(settings, collection) ?? `${collection} are not ${sent} here.`
} // prettier-ignore

function chosen(settings: MirrorSettings, other: string, collection: PatientCollection, way: 'give' | 'take'): boolean {
  return settings.shares[other]?.[collection]?.includes(way) === true
}

/** Those that hold, and of which all that they need does. */
function withNeeds(holds: (name: PatientCollection) => boolean): PatientCollection[] {
  const all = (name: PatientCollection): boolean => {
    const needed = needs[name] as PatientCollection | undefined
    return holds(name) && (needed === undefined || all(needed))
  }
  return shareable.filter(all)
}

function numberOf(said: Json): number {
  return createHash('sha256').update(JSON.stringify(said)).digest().readUIntBE(0, 6)
}

function byFirst([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}
