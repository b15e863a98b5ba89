/**
 * What of this log goes to a peer: rows and folds beyond a position in order of position (rule 2), less what came from
 * that peer itself and lies below no amnesty (rule 7), less what does not pass. An erasure passes even where its
 * document does not (rule 8), and so do receipts and notices of a withdrawal (rule 9), and the facts of what its owner is to know of.
 */
import type { WireRow } from './admission.ts'
import { collectionNumber, type Collection, type Passes } from './collections.ts'
import { emptyUpdate } from './document.ts'
import type { PeerKnowledge, Store, StoredRow } from './store.ts'

export interface Outgoing {
  readonly rows: readonly WireRow[]
  /** The position that this covers; `from` where there is nothing beyond. */
  readonly to: number
  /** Whether nothing lies beyond `to`. */
  readonly tail: boolean
  /** The collection is not sent: nothing is said of it, and the peer's cursor stays where it is. */
  readonly off?: boolean
  /** The newest position of which the rows tell, where that is beyond `to`: by the facts that they go with (R4). */
  readonly newest?: number
}

/**
 * The next part of a collection for a peer; `complete` is the peer's mark of the last time it had everything (rule 7, folds).
 * `tells`: of which documents that do not pass the facts go all the same.
 */
export async function outgoing(
  store: Store,
  peer: PeerKnowledge,
  collection: Collection,
  range: { readonly from: number; readonly complete: number; readonly maxBytes: number },
  passes: Passes,
  tells: Passes = () => false,
): Promise<Outgoing> {
  const number = collectionNumber(collection)
  const amnesty = peer.amnesty[number]!
  const except = { peer: peer.replica, beyond: amnesty }
  const { rows, to, tail } = await store.rowsFor(number, range.from, range.maxBytes, except)
  let newest = to
  const sent = rows.flatMap((row): WireRow[] => {
    if (row.folded && !isNews(row, peer.replica, amnesty, range.complete)) return []
    const { seq, generation, update } = row
    const { key, facts, erased } = row.head
    // Of a fold that the peer has read the receipts of, only what came since is new to it.
    const receipt = row.receipt && !(row.folded && (row.sources.get('') ?? 0) <= range.complete)
    if (passes(collection, facts)) {
      newest = Math.max(newest, row.head.seq)
      return [{ seq, key, generation, erased, facts, update, receipt }]
    }
    // A receipt, or a site's notice that the document ceased to pass, goes with the facts alone (rule 9).
    if ((erased === 0 && !receipt && !tells(collection, facts)) || !passes(collection, facts, true)) return []
    newest = Math.max(newest, row.head.seq)
    const later = receipt || erased === 0 ? generation : erased
    return [{ seq, key, generation: later, erased, facts, update: emptyUpdate, receipt }]
  })
  return { rows: sent, to, tail, ...(newest > to && { newest }) }
}

/** Whether a fold holds what the peer lacks; of plain rows the store gives only those. */
function isNews(row: StoredRow, peer: string, amnesty: number, complete: number): boolean {
  for (const [source, newest] of row.sources)
    if (newest > complete && (source !== peer || complete < amnesty)) return true
  return false
}
