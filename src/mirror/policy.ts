/**
 * What replicates to whom: one pure, total function over settings and facts, and the default table as a value.
 * `up` is from a site to the portal, `down` from the portal to that site. Access, consents, preferences and reviews
 * cannot be switched off: a STOP must always travel. An owner always takes its own records down again, and also what the
 * portal is to let go of: of what is sent up alone nothing else comes down.
 * What of another site's comes down is `sharing.ts`. It never opens a document: which fields may leave is chosen at the
 * source, by `leaving-fields.ts`.
 */
import type { Collection, Facts } from '../replica/collections.ts'
import type { FieldGroup } from './leaving-fields.ts'

export type Direction = 'up' | 'down'

/** Collections that no setting reaches. */
export const alwaysCollections = ['access', 'consents', 'preferences', 'reviews'] as const
export type AlwaysCollection = (typeof alwaysCollections)[number]
export type SettableCollection = Exclude<Collection, AlwaysCollection>

/** Collections of which each document is of one patient. */
export type PatientCollection = Exclude<SettableCollection, 'practice'>

/** The patients that a collection covers, from the widest to the narrowest: each covers what the next does. */
export const coverages = ['all', 'reachable', 'portal enabled', 'none'] as const
export type Coverage = (typeof coverages)[number]

/** What a site does with a collection between itself and another. */
export type Share = 'give' | 'take'

export interface MirrorSettings {
  /** Equal for equal settings, what is shared with other sites apart; 0: nothing was chosen. */
  readonly version: number
  /** Per collection the directions that are on; none is off. */
  readonly directions: Readonly<Record<SettableCollection, readonly Direction[]>>
  /** Of those that are off, the ones that the portal is to erase; of the others it keeps what it has. */
  readonly erased: readonly SettableCollection[]
  readonly covers: Readonly<Record<PatientCollection, Coverage>>
  /** An event leaves when it starts at most so many days ahead, and at most so many days past. */
  readonly daysAhead: number
  readonly daysPast: number
  /** Fields that do not leave, of those that may. */
  readonly withheld: Readonly<Record<FieldGroup, readonly string[]>>
  /** By other site and collection what is shared with it; what does not stand here is not. */
  readonly shares: Readonly<Record<string, Readonly<Partial<Record<PatientCollection, readonly Share[]>>>>>
}

/** The defaults of a site that has chosen nothing. */
export const defaultSettings: MirrorSettings = {
  version: 0,
  directions: {
    practice: ['up'],
    patients: ['up'],
    plans: ['up'],
    events: ['up'],
    confirmations: ['up', 'down'],
    requests: ['up', 'down'],
    payments: ['up', 'down'],
    messages: ['up', 'down'],
    communications: ['up', 'down'],
  },
  erased: [],
  covers: {
    patients: 'reachable',
    plans: 'portal enabled',
    events: 'reachable',
    confirmations: 'reachable',
    requests: 'reachable',
    payments: 'reachable',
    messages: 'reachable',
    communications: 'reachable',
  },
  daysAhead: 365,
  daysPast: 400,
  withheld: { practice: [], patients: [], plans: [], stages: [], events: [] },
  shares: {},
}

export interface Question {
  readonly collection: Collection
  readonly facts: Facts
  readonly direction: Direction
  /** The site at the far end from the portal. */
  readonly site: string
  /** Milliseconds UTC. */
  readonly now: number
  /** Asked of the erasure of a document alone: it passes wherever the document could be held. */
  readonly erasure?: boolean
  /** Asked by the site of what arrives: by then it may know that what came down is to go, a day before the portal does. */
  readonly arrives?: boolean
}

export type Verdict = { readonly passes: true } | { readonly passes: false; readonly why: string }

const dayMs = 86_400_000
const yes: Verdict = { passes: true }
const no = (why: string): Verdict => ({ passes: false, why })
const always: ReadonlySet<string> = new Set(alwaysCollections)

/** What a collection is of no use without. */
export const needs: Readonly<Partial<Record<SettableCollection, SettableCollection>>> = {
  plans: 'patients',
  events: 'patients',
  confirmations: 'events',
  requests: 'patients',
  payments: 'patients',
  messages: 'patients',
  communications: 'patients',
}

/**
 * Whether a document may replicate, or a sentence without a datum of a person why not. Answers every question, also
 * one with times that are no number.
 */
export function passes(settings: MirrorSettings, question: Question): Verdict {
  const { collection, facts, direction, site, now } = question
  if (collection === 'consents') return yes
  const own = facts.site === site
  if (!own) return no('It belongs to another site.')
  if (question.erasure) return yes
  if (isAlways(collection)) return yes
  if (direction === 'down' && isRecord(collection)) return yes
  // What patients said before comes down first: only then may the portal erase it.
  if (direction === 'down' && isErased(settings, collection)) return yes
  const off = offBecause(settings, collection)
  if (off) return no(off)
  if (isUpAlone(settings, collection) && direction === 'down') {
    const stays = question.arrives ? byFacts(settings, collection, facts, now).passes : mayHold(settings, question)
    return stays ? no(`${collection} are not sent down.`) : yes
  }
  if (!settings.directions[collection].includes(direction)) return no(`${collection} are not sent ${direction}.`)
  // What a patient said goes down to its owner, also where the document passes no more: then the portal may forget it.
  return direction === 'down' ? yes : byFacts(settings, collection, facts, now)
}

/**
 * Whether a document passes to the portal by its facts alone, whether or not its collection is on: while that is off
 * nothing of it goes, and nothing counts as gone.
 */
