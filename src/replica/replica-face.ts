/**
 * What the rest of the product sees of a replica: change, read, follow. `openReplica` in `replica.ts` makes one.
 * Nothing here speaks of Yjs, of the store or of the network.
 */
import type { Collection, EntriesCollection, Facts, Passes, RecordCollection } from './collections.ts'
import type { PracticeId, ReplicaId } from './ids.ts'
import type { Json } from './json.ts'
import type { AccessEntry } from './kinds/access.ts'
import type { CommunicationEntry } from './kinds/communications.ts'
import type { ConfirmationEntry } from './kinds/confirmations.ts'
import type { ConsentEntry } from './kinds/consents.ts'
import type { Entry } from './kinds/kind.ts'
import type { MessageEntry } from './kinds/messages.ts'
import type { PaymentEntry } from './kinds/payments.ts'
import type { RequestEntry } from './kinds/requests.ts'
import type { ReviewEntry } from './kinds/reviews.ts'
import type { FoldedRecord } from './records.ts'

/** The entries collections of which this version knows the kinds. */
export interface Kinds {
  access: AccessEntry
  consents: ConsentEntry
  confirmations: ConfirmationEntry
  requests: RequestEntry
  messages: MessageEntry
  communications: CommunicationEntry
  payments: PaymentEntry
  reviews: ReviewEntry
}

/** A change of one document. Facts left out keep those that the document has. */
export type Edit =
  | {
      readonly collection: RecordCollection
      readonly key: string
      readonly facts?: Omit<Facts, 'at'>
      /** Fields to set; one that already holds this value is left alone. */
      readonly set: Readonly<Record<string, Json>>
      /** When the edit was made at its source, milliseconds UTC (DOM-18). */
      readonly at: number
      /** By field, of when the value is that whoever made the edit had seen; by default the one that stands here. */
      readonly seen?: Readonly<Record<string, number>>
    }
  | {
      [C in keyof Kinds]: {
        readonly collection: C
        readonly key: string
        readonly facts?: Omit<Facts, 'at'>
        /** Entries by id. An id that is already there is left alone: saying it twice is saying it once. */
        readonly add: Readonly<Record<string, Kinds[C]>>
      }
    }[keyof Kinds]

/** Erases a document's content here and everywhere: its next generation is empty, and wins over all that is older (rule 8). */
export interface Erasure {
  readonly collection: Collection
  readonly key: string
  readonly erase: true
}

/** Sets a document's facts alone, whatever its content. A new owner gets it whole. */
export interface FactsChange {
  readonly collection: Collection
  readonly key: string
  readonly become: Omit<Facts, 'at'>
}

/** A document as a follower or a list meets it: everything but the content. */
export interface DocumentHead {
  readonly collection: Collection
  readonly key: string
  readonly generation: number
  /** The newest of its generations that was an erasure; 0: none was. */
  readonly erased: number
  /** The newest row of the document in this replica's log. */
  readonly seq: number
  readonly facts: Facts
}

/** A row for the pages: ids, times and states in clear, `body` sealed. */
export interface IndexRow {
  readonly view: string
  readonly id: string
  readonly patient: string | null
  readonly state: string
  /** Milliseconds UTC: what the view is sorted by. */
  readonly at: number
  readonly body: Json
}

/** What a document looks like in the index: these rows, and no others. */
export interface Projection {
  readonly collection: Collection
  readonly key: string
  readonly rows: readonly IndexRow[]
}

export interface IndexQuery {
  readonly view: string
  readonly patient?: string
  readonly state?: string
  /** Only rows with `at` from here on, and before `before`. */
  readonly from?: number
  readonly before?: number
  /** Newest first; default oldest first. */
  readonly descending?: boolean
  readonly limit?: number
}

export interface FollowerOptions {
  /** Names the durable cursor. */
  readonly name: string
  readonly collections: readonly Collection[]
  /**
   * Called with documents that changed, each once whatever the number of its changes, in order of their newest row.
   * What it returns is stored in one transaction with the cursor. It may be called again with the same documents
   * after a crash or a throw: its effects elsewhere must happen once by their own ids. A throw is retried with
   * back-off and shown in `problem`; the follower never skips.
   */
  handle(documents: readonly DocumentHead[]): Promise<readonly Projection[]>
  /** Told of the documents of a call once what it returned is stored; not repeated after a crash. Must not throw. */
  advanced?(documents: readonly DocumentHead[]): void
  /** The most documents a call; default 500. */
  readonly batch?: number
  /**
   * A positive number that names the form of the rows it makes. Where those of the store are of another one, as after an
   * update, all documents are handled once more, between the changes that come meanwhile; it goes on after a stop.
   */
  readonly form?: number
}

