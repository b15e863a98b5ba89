/**
 * From an edit of this replica to the row that says it: only what changes is written, facts keep their time while they
 * stay the same, and a document that begins to pass to the peers is logged anew as a whole (rule 10).
 */
import * as v from 'valibot'
import { collectionNumber, collectionOf, sameFacts, type Collection, type Facts, type Passes } from './collections.ts'
import type { Draft } from './commits.ts'
import {
  decodeVector,
  emptyUpdate,
  emptyVector,
  mergeUpdates,
  writeEntries,
  writeRecord,
  type Change,
  type Writer,
} from './document.ts'
import { erasureOf } from './generations.ts'
import type { Json } from './json.ts'
import { accessSchema } from './kinds/access.ts'
import { communicationSchema } from './kinds/communications.ts'
import { confirmationSchema } from './kinds/confirmations.ts'
import { consentSchema } from './kinds/consents.ts'
import { messageSchema } from './kinds/messages.ts'
import { paymentSchema } from './kinds/payments.ts'
import { requestSchema } from './kinds/requests.ts'
import { reviewSchema } from './kinds/reviews.ts'
import type { Edit, Erasure, FactsChange, Kinds } from './replica-face.ts'
import type { NewRow, StoredDocument } from './store.ts'
import { ceases } from './withdrawal.ts'

/** The schema of each known kind, by collection. */
export const schemas: { readonly [C in keyof Kinds]: v.GenericSchema<unknown, Kinds[C]> } = {
  access: accessSchema,
  consents: consentSchema,
  confirmations: confirmationSchema,
  requests: requestSchema,
  messages: messageSchema,
  communications: communicationSchema,
  payments: paymentSchema,
  reviews: reviewSchema,
}

const noFacts: Facts = { patient: null, site: null, shown: false, reachable: false, startsAt: null, at: 0 }

export interface EditContext {
  readonly writer: Writer
  readonly now: number
  readonly passes: Passes
  /** Whether a document would go to peers by what was chosen here alone. */
  readonly chosen: Passes
  /** Whether a document is to be logged anew with a row. */
  readonly begins: (row: NewRow, held: StoredDocument | undefined) => boolean
}

/** Throws a TypeError that names the entry and the field where an entry does not fit its kind. */
export function checkEdit(edit: Edit | Erasure | FactsChange): void {
  if (!('add' in edit)) return
  for (const [id, value] of Object.entries(edit.add)) {
    const result = v.safeParse(schemas[edit.collection], value)
    if (!result.success) {
      const issue = result.issues[0]
      throw new TypeError(
        `${edit.collection} entry ${id}: ${v.getDotPath(issue) ?? 'value'} is not as its kind demands (expected ${issue.expected ?? 'another value'})`,
      )
    }
  }
}

/** The row of an edit, or none where the document says it already. The document is loaded in the draft. */
export async function rowOfEdit(
  edit: Edit | Erasure | FactsChange,
  draft: Draft,
  context: EditContext,
): Promise<NewRow | undefined> {
  const { collection, key } = edit
  const held = draft.document(collection, key)
  if ('erase' in edit) return held && erasureRow(collection, held, context.now)
  if ('become' in edit && !held) return undefined
  const updates = held ? await draft.updates(collection, key) : []
  const change = 'become' in edit ? undefined : written(updates, edit, context.writer)
  const former = held?.head.facts ?? noFacts
  const asked = 'become' in edit ? edit.become : edit.facts
  const facts = asked && !sameFacts(asked, former) ? { ...asked, at: Math.max(context.now, former.at + 1) } : former
  if (!change && facts === former) return undefined
  const update = change?.update ?? emptyUpdate
  const row: NewRow = {
    collection: collectionNumber(collection),
    key,
    generation: held?.head.generation ?? 1,
    erased: held?.head.erased ?? 0,
    facts,
    update,
    vector: change?.vector ?? held?.vector ?? emptyVector,
    origin: null,
    receipt: false,
    mode: 'add',
  }
  if (context.begins(row, held)) return loggedAnew(row, draft)
  return ceases(row, held, context.passes, context.chosen) ? { ...row, receipt: true } : row
}

/**
 * Whether a document begins to pass to a peer by a row, whoever wrote it (rule 10): to all, or to a new owner, to whom
 * all of it begins to pass, also what was logged long ago. `passedBefore`: what may have gone to peers so far.
 */
export function begins(
  row: NewRow,
  held: StoredDocument | undefined,
  passes: Passes,
  passedBefore: Passes = passes,
): boolean {
  if (row.mode !== 'add' || !held || row.facts === held.head.facts) return false
  const collection = held.head.collection
  const passed = passedBefore(collection, held.head.facts)
  return (!passed && passes(collection, row.facts)) || row.facts.site !== held.head.facts.site
}

/** A row as its whole document anew. */
export async function loggedAnew(row: NewRow, draft: Draft): Promise<NewRow> {
  const updates = await draft.updates(collectionOf(row.collection)!, row.key)
  return { ...row, update: mergeUpdates([...updates, row.update]), mode: 'anew' }
}

function written(updates: readonly Uint8Array[], edit: Edit, writer: Writer): Change | undefined {
  return 'set' in edit
    ? writeRecord(updates, writer, edit.set, edit.at, edit.seen)
    : writeEntries(updates, writer, edit.add as Readonly<Record<string, Json>>)
}

/** The row that erases a document; none where it is erased already. Of its facts only ids stay. */
function erasureRow(collection: Collection, held: StoredDocument, now: number): NewRow | undefined {
  const { key, facts, generation, erased } = held.head
  if (generation === erased && decodeVector(held.vector).size === 0) return undefined
  const gone = { ...facts, shown: false, reachable: false, startsAt: null, at: Math.max(now, facts.at + 1) }
  return {
    collection: collectionNumber(collection),
    key,
    ...erasureOf(held.head),
    facts: gone,
    update: emptyUpdate,
    vector: emptyVector,
    origin: null,
    receipt: false,
    mode: 'replace',
  }
}
