/**
 * What a peer's row becomes in this log: nothing, itself, itself with what is carried over into a later generation, or a
 * refusal, or that it has to wait. `healedRows` is the same for whole documents of a proof of equality, and mends what is damaged on either side.
 */
import { admit, type Refusal, type WireRow } from './admission.ts'
import {
  collectionNumber,
  collectionOf,
  newerFacts,
  shapeOf,
  type Collection,
  type Facts,
  type Passes,
} from './collections.ts'
import type { Draft } from './commits.ts'
import {
  carryOver,
  decodeVector,
  deletesMore,
  digestOf,
  emptyUpdate,
  openDocument,
  renewed,
  unionOf,
  vectorOf,
  type Writer,
} from './document.ts'
import { loggedAnew } from './edits.ts'
import { carriesOver, compareVersions } from './generations.ts'
import type { NewRow, Origin, StoredDocument } from './store.ts'
import { ceases, hasContent, isKnownWithheld } from './withdrawal.ts'

export interface Receiving {
  readonly draft: Draft
  readonly collection: Collection
  readonly passes: Passes
  /** Of a portal: what its settings withhold it takes no content of (rule 9). */
  readonly holds?: Passes | undefined
  readonly writer: Writer
  /** The site that this replica is of; none at a portal. */
  readonly site: string | undefined
}
/** `withheld`: the content was not taken, and the peer is to have a receipt for it. */
export type Taken =
  { readonly rows: readonly NewRow[]; readonly withheld?: boolean } | { readonly refused: Refusal } | 'dropped' | 'gap'

const nothing: Taken = { rows: [] }

/**
 * What becomes of a row; its document is loaded in the draft. Given at once where nothing has to be read for it, as for
 * nearly every row of a batch: a wait for each costs as much as its admission.
 */
export function takenRows(to: Receiving, row: WireRow, origin: Origin | null): Taken | Promise<Taken> {
  const held = to.draft.document(to.collection, row.key)
  if (!passesWhole(to, row, held)) return takenBare(to, row, origin, held)
  const result = admit(to.collection, row, origin, held)
  if (result === 'nothing') return nothing
  // It builds on what was withdrawn here: with the receipt the peer sends all of it.
  if (to.holds && held?.withdrawn && result === 'gap') return { rows: [], withheld: true }
  if (result === 'gap' || 'refused' in result) return result
  if (!result.unsure && !(held && carriesOver(held.head, result.row))) return { rows: [result.row] }
  return takenAfterReading(to, row, result, held)
}

/** How what is taken in is logged. */
export interface Logging {
  /** Whether a document is to be logged anew with a row. */
  readonly isAnew: (row: NewRow, held: StoredDocument | undefined) => boolean
  /** Whether a document goes to peers at all. */
  readonly passes: Passes
  /** Whether it would by what was chosen here alone. */
  readonly chosen: Passes
}

/**
 * Puts rows into the draft, those of which `isAnew` says so as their whole document. One by which its document ceases to
 * pass becomes a notice of this replica's own (rule 9): a peer that is put back to before it hears it from nobody else. So
 * does the first that a site which was put back hears of a document of its own that does not pass.
 * Resolves with what is logged.
 */
export async function intoLog(
  draft: Draft,
  collection: Collection,
  rows: readonly NewRow[],
  { isAnew, passes, chosen }: Logging,
): Promise<NewRow[]> {
  const done: NewRow[] = []
  for (const added of rows) {
    const held = draft.document(collection, added.key)
    const isNotice = ceases(added, held, passes, chosen) || isKnownWithheld(added, held, passes)
    const said = isNotice ? { ...added, origin: null, receipt: true } : added
    const logged = isAnew(added, held) ? await loggedAnew(added, draft) : said
    draft.add(logged)
    done.push(logged)
  }
  return done
}

async function takenAfterReading(
  { draft, collection, writer }: Receiving,
  row: WireRow,
  result: { readonly row: NewRow; readonly unsure: boolean },
  held: StoredDocument | undefined,
): Promise<Taken> {
  const updates = await draft.updates(collection, row.key)
  if (result.unsure && !deletesMore(openDocument(updates), row.update)) return nothing
  if (!held || !carriesOver(held.head, result.row)) return { rows: [result.row] }
  const carried = carriedRow(result.row, updates, writer)
  return { rows: carried ? [result.row, carried] : [result.row] }
}

/**
 * What becomes of a peer's whole document that differs from the one here: rows as if written here. It came beside the
 * peer's log, so nobody would notice that a peer that is put back to before it has lost it: it gets it again.
 */
