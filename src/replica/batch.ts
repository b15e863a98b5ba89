/**
 * What a batch of a peer, and its whole documents where a proof brings them, become in this log: rows, in order, with what
 * this replica has to say because of them. Where the peer stands after it is settled by who commits them.
 */
import type { Batch, Refusal, WireRow } from './admission.ts'
import type { Collection, Facts, Passes } from './collections.ts'
import type { Draft } from './commits.ts'
import { emptyUpdate } from './document.ts'
import { setAside, type QuarantineContext } from './quarantine.ts'
import { healedRows, intoLog, takenRows, type Receiving, type Taken } from './receiving.ts'
import type { NewRow, StoredDocument } from './store.ts'
import { letGo, noticeFor, passedAgain, refusedReceipt } from './withdrawal.ts'

/** How a replica takes in what comes of a peer. */
export interface TakingIn {
  readonly quarantine: QuarantineContext
  /** What of the peer's may come in. */
  readonly passesIn: Passes
  /** Whether content that the peer has erased is to go to it again. */
  readonly returns: Passes
  /** Whether a document is of another site than this one, which may let go of it (SHARE-3). */
  readonly isOthers: (facts: Facts) => boolean
}

export interface TakenBatch {
  /** They are in the draft. */
  readonly rows: readonly NewRow[]
  readonly refused: readonly { readonly seq: number; readonly reason: Refusal }[]
  /** Rows that do not pass here. */
  readonly dropped: number
  /** Documents of others that were let go of, as they stood. */
  readonly emptied: readonly StoredDocument[]
  /** Documents of which the peer holds no content any more, and which do not go to it again. */
  readonly withdrawn: readonly string[]
  /** The position of the newest receipt in it; 0: none. */
  readonly erasedAt: number
}

/** Takes a batch into the draft. Throws QuarantineFull where there is no room for what waits. */
export async function takenBatch(draft: Draft, peer: string, batch: Batch, how: TakingIn): Promise<TakenBatch> {
  const { collection, epoch } = batch
  const { quarantine, returns, isOthers } = how
  const { holds, passes } = quarantine
  const rows: NewRow[] = []
  const refused: { seq: number; reason: Refusal }[] = []
  let dropped = 0
  const emptied: StoredDocument[] = []
  const blocked = new Set<string>()
  const withheld = new Map<string, WireRow>()
  const receipts = new Map<string, number>()
  let erasedAt = 0
  const say = (row: NewRow): void => {
    draft.add(row)
    rows.push(row)
  }
  const to = receivingIn(draft, collection, how)
  await draft.load(collection, batch.rows.map((row) => row.key)) // prettier-ignore
  for (const row of batch.rows) {
    const held = draft.document(collection, row.key)
    const isLetGo = row.receipt && !holds && isOthers(row.facts) && (!held || isOthers(held.head.facts))
    if (isLetGo) {
      erasedAt = row.seq
      const gone = await letGo(draft, collection, row.key)
      if (gone) {
        emptied.push(held!)
        say(gone)
      }
      // Of what was never here nothing is kept.
      if (!held && row.update.length <= emptyUpdate.length) {
        dropped++
        continue
      }
    }
    const found: Taken | Promise<Taken> = blocked.has(row.key)
      ? { refused: 'waits for a refused row' }
      : takenRows(to, row, { peer, epoch, seq: row.seq })
    const taken = found instanceof Promise ? await found : found
    if (taken === 'dropped') dropped++
    else if (taken === 'gap') {
      if (!(await setAside(draft.aside, collection, row, { peer, epoch }, quarantine)))
        refused.push({ seq: row.seq, reason: 'gap' })
    } else if ('refused' in taken) {
      refused.push({ seq: row.seq, reason: taken.refused })
      blocked.add(row.key)
    } else {
      rows.push(...(await intoLog(draft, collection, taken.rows, quarantine)))
      if (taken.withheld) withheld.set(row.key, row)
    }
    if (row.receipt && !holds && !isLetGo) receipts.set(row.key, row.seq)
    const notice = !holds && noticeFor(row, draft.document(collection, row.key), passes)
    if (notice) say(notice)
  }
  for (const [key, row] of withheld) say(refusedReceipt(collection, row, draft.document(collection, key)))
  const withdrawn: string[] = []
  for (const key of receipts.keys()) {
    const again = await passedAgain(draft, collection, key, returns)
    if (again) say(again)
    else withdrawn.push(key)
  }
  return { rows, refused, dropped, emptied, withdrawn, erasedAt: Math.max(erasedAt, ...receipts.values()) }
}

/** Takes whole documents that differ from those here into the draft; resolves with the rows. */
export async function healedBy(
  draft: Draft,
  collection: Collection,
  whole: readonly WireRow[],
  how: Pick<TakingIn, 'quarantine' | 'passesIn'>,
): Promise<readonly NewRow[]> {
  const { holds, passes } = how.quarantine
  const rows: NewRow[] = []
  await draft.load(collection, whole.map((row) => row.key)) // prettier-ignore
  for (const row of whole) {
    const taken = await healedRows(receivingIn(draft, collection, how), row)
    if (taken === 'dropped' || taken === 'gap' || 'refused' in taken) continue
    rows.push(...(await intoLog(draft, collection, taken.rows, how.quarantine)))
    const notice = !holds && noticeFor(row, draft.document(collection, row.key), passes)
    if (!notice) continue
    draft.add(notice)
    rows.push(notice)
  }
  return rows
}

function receivingIn(
  draft: Draft,
  collection: Collection,
  { quarantine, passesIn }: Pick<TakingIn, 'quarantine' | 'passesIn'>,
): Receiving {
  return {
    draft,
    collection,
    passes: passesIn,
    holds: quarantine.holds,
    writer: quarantine.writer(),
    site: quarantine.site,
  }
}
