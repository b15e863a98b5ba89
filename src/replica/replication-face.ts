/**
 * What a link needs of the replica at its end: what is known of the peer, what it sends, and what becomes of it. The
 * replica is opened in `replica.ts`; nothing here speaks of sockets.
 */
import type { Batch, Refusal, RowName, WireRow } from './admission.ts'
import type { Collection, LinkSettings, Passes } from './collections.ts'
import type { Attached, Mirroring } from './mirroring.ts'
import type { Outgoing } from './outgoing.ts'
import type { Declared, KnownOfUs } from './peers.ts'
import type { Reconciler, ReconcilerOptions } from './reconcile.ts'
import type { PeerKnowledge } from './store.ts'

/** What a link needs of the replica at its end. */
export interface Replication {
  declared(): Declared
  peer(replica: string): PeerKnowledge | undefined
  /**
   * Rule 6; resolves when what is known is durable. `restored`: the peer lost what it had told us. Rejects with PutBack
   * where the peer had more of this replica's current epoch than there is: the next hello then declares a new one. Rejects
   * too where `isOver` says so when its turn comes: what a connection said that ended meanwhile may be older than what its
   * next one said.
   */
  meet(declared: Declared, ours?: KnownOfUs, isOver?: () => boolean): Promise<Met>
  /**
   * Takes a batch: its rows, the cursor and `seen` in one commit (rule 4). Rows that do not pass are dropped and
   * counted; refused ones are named with their reason; those with a gap are kept aside. Rejects where the commit fails,
   * with QuarantineFull where there is no room aside, and where `settings` are others when its turn comes than now:
   * then nothing of it is here.
   */
  receive(peer: string, batch: Batch, passes: Passes, settings?: LinkSettings): Promise<Received>
  /** What of (from, ...] goes to a peer, up to about `maxBytes` (rules 2 and 7). */
  outgoing(
    peer: string,
    collection: Collection,
    range: { from: number; complete: number; maxBytes: number },
    passes: Passes,
    tells?: Passes,
  ): Promise<Outgoing>
  acknowledged(peer: string, collection: Collection, position: number): Promise<void>
  /** The peer has not taken these rows, which it is to acknowledge: a portal keeps what they are of (rule 9). Durable when it resolves. */
  refused(peer: string, collection: Collection, rows: readonly RowName[]): Promise<void>
  /**
   * Has these collections of a peer read from 0 again, in the place of what is under way by then: what begins to pass there
   * was read over before (SHARE-2). Resolves when that is durable; nothing happens where the peer was never met.
   */
  readAnew(peer: string, among: readonly Collection[]): Promise<void>
  /**
   * From where a peer reads on, by collection: that it has acknowledged, also where an ack was lost or the peer was
   * restored. Rejects with PutBack where it has more than there is.
   */
  stands(peer: string, positions: readonly number[]): Promise<void>
  /** Whether there is room again for what of a peer would wait: half of what there is at most. */
  hasRoom(peer: string): Promise<boolean>
  /** Takes in whole documents of a peer that differ from those here; resolves with the rows that this took. */
  heal(collection: Collection, whole: readonly WireRow[], passes: Passes): Promise<number>
  /** Counts a connection among those by which a portal withdraws (rule 9). */
  attach(mirroring: Mirroring): Attached
  /** This side of a proof of equality over a connection. */
  reconciler(wire: Omit<ReconcilerOptions, 'store' | 'clock'>): Reconciler
  /** Documents that a peer has not acknowledged, of the collections that are sent to it. */
  behind(peer: string, sends?: (collection: Collection) => boolean): Promise<number>
  /** The patients of a site of whom a peer has not acknowledged what stands in these collections. */
  waiting(peer: string, site: string, among: readonly Collection[]): Promise<Set<string>>
}

/** The machine was put back to an older state while this process ran; the message is for people. */
export class PutBack extends Error {
  override readonly name = 'PutBack'
  constructor() {
    super('This machine was put back to an older state while it ran. What it lost comes back now.')
  }
}

export interface Met {
  readonly known: PeerKnowledge
  /** The peer lost what it had told us. */
  readonly restored: boolean
  /** The peer has seen more of this replica than there is: this one was put back to an older copy. */
  readonly restoredHere: boolean
}

export interface Received {
  readonly refused: readonly { readonly seq: number; readonly reason: Refusal }[]
  /** Rows that became rows of this log. */
  readonly logged: number
  /** Rows that do not pass here. */
  readonly dropped: number
}