export async function healedRows(to: Receiving, row: WireRow): Promise<Taken> {
  const { draft, collection, writer } = to
  const shape = shapeOf(collection)
  const held = draft.document(collection, row.key)
  if (held && passesWhole(to, row, held)) {
    const own = await readable(draft, collection, row.key)
    // What cannot be read here is lost; the peer's content takes its place.
    if (!own) return { rows: [anew(held, row, renewed([row.update], shape, writer))] }
    if (compareVersions(row, held.head) === 0 && sameVector(held, row)) {
      const same = Buffer.compare(digestOf(own, shape, row), digestOf([row.update], shape, row)) === 0
      if (same) return nothing
      // Both count the same changes and say different things: what either says is written anew by value.
      return { rows: [anew(held, row, unionOf(own, [row.update], shape, writer))] }
    }
  }
  return takenRows(to, row, null)
}

async function readable(draft: Draft, collection: Collection, key: string): Promise<readonly Uint8Array[] | undefined> {
  try {
    const updates = await draft.updates(collection, key)
    openDocument(updates)
    return updates
  } catch {
    // Whatever is wrong with it, it cannot be read: that is the answer.
    return undefined
  }
}

function sameVector(held: StoredDocument, row: WireRow): boolean {
  const [ours, theirs] = [decodeVector(held.vector), vectorOf([row.update])]
  return ours.size === theirs.size && [...ours].every(([client, clock]) => theirs.get(client) === clock)
}

function anew(held: StoredDocument, row: WireRow, change: { update: Uint8Array; vector: Uint8Array }): NewRow {
  const later = compareVersions(row, held.head) > 0 ? row : held.head
  return {
    collection: collectionNumber(held.head.collection),
    key: row.key,
    generation: Math.max(row.generation, held.head.generation) + 1,
    erased: later.erased,
    facts: newerFacts(held.head.facts, row.facts),
    update: change.update,
    vector: change.vector,
    origin: null,
    receipt: false,
    mode: 'replace',
  }
}

/** Whether a peer's row may come in with its content: by its own facts, and by those that the document has with it. */
function passesWhole(
  { collection, passes, holds }: Receiving,
  row: WireRow,
  held: StoredDocument | undefined,
): boolean {
  return passes(collection, row.facts) && (!holds || holds(collection, factsWith(row, held)))
}

function factsWith(row: WireRow, held: StoredDocument | undefined): Facts {
  return held && compareVersions(row, held.head) <= 0 ? newerFacts(held.head.facts, row.facts) : row.facts
}

/**
 * What becomes of a row whose content may not come in: its erasure, at a portal also its facts, or nothing. Of a document of its
 * own that a site does not take it knows that it is there: only so can it say when the portal is to let go of it.
 */
function takenBare(to: Receiving, row: WireRow, origin: Origin | null, held: StoredDocument | undefined): Taken {
  const { collection, passes, holds, site } = to
  if (!passes(collection, held?.head.facts ?? row.facts, true)) return 'dropped'
  const withholds = holds !== undefined && !holds(collection, factsWith(row, held))
  // A notice of what is not held is answered at once; of what is, when it is withdrawn.
  const withheld = withholds && (row.update.length > emptyUpdate.length || (row.receipt && !(held && hasContent(held))))
  const erases = row.erased > (withholds && held ? held.head.erased : 0)
  // A notice is kept also of what was never held: a site that is put back to before it gets it back.
  const isTold =
    site !== undefined && row.facts.site === site && row.update.length <= emptyUpdate.length && !row.receipt
  if (!erases && !isTold && !(withholds && (held || row.receipt))) return withheld ? { rows: [], withheld } : 'dropped'
  const { generation, erased } = erases ? { generation: row.erased, erased: row.erased } : (held?.head ?? row)
  const result = admit(collection, { ...row, generation, erased, update: emptyUpdate }, origin, held)
  if (result === 'nothing') return { rows: [], withheld }
  return result === 'gap' || 'refused' in result ? result : { rows: [result.row], withheld }
}

/** What of the earlier generation the later one lacks, as a change of this replica's own. */
function carriedRow(next: NewRow, former: readonly Uint8Array[], writer: Writer): NewRow | undefined {
  const shape = shapeOf(collectionOf(next.collection)!)
  const change = carryOver(openDocument(former), openDocument([next.update]), shape, writer)
  return change && { ...next, update: change.update, vector: change.vector, origin: null, receipt: false, mode: 'add' }
}
