/**
 * The collections that replicate: their names, their shape, and the order in which a link sends them
 * (a STOP is never behind 30,000 patients). Wire numbers are for ever.
 */
export type Shape = 'record' | 'entries'

export const recordCollections = ['practice', 'patients', 'plans', 'events', 'preferences'] as const
export const entriesCollections = [
  'access',
  'consents',
  'confirmations',
  'requests',
  'messages',
  'communications',
  'payments',
  'reviews',
] as const

export type RecordCollection = (typeof recordCollections)[number]
export type EntriesCollection = (typeof entriesCollections)[number]
export type Collection = RecordCollection | EntriesCollection

/** In the order of sending: what is small and must never wait first. The index is the number on the wire and in the store. */
export const collections: readonly Collection[] = [
  'preferences',
  'access',
  'consents',
  'confirmations',
  'requests',
  'payments',
  'messages',
  'communications',
  'reviews',
  'practice',
  'patients',
  'plans',
  'events',
]

const numbers = new Map(collections.map((name, number) => [name as string, number]))
const records: ReadonlySet<string> = new Set(recordCollections)

/** The number of a collection on the wire and in the store. */
export function collectionNumber(name: Collection): number {
  return numbers.get(name)!
}

/** The collection of a number on the wire; undefined where this version knows none. */
export function collectionOf(number: number): Collection | undefined {
  return collections[number]
}

export function shapeOf(name: Collection): Shape {
  return records.has(name) ? 'record' : 'entries'
}

/**
 * What stands beside a document in clear, set by whoever changes it, so that policy and pages decide without
 * opening it. Ids and times only, never a datum of a person. Of two sets of facts the one with the newer `at` holds.
 */
export interface Facts {
  /** The patient that the document is about (key in `patients`). */
  readonly patient: string | null
  /** The owning site: who minted the record. */
  readonly site: string | null
  /** Whether patients may be shown it. */
  readonly shown: boolean
  /** Whether its patient can be reached: portal enabled, or consent to text or email. */
  readonly reachable: boolean
  /** When an event starts, milliseconds UTC. */
  readonly startsAt: number | null
  /** When these facts were set, milliseconds UTC. */
  readonly at: number
}

/** Whether two sets of facts say the same, whenever they were set. */
export function sameFacts(a: Omit<Facts, 'at'>, b: Omit<Facts, 'at'>): boolean {
  return (
    a.patient === b.patient &&
    a.site === b.site &&
    a.shown === b.shown &&
    a.reachable === b.reachable &&
    a.startsAt === b.startsAt
  )
}

/** The newer of two sets of facts; of two of one time the greater by content, so that every replica keeps the same. */
export function newerFacts(a: Facts, b: Facts): Facts {
  if (a.at !== b.at) return a.at > b.at ? a : b
  if (sameFacts(a, b)) return a
  return JSON.stringify(a) >= JSON.stringify(b) ? a : b
}

/** What a link has to know of the settings at its end. */
export interface LinkSettings {
  /** Another number after each change: it goes with hello and every batch, and the link starts over when it changes. */
  version(): number
  /** Whether a collection is sent at all. Of one that is not, no batch goes, so that nothing of it counts as sent. */
  sends(collection: Collection): boolean
  /** Whether a collection is sent also while the other end has other settings, until those have travelled. By default all are. */
  always?(collection: Collection): boolean
  /** Calls `run` after each change; returns what ends it. Without it a change is noticed with the next event of the link. */
  onChange?(run: () => void): () => void
}

/** Settings that never change, under which everything is sent. */
export const fixedSettings: LinkSettings = { version: () => 0, sends: () => true }

/**
 * Whether a document passes: what a link and a replica are given, so that they know no policy. `erasure`: asked of the
 * erasure of a document alone, which passes also where its content does not (rule 8).
 */
export type Passes = (collection: Collection, facts: Facts, erasure?: boolean) => boolean
