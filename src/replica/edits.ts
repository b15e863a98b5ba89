/**
 * From an edit of this replica to the row that says it: only what changes is written, facts keep their time while they
 * stay the same, and a document that begins to pass to the peers is logged anew as a whole (rule 10).
 */
import * as v from 'valibot'
import { collectionNumber, type Collection, type Facts } from './collections.ts'
import type { Draft } from './commits.ts'
import { emptyUpdate, mergeUpdates, openDocument, writeEntries, writeRecord, type Writer } from './document.ts'
import type { Json } from './json.ts'
import { accessSchema } from './kinds/access.ts'
import { confirmationSchema } from './kinds/confirmations.ts'
import { messageSchema } from './kinds/messages.ts'
import { requestSchema } from './kinds/requests.ts'
import { reviewSchema } from './kinds/reviews.ts'
import type { Edit, Kinds } from './replica-face.ts'
import type { NewRow } from './store.ts'

/** The schema of each known kind, by collection. */
export const schemas: { readonly [C in keyof Kinds]: v.GenericSchema<unknown, Kinds[C]> } = {
  access: accessSchema,
  confirmations: confirmationSchema,
  requests: requestSchema,
  messages: messageSchema,
  reviews: reviewSchema,
}

const noFacts: Facts = { patient: null, site: null, shown: false, reachable: false, startsAt: null, at: 0 }

export interface EditContext {
  readonly writer: Writer
  readonly now: number
  readonly passes: (collection: Collection, facts: Facts) => boolean
}

/** Throws a TypeError that names the entry and the field where an entry does not fit its kind. */
export function checkEdit(edit: Edit): void {
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
export async function rowOfEdit(edit: Edit, draft: Draft, context: EditContext): Promise<NewRow | undefined> {
  const { collection, key } = edit
  const held = draft.document(collection, key)
  const updates = held ? await draft.updates(collection, key) : []
  const doc = openDocument(updates)
  const change =
    'set' in edit
      ? writeRecord(doc, context.writer, edit.set, edit.at)
      : writeEntries(doc, context.writer, edit.add as Readonly<Record<string, Json>>)
  const former = held?.head.facts ?? noFacts
  const facts =
    edit.facts && !sameFacts(edit.facts, former) ? { ...edit.facts, at: Math.max(context.now, former.at + 1) } : former
  if (!change && facts === former) return undefined
  const update = change?.update ?? emptyUpdate
  const begins = held !== undefined && !context.passes(collection, former) && context.passes(collection, facts)
  return {
    collection: collectionNumber(collection),
    key,
    generation: held?.head.generation ?? 1,
    facts,
    update: begins ? mergeUpdates([...updates, update]) : update,
    vector: change?.vector ?? held?.vector ?? new Uint8Array([0]),
    origin: null,
    receipt: false,
    mode: begins ? 'anew' : 'add',
  }
}

function sameFacts(a: Omit<Facts, 'at'>, b: Facts): boolean {
  return (
    a.patient === b.patient &&
    a.site === b.site &&
    a.shown === b.shown &&
    a.reachable === b.reachable &&
    a.startsAt === b.startsAt
  )
}
