/**
 * What one replica makes of another's hello (rule 6): the newest point that both histories have in common, whether the
 * peer was restored, and from where each collection is to be read. Pure: knowledge and hello in, knowledge out.
 */
import type { Cursor, Epoch, PeerKnowledge } from './store.ts'

/** What a replica declares of itself when a connection opens. */
export interface Declared {
  readonly replica: string
  readonly epochs: readonly Epoch[]
  /** The highest seq that it has given. */
  readonly head: number
  readonly incarnations: readonly string[]
}

/** The end of the `at`-th epoch of a list: the seq before the next begins. */
function endOf(list: readonly Epoch[], at: number): number {
  const next = list[at + 1]
  return next ? next.first - 1 : Infinity
}

/** B of rule 6: the smaller end of the newest epoch that is in both lists; 0 where there is none. */
export function commonPoint(stored: readonly Epoch[], declared: readonly Epoch[]): number {
  for (let i = stored.length - 1; i >= 0; i--) {
    const j = declared.findIndex((epoch) => epoch.id === stored[i]!.id)
    if (j >= 0) return Math.min(endOf(stored, i), endOf(declared, j))
  }
  return 0
}

/** What a peer knows of this replica, as it says in its hello. */
export interface KnownOfUs {
  readonly chain: readonly Epoch[]
  readonly seen: number
  readonly positions: readonly number[]
}

/**
 * Whether a peer has seen more of this replica's current epoch than there is, or an epoch that began after it (rule 1): then
 * the machine was put back to an older state while it ran. What it had sent of the epoch before may still be on its way.
 */
export function wasPutBack(epochs: readonly Epoch[], head: number, ours: KnownOfUs): boolean {
  const at = ours.chain.findIndex((epoch) => epoch.id === epochs.at(-1)!.id)
  return at >= 0 && (at < ours.chain.length - 1 || ours.seen > head)
}

/** Whether a peer has seen more of this replica than it still has: then its files were put back to an older copy. */
export function lostWhatWasSeen(epochs: readonly Epoch[], ours: KnownOfUs): boolean {
  return ours.chain.length > 0 && ours.seen > commonPoint(ours.chain, epochs)
}

/**
 * What is known of a peer after its hello, and whether it was restored; `ownHead` is the head of this replica's log.
 * `bySettings`: the peer sends by settings of its own, document by document. Once it is restored, what lies below the
 * common point may have been left out by settings that it has lost, so all of it is read again.
 */
export function afterHello(
  known: PeerKnowledge,
  declared: Declared,
  ownHead: number,
  bySettings = false,
): { readonly known: PeerKnowledge; readonly restored: boolean } {
  const firstContact = known.chain.length === 0
  const common = firstContact ? Infinity : commonPoint(known.chain, declared.epochs)
  const restored = known.seen > common
  const newest = declared.epochs.at(-1)!.id
  const renewed = known.incarnations.map((id, collection) => id !== declared.incarnations[collection])
  const cursors = known.cursors.map((cursor, collection): Cursor => {
    if (renewed[collection]) return { epoch: newest, position: 0, complete: 0, erasedAt: 0 }
    if (cursor.epoch === newest) return cursor
    // A receipt that the restore undid: everything of the collection is read again (rule 9).
    const isAnew = cursor.erasedAt > common || (restored && bySettings)
    const back = isAnew ? 0 : Math.min(cursor.complete, common)
    return { epoch: newest, position: back, complete: back, erasedAt: Math.min(cursor.erasedAt, common) }
  })
  return {
    restored,
    known: {
      ...known,
      chain: declared.epochs,
      seen: restored ? common : known.seen,
      incarnations: declared.incarnations,
      cursors,
      amnesty: known.amnesty.map((at, collection) => (restored || renewed[collection] ? ownHead : at)),
    },
  }
}
