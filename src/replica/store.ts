/**
 * What a replica needs of a store: whole operations, each one transaction and one promise that resolves when it is
 * durable. No begin and commit in callers, no callbacks. `memory-store.ts` and `sqlite-store.ts` keep this contract
 * and run the same suite of tests. A store has one writer.
 *
 * The log: one row per change, `seq` increasing by one over all collections. Collections are numbers here
 * (`collectionNumber`). Facts stand once, beside the document.
 */
import type { ChunkStore } from './chunk-store.ts'
import type { Collection, Facts } from './collections.ts'
import type { DocumentHead, IndexQuery, IndexRow, Projection } from './replica-face.ts'

/** A process start of a replica (rule 1): all rows from `first` until the next epoch's first were written under it. */
export interface Epoch {
  readonly id: number
  readonly first: number
}

/** How far this replica has read one collection of a peer (rules 4 and 6). */
export interface Cursor {
  /** The peer's epoch when it sent what stands at `position`. */
  readonly epoch: number
  readonly position: number
  /** The last position at which everything before it was here: the batch had reached the peer's tail. */
  readonly complete: number
  /** The position of the newest receipt of a withdrawal that was read (rule 9). */
  readonly erasedAt: number
}

/** What this replica knows of a peer; arrays are by collection number. */
export interface PeerKnowledge {
  readonly replica: string
  /** The peer's epochs as it last declared them. */
  readonly chain: readonly Epoch[]
  /** The highest position of the peer's log ever seen (rule 4). */
  readonly seen: number
  /** The peer's incarnation ids of its collections (rule 11). */
  readonly incarnations: readonly string[]
  readonly cursors: readonly Cursor[]
  /** Up to which of our own rows the peer gets back even what came from it (rule 7). */
  readonly amnesty: readonly number[]
  /** Up to which of our own rows the peer has acknowledged. */
  readonly acknowledged: readonly number[]
}

/** Where a row came from: the peer that sent it, under which of its epochs, at which of its positions. */
export interface Origin {
  readonly peer: string
  readonly epoch: number
  readonly seq: number
}

export interface NewRow {
  readonly collection: number
  readonly key: string
  readonly generation: number
  /** The newest generation that was an erasure; 0: none. */
  readonly erased: number
  readonly facts: Facts
  /** Yjs update bytes; `emptyUpdate` for a row that only brings facts, an erasure or a receipt. */
  readonly update: Uint8Array
  /** The document's state vector with this row. */
  readonly vector: Uint8Array
  /** null: written here. */
  readonly origin: Origin | null
  /** A receipt of a withdrawal (rule 9). */
  readonly receipt: boolean
  /**
   * add: one more row of the document. anew: the whole document as one fold at a fresh seq, itself the only source
   * (rule 10). replace: the first row of a higher generation; all rows of lower ones go. withdraw: the content goes, and
   * this row stands for all that was there, with its generation and its sources (rules 9 and 11).
   */
  readonly mode: 'add' | 'anew' | 'replace' | 'withdraw'
}

/** What else a commit carries of a batch from a peer: the cursor moves in the transaction of its rows (rule 4). */
export interface Progress {
  readonly peer: string
  readonly collection: number
  readonly cursor: Cursor
  readonly seen: number
  /** Documents of the collection whose content the peer erased, as its receipts say (rule 9). */
  readonly withdrawn?: readonly string[]
}

/** A collection that begins anew: its incarnation gets this id, and every peer's cursor in it stands at 0 (rule 11). */
export interface Renewal {
  readonly collection: number
  readonly incarnation: string
}

/**
 * A row of a peer that builds on what is not here, kept aside: in no log, sent to nobody (LINK-12). `packed` is the row
 * as `quarantine.ts` packs it.
 */
export interface AsideRow {
  /** Its number among those aside, given by the replica. */
  readonly place: number
  readonly peer: string
  readonly epoch: number
  /** Its position in the peer's log. */
  readonly seq: number
  readonly collection: number
  readonly key: string
  /** When it was put aside, milliseconds UTC. */
  readonly since: number
  /** The review item that tells people of it. */
  readonly review: string
  /** What it counts for, in bytes. */
  readonly size: number
  readonly packed: Uint8Array
}

/** What is aside under one review item, all of one peer. */
export interface AsideTotal {
  readonly review: string
  readonly peer: string
  readonly rows: number
  readonly bytes: number
  /** When the oldest and the newest were put aside, milliseconds UTC. */
  readonly since: number
  readonly newest: number
  /** The highest place. */
  readonly place: number
}

/** What a commit changes of the rows aside. */
export interface Aside {
  readonly put: readonly AsideRow[]
  /** The places of those that are aside no more. */
  readonly drop: readonly number[]
  /** Drops those of a review that were put aside until then; the rest is told of by the review `next`. */
  readonly skip: readonly { readonly review: string; readonly until: number; readonly next: string }[]
}

/** A row as a link reads it. */
export interface StoredRow {
  readonly seq: number
  readonly head: DocumentHead
  readonly generation: number
  readonly update: Uint8Array
  readonly receipt: boolean
  /** Per direct source (a replica id, or '' for this one) the newest seq that the row holds of it; a plain row has one. */
  readonly sources: ReadonlyMap<string, number>
  readonly folded: boolean
}

export interface StoredDocument {
  readonly head: DocumentHead
  readonly vector: Uint8Array
  /**
   * Its content was erased: here by a row of mode `withdraw`, or at a peer by what `Progress.withdrawn` says. Until it is
   * logged anew, or replaced.
   */
  readonly withdrawn: boolean
}

export interface Opened {
  /** The highest seq ever given. */
  readonly head: number
  readonly epochs: readonly Epoch[]
  readonly incarnations: readonly string[]
  readonly peers: readonly PeerKnowledge[]
}