export function passesByFacts(
  settings: MirrorSettings,
  { collection, facts, site, now, erasure }: Omit<Question, 'direction'>,
): boolean {
  if (collection === 'consents') return true
  if (facts.site !== site) return false
  return erasure === true || isAlways(collection) || byFacts(settings, collection, facts, now).passes
}

/**
 * Whether the portal may hold the content of a document: what it may not, it withdraws. Of a collection that is off it
 * keeps what it has, unless it is to be erased. An event is held a day longer than it is sent, so that two clocks that
 * differ do not send and withdraw it in turns.
 */
export function mayHold(
  settings: MirrorSettings,
  { collection, facts, now }: Pick<Question, 'collection' | 'facts' | 'now'>,
): boolean {
  if (isAlways(collection)) return true
  if (isErased(settings, collection)) return false
  const { daysAhead, daysPast } = settings
  return byFacts({ ...settings, daysAhead: daysAhead + 1, daysPast: daysPast + 1 }, collection, facts, now).passes
}

function byFacts(settings: MirrorSettings, collection: SettableCollection, facts: Facts, now: number): Verdict {
  if (collection === 'practice') return yes
  if (facts.patient === null) return no('It has no patient.')
  const covers = settings.covers[collection]
  if (covers === 'none') return no(`${collection} are of no patient.`)
  if (covers !== 'all' && !facts.reachable)
    return no('Its patient cannot be reached: no portal access and no consent to text or email.')
  if (covers === 'portal enabled' && !facts.shown) return no('Patients may not be shown it.')
  // What hangs on an event is of use where the event is.
  if (needs[collection] === 'events') return byFacts(settings, 'events', facts, now)
  return collection === 'events' ? insideHorizon(settings, facts.startsAt, now) : yes
}

/** Whether a collection is sent at all. An owner's records always go down to it again, and so does what is to go. */
export function isSent(settings: MirrorSettings, collection: Collection, direction: Direction): boolean {
  if (isAlways(collection)) return true
  if (direction === 'down' && (isRecord(collection) || isErased(settings, collection))) return true
  if (direction === 'down' && isUpAlone(settings, collection)) return true
  return offBecause(settings, collection) === undefined && settings.directions[collection].includes(direction)
}

/** Whether of a collection that is on its owner takes only what the portal is to let go of. */
export function isUpAlone(settings: MirrorSettings, collection: Collection): boolean {
  if (isAlways(collection) || isRecord(collection) || offBecause(settings, collection) !== undefined) return false
  return !settings.directions[collection].includes('down')
}

/**
 * Whether a document, or its erasure alone, should be at both ends: of what goes up alone each end may have what the other
 * has not, and of a collection of which nothing is sent up both keep what they have.
 */
export function isAtBoth(settings: MirrorSettings, question: Omit<Question, 'direction'>): boolean {
  const { collection } = question
  if (isUpAlone(settings, collection) || !isSent(settings, collection, 'up')) return false
  return passes(settings, { ...question, direction: 'up' }).passes
}

/** Why a collection is off, itself or by what it needs; undefined where it is on. */
export function offBecause(settings: MirrorSettings, collection: SettableCollection): string | undefined {
  if (settings.directions[collection].length === 0) return `${collection} are switched off.`
  const needed = needs[collection]
  return needed && offBecause(settings, needed) ? `${collection} are off because ${needed} are.` : undefined
}

/** Whether the portal is to erase what it holds of a collection, for itself or with what it needs. */
export function isErased(settings: MirrorSettings, collection: SettableCollection): boolean {
  if (settings.directions[collection].length === 0 && settings.erased.includes(collection)) return true
  const needed = needs[collection]
  return needed !== undefined && isErased(settings, needed)
}

/** Whether a collection is off and the portal keeps what it has of it: then nothing tells the portal of an erasure either. */
export function isKept(settings: MirrorSettings, collection: Collection): boolean {
  return !isAlways(collection) && offBecause(settings, collection) !== undefined && !isErased(settings, collection)
}

/** Whether what patients say in a collection is kept at the portal and goes down to their site; where not, nobody would read it. */
export function isTaken(settings: MirrorSettings, collection: PatientCollection): boolean {
  const isOn = offBecause(settings, collection) === undefined && settings.directions[collection].includes('down')
  return isOn && settings.covers[collection] !== 'none'
}

function insideHorizon(settings: MirrorSettings, startsAt: number | null, now: number): Verdict {
  if (startsAt === null) return no('It has no start.')
  if (startsAt - now > settings.daysAhead * dayMs) return no(`It starts more than ${settings.daysAhead} days ahead.`)
  if (now - startsAt > settings.daysPast * dayMs) return no(`It started more than ${settings.daysPast} days ago.`)
  return Number.isFinite(startsAt - now) ? yes : no('Its start is no time.')
}

/** Whether no setting reaches a collection. */
export function isAlways(collection: Collection): collection is AlwaysCollection {
  return always.has(collection)
}

/** Whether a collection is on and goes down to its site in every case: so that what comes with it is read by then. */
export function isTakenDown(settings: MirrorSettings, collection: SettableCollection): boolean {
  if (offBecause(settings, collection) !== undefined) return false
  return isRecord(collection) || settings.directions[collection].includes('down')
}

/** Records that a site makes and must get back after a restore; the other settable collections obey the table. */
function isRecord(collection: SettableCollection): boolean {
  return collection === 'practice' || collection === 'patients' || collection === 'plans' || collection === 'events'
}
