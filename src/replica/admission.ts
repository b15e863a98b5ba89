/**
 * What a peer's row may do here: it is examined, bounded and checked for a gap before it becomes a row of this log.
 * What adds nothing is not logged (rule 5), what is of a lower generation is dropped (rule 8), what builds on what is not
 * here waits (LINK-12), what is wrong is refused alone, with a reason from a closed list; the rest of its batch stays.
 */
import { collectionNumber, newerFacts, shapeOf, type Collection, type Facts } from './collections.ts'
import { decodeVector, encodeVector } from './document.ts'
import type { NewRow, Origin, StoredDocument } from './store.ts'
import { compareVersions } from './generations.ts'
import { examine, type Examined } from './update-scan.ts'

/**
 * Why a row is refused; a number on the wire by its place. The sender opens a review item for each. What has a gap waits
 * here instead, but a consent for which there is no room.
 */
export const refusals = ['malformed', 'too large', 'gap', 'deletes entries', 'waits for a refused row'] as const
export type Refusal = (typeof refusals)[number]

/** The largest update of one row, in bytes: a secure message is at most 80 kB, but a fold is a whole document. */
export const largestUpdate = 4 * 1024 * 1024
const longestKey = 200

/** A row as it comes over a link. */
export interface WireRow {
  /** The row's position in the sender's log. */
  readonly seq: number
  readonly key: string
  readonly generation: number
  /** The newest generation that was an erasure; 0: none. */
  readonly erased: number
  readonly facts: Facts
  readonly update: Uint8Array
  readonly receipt: boolean
}

/** Which document a row is of. */
export type RowName = Pick<WireRow, 'seq' | 'key' | 'generation'>

/** A batch as a peer sent it: it covers (from, to] of one collection, also where all in it was left out (rule 2). */
export interface Batch {
  readonly collection: Collection
  readonly from: number
  readonly to: number
  readonly tail: boolean
  readonly epoch: number
  readonly rows: readonly WireRow[]
  /**
   * The newest position of which the rows tell, where that is beyond `to`: a row goes with the facts of its document, which
   * may be those of a later row. A peer of a version before 4 does not say it.
   */
  readonly newest?: number
}

/** The row for this log; that it adds nothing, or builds on what is not here; or why it is refused. */
export type Admission =
  | { readonly row: NewRow; /** It adds something only if its deletions do. */ readonly unsure: boolean }
  | { readonly refused: Refusal }
  | 'nothing'
  | 'gap'

/** What becomes of a row here, where `held` is the document as it stands. */
export function admit(
  collection: Collection,
  row: WireRow,
  origin: Origin | null,
  held: StoredDocument | undefined,
): Admission {
  if (row.update.length > largestUpdate || row.key.length > longestKey) return { refused: 'too large' }
  if (row.erased > row.generation || row.generation < 1) return { refused: 'malformed' }
  const order = held ? compareVersions(row, held.head) : 1
  if (order < 0) return 'nothing'
  const base = order > 0 ? undefined : held
  let examined: Examined
  try {
    examined = examine(row.update)
  } catch {
    // Bytes from outside: whatever the decoder says of them, the row is malformed.
    return { refused: 'malformed' }
  }
  if (examined.deletes && shapeOf(collection) === 'entries') return { refused: 'deletes entries' }
  const vector = base ? decodeVector(base.vector) : new Map<number, number>()
  let adds = !base
  for (const [client, { from, to }] of examined.ranges) {
    const known = vector.get(client) ?? 0
    if (from > known) return 'gap'
    if (to > known) {
      vector.set(client, to)
      adds = true
    }
  }
  // A struct of another client, or one to delete, that is not here leaves the document unreadable as a missing row does.
  for (const [client, beyond] of examined.needs) if (beyond > (vector.get(client) ?? 0)) return 'gap'
  const facts = base ? newerFacts(base.head.facts, row.facts) : row.facts
  const saysMore = adds || facts !== base?.head.facts
  if (!saysMore && !examined.deletes) return 'nothing'
  return {
    unsure: !saysMore,
    row: {
      collection: collectionNumber(collection),
      key: row.key,
      generation: row.generation,
      erased: row.erased,
      facts,
      update: row.update,
      vector: encodeVector(vector),
      origin,
      // A receipt is of the peer that wrote it: a row that was taken in says nothing of this replica.
      receipt: false,
      mode: held && !base ? 'replace' : 'add',
    },
  }
}