export interface Follower {
  readonly name: string
  /** Set while the last call threw: the error, and since when (milliseconds UTC). */
  readonly problem: { readonly error: Error; readonly since: number } | null
  /** Documents that wait. */
  behind(): Promise<number>
  /** Resolves when everything that is durable now has been handled, some of it perhaps in an earlier form. */
  caughtUp(): Promise<void>
  /** Documents whose rows are perhaps still of an earlier form, and are being made anew; 0: none. */
  toRemake(): Promise<number>
  /** Resolves when everything that is durable now has been handled in this form. */
  remade(): Promise<void>
  stop(): Promise<void>
}

export interface Replica {
  readonly practice: PracticeId
  readonly id: ReplicaId
  /**
   * Makes the edits, all or none, and resolves when they are durable (committed with a sync to disk).
   * Rejects with a TypeError that names the field where an entry does not fit the schema of its kind.
   */
  change(edits: readonly (Edit | Erasure | FactsChange)[]): Promise<void>
  /** The record's fold; undefined where there is no such document, or none with content. */
  record(collection: RecordCollection, key: string): Promise<FoldedRecord | undefined>
  /** The fields of a record as the replica `by` wrote them, whatever others say; empty where it wrote none. */
  written(collection: RecordCollection, key: string, by: string): Promise<Readonly<Record<string, Json>>>
  /** Those of these records in which a value lost without having been seen by the one that stands (DOM-18). */
  contested(collection: RecordCollection, keys: readonly string[]): Promise<Map<string, FoldedRecord>>
  /** The entries of known kinds, in no order; empty where there is no such document. */
  entries<C extends keyof Kinds>(collection: C, key: string): Promise<Entry<Kinds[C]>[]>
  /** The head of a document; undefined where there is none. */
  head(collection: Collection, key: string): Promise<DocumentHead | undefined>
  /** The heads of a collection in order of key, after `after`. */
  list(collection: Collection, after?: string, limit?: number): Promise<DocumentHead[]>
  /** Index rows as the followers stored them. */
  index(query: IndexQuery): Promise<IndexRow[]>
  /** How many index rows a query has; none of them is opened. */
  indexCount(query: Omit<IndexQuery, 'descending' | 'limit'>): Promise<number>
  /** One index row. */
  indexed(view: string, id: string): Promise<IndexRow | undefined>
  follow(options: FollowerOptions): Follower
  /** Calls `run` after each commit (also of what came over a link); returns what ends it. */
  onCommit(run: () => void): () => void
  /**
   * At a portal: withdraws what its settings withhold by now, after they changed or time has passed (rule 9). Resolves
   * when gone is what may go now; what a site has yet to acknowledge goes by itself when it has.
   * At a site: logs anew what the portal has erased and what passes again by now.
   */
  withdraw(): Promise<void>
  /** At a site: logs anew what of these collections passes and did not before, after settings changed or time has passed (rule 10). */
  passAnew(among: readonly Collection[]): Promise<void>
  /**
   * At a site: lets go of the content of documents of other sites in these collections that it may keep no longer, here
   * alone and without an erasure, so that all of it may come again (SHARE-3). Resolves with their number when it is gone.
   */
  letGo(among: readonly Collection[], keeps: Passes): Promise<number>
  /**
   * At a portal: erases all content of a collection, once `everywhere` says that every site has erased it and what is
   * held has been acknowledged, and begins a new incarnation of it (rule 11). Asked again before it happens, so a site
   * that switches it on again in time keeps it. `goes`: which documents are meant, by default all; others, as those of a
   * site in use no more, stay and hold up nothing. Resolves when it is done, and is to be called again after a new start.
   */
  eraseCollection(collection: Collection, everywhere: () => boolean, goes?: (facts: Facts) => boolean): Promise<void>
  /**
   * The heads of documents whose content the portal has erased, in order of key, after `after`; at a site those that it
   * has not logged anew since, and those of other sites that it has let go of and not got again.
   */
  receipts(collection: Collection, after?: string, limit?: number): Promise<DocumentHead[]>
  /** Documents of a collection by count; for status. */
  count(collection: Collection): Promise<number>
  /** Ends followers and closes the store; what was being committed is committed. */
  close(): Promise<void>
}

/** Collections whose entries this version knows. */
export type KnownEntries = Extract<EntriesCollection, keyof Kinds>