export interface Store {
  /** Attachments, beside the log. */
  readonly chunks: ChunkStore
  /**
   * Reads what a replica starts from. The first open writes practice and replica into the store; a later one with
   * others rejects: a folder belongs to one replica.
   */
  open(identity: { readonly practice: string; readonly replica: string }): Promise<Opened>
  /**
   * Begins an epoch at `first`, or at head + 1. It takes the place of those that begin there or later, so of a newest one
   * under which nothing was written; the newest 64 are kept.
   */
  startEpoch(id: number, first?: number): Promise<readonly Epoch[]>
  /**
   * Appends rows in order with the progress of the batches that they came in, then begins `renewals`, and does what becomes
   * of rows aside; resolves with the seqs of the rows. All or nothing; a peer that was never met is refused.
   */
  append(
    rows: readonly NewRow[],
    progress: readonly Progress[],
    renewals?: readonly Renewal[],
    aside?: Aside,
  ): Promise<readonly number[]>
  /** Replaces all that is known of a peer. */
  meet(peer: PeerKnowledge): Promise<void>
  /** Remembers up to where a peer has acknowledged a collection. */
  acknowledge(peer: string, collection: number, position: number): Promise<void>
  /** Remembers up to which seq of a collection a peer may lack what came from it (rule 7). */
  giveAmnesty(peer: string, collection: number, upTo: number): Promise<void>
  /**
   * Replaces exactly the rows `seqs` of a document, its oldest, by one fold at the highest of them, sources kept (rule 2).
   * Resolves with false where they are not all there any more: the document was replaced meanwhile, and nothing happens.
   */
  fold(collection: number, key: string, seqs: readonly number[], update: Uint8Array): Promise<boolean>
  /** Moves a follower's cursor, with the index rows that its documents became, in one transaction. */
  advance(follower: string, cursor: number, projections: readonly Projection[]): Promise<void>

  cursorOf(follower: string): Promise<number>
  documents(collection: number, keys: readonly string[]): Promise<Map<string, StoredDocument>>
  /** The updates of a document's current generation in order of seq. */
  updatesOf(collection: number, key: string): Promise<Uint8Array[]>
  /** The rows of a document's current generation in order of seq. */
  rowsOf(collection: number, key: string): Promise<{ readonly seq: number; readonly update: Uint8Array }[]>
  /** Documents that count as withdrawn, after the key `after`, in order of the keys' UTF-8 bytes. */
  withdrawn(collection: number, after: string | undefined, limit: number): Promise<DocumentHead[]>
  /** Documents of at least so many rows. */
  longDocuments(rows: number, limit: number): Promise<{ collection: Collection; key: string; rows: number }[]>
  /** Rows of a collection beyond `after` in order of seq, at least one where there is one, up to about `maxBytes`. */
  rowsAfter(collection: number, after: number, maxBytes: number): Promise<{ rows: StoredRow[]; tail: boolean }>
  /**
   * As `rowsAfter`, without the plain rows beyond `except.beyond` that came from `except.peer` itself (rule 7): these are
   * not opened. `to` is the position that this covers; it may cover rows and give none.
   */
  rowsFor(
    collection: number,
    after: number,
    maxBytes: number,
    except: { readonly peer: string; readonly beyond: number },
  ): Promise<{ rows: StoredRow[]; to: number; tail: boolean }>
  /** Documents whose newest row is beyond `after`, in order of it. */
  changedAfter(collections: readonly number[], after: number, limit: number): Promise<DocumentHead[]>
  countChangedAfter(collections: readonly number[], after: number): Promise<number>
  /** The heads of a collection after the key `after`, in order of the keys' UTF-8 bytes. */
  list(collection: number, after: string | undefined, limit: number): Promise<DocumentHead[]>
  count(collection: number): Promise<number>
  /** What is aside, by review. */
  asideTotals(): Promise<AsideTotal[]>
  /** The rows aside of a document beyond `after`, in order of seq, then place. */
  asideOf(
    collection: number,
    key: string,
    after: { readonly seq: number; readonly place: number },
    limit: number,
  ): Promise<AsideRow[]>
  /** The places beyond `after`, in order, and the documents that their rows are of. */
  asideAfter(after: number, limit: number): Promise<{ place: number; collection: number; key: string }[]>
  index(query: IndexQuery): Promise<IndexRow[]>
  indexCount(query: Omit<IndexQuery, 'descending' | 'limit'>): Promise<number>
  indexed(view: string, id: string): Promise<IndexRow | undefined>
  close(): Promise<void>
}

/** A folder that belongs to another replica, or that another process has open. The message is for people. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused'
}

/** There is no room left. What was to be written was not; all that was acknowledged before stands. The message is for people. */
export class StoreFull extends Error {
  override readonly name = 'StoreFull'
}

/** A collection of which nothing was read. */
export const atStart: Cursor = { epoch: 0, position: 0, complete: 0, erasedAt: 0 }

/** What is known of a peer that was never met. */
export function strangerOf(replica: string, collections: number): PeerKnowledge {
  return {
    replica,
    chain: [],
    seen: 0,
    incarnations: Array<string>(collections).fill(''),
    cursors: Array<Cursor>(collections).fill(atStart),
    amnesty: Array<number>(collections).fill(0),
    acknowledged: Array<number>(collections).fill(0),
  }
}

/** The epochs with a new one begun at `first`, one without rows replaced, the newest 64 kept (rules 1 and 6). */
export function withEpoch(epochs: readonly Epoch[], id: number, first: number): Epoch[] {
  return [...epochs.filter((epoch) => epoch.first < first), { id, first }].slice(-64)
}
