/**
 * Withdrawal of a document in rows (rule 9): the receipt by which a portal says that it holds no content of it, what a
 * site makes of one, and the notice by which a site says that a document of its own passes no more. And how a site lets go
 * of a document that another site shared with it (SHARE-3). Pure.
 */
import type { WireRow } from './admission.ts'
import { collectionNumber, collectionOf, type Collection, type Passes } from './collections.ts'
import { decodeVector, emptyUpdate, emptyVector, mergeUpdates } from './document.ts'
import type { Draft } from './commits.ts'
import type { NewRow, StoredDocument } from './store.ts'

/** Whether anything is said in a document. */
export function hasContent({ vector }: Pick<StoredDocument, 'vector'>): boolean {
  return decodeVector(vector).size > 0
}

/** The row by which a document is left without content; `receipt`: a site that reads it logs the document anew. */
export function withdrawnRow({ head }: Pick<StoredDocument, 'head'>, receipt: boolean): NewRow {
  const { collection, key, generation, erased, facts } = head
  return {
    collection: collectionNumber(collection),
    key,
    generation,
    erased,
    facts,
    update: emptyUpdate,
    vector: emptyVector,
    origin: null,
    receipt,
    mode: 'withdraw',
  }
}

/** The receipt for a peer's row whose content was not taken. What is held of the document stays until it is withdrawn. */
export function refusedReceipt(collection: Collection, row: WireRow, held: StoredDocument | undefined): NewRow {
  const receipt = withdrawnRow(held ?? { head: { ...row, collection } }, true)
  return held && hasContent(held) ? { ...receipt, vector: held.vector, mode: 'add' } : receipt
}

/**
 * Whether a row, by the facts that it brings, ends that its document passes, now or by what was `chosen` here: then its
 * facts go to the peer, alone. A portal that narrows what was chosen may have had the document before, and may widen it
 * again. An erasure passes anyway.
 */
export function ceases(row: NewRow, held: StoredDocument | undefined, passes: Passes, chosen: Passes): boolean {
  if (!held || row.facts === held.head.facts || row.erased > held.head.erased) return false
  const { collection, facts } = held.head
  if (passes(collection, row.facts)) return false
  return passes(collection, facts) || (chosen(collection, facts) && !chosen(collection, row.facts))
}

/**
 * Whether a row of a peer is the first that is known of a document of one's own, which does not pass: this replica was put
 * back, and has lost that it said so.
 */
export function isKnownWithheld(row: NewRow, held: StoredDocument | undefined, passes: Passes): boolean {
  const collection = collectionOf(row.collection)!
  return !held && row.erased === 0 && !passes(collection, row.facts) && passes(collection, row.facts, true)
}

/**
 * The notice for a peer that sends a document as one that passes, while by newer facts here it does not: it has it from
 * elsewhere, and was never told. Where by the settings of now neither passes, it is told as well, if it sends content by
 * older facts: by other settings these may pass.
 */
export function noticeFor(row: WireRow, held: StoredDocument | undefined, passes: Passes): NewRow | undefined {
  if (row.receipt || !held) return undefined
  const { collection, facts } = held.head
  if (passes(collection, facts)) return undefined
  const isOlder = row.facts.at < facts.at && row.update.length > emptyUpdate.length && passes(collection, facts, true)
  if (!passes(collection, row.facts) && !isOlder) return undefined
  return { ...withdrawnRow(held, true), vector: held.vector, mode: 'add' }
}

/**
 * The row by which a site lets go of a document of another site, with what waits of it: its content is gone here alone,
 * without an erasure, so that all of it may come again (SHARE-3). None where it holds nothing. The document is loaded in
 * the draft.
 */
export async function letGo(draft: Draft, collection: Collection, key: string): Promise<NewRow | undefined> {
  for await (const held of draft.aside.rows(collectionNumber(collection), key)) draft.aside.drop(held)
  const held = draft.document(collection, key)
  return held && hasContent(held) ? withdrawnRow(held, false) : undefined
}

/**
 * As `letGo`, also of what is known of the document's facts, generation and erasure: whatever comes of it stands. None where
 * nothing is known.
 */
export async function forgotten(draft: Draft, collection: Collection, key: string): Promise<NewRow | undefined> {
  const gone = await letGo(draft, collection, key)
  const held = draft.document(collection, key)
  if (!held || (!gone && held.head.generation === 1 && held.head.facts.at === 0)) return undefined
  return { ...withdrawnRow(held, false), generation: 1, erased: 0, facts: { ...held.head.facts, at: 0 } }
}

/**
 * The document of which a peer erased the content, logged anew; undefined where it says nothing or does not pass, and
 * waits until it does. It is loaded in the draft.
 */
export async function passedAgain(
  draft: Draft,
  collection: Collection,
  key: string,
  passes: Passes,
): Promise<NewRow | undefined> {
  const held = draft.document(collection, key)
  if (!held || !hasContent(held) || !passes(collection, held.head.facts)) return undefined
  const update = mergeUpdates(await draft.updates(collection, key))
  return { ...withdrawnRow(held, false), update, vector: held.vector, mode: 'anew' }
}
