/**
 * What a row that was deleted in InSched leaves behind: it is gone for everybody, and with a patient all that hung on it. What
 * is held (DOM-17) waits, except that a patient who is gone waits for nobody.
 */
import type { Edit, Replica } from '../../replica/replica-face.ts'
import type { Identity } from './agent-rows.ts'
import { goneEdit } from './documents.ts'
import type { Hold } from './held.ts'
import type { InSched } from './insched.ts'
import type { reachEdits } from './reach.ts'
import type { RecordEdits } from './record-edits.ts'
import type { Stretch } from './trail.ts'

/** What a deleted row comes to: edits, the identities that are gone, and holds that begin or end. */
export interface Ended {
  readonly edits: Edit[]
  readonly gone: readonly Identity[]
  readonly holds: readonly (readonly [string, string | null])[]
}

export function deletedRows(parts: {
  readonly insched: InSched
  readonly replica: Replica
  readonly records: RecordEdits
  readonly reach: ReturnType<typeof reachEdits>
  /** Whether a row is of another site, which shares it. */
  readonly isOthers: (document: string) => Promise<boolean>
}) {
  const { insched, replica, records, reach, isOthers } = parts

  /** What a deleted row leaves behind; `before`: it is gone from InSched's side already. */
  return async (
    { table, localId, at }: NonNullable<Stretch['deleted']>,
    holds: readonly Hold[],
    before: boolean,
  ): Promise<Ended> => {
    // Of one id several rows may have been deleted, one after the other: each is gone, and it is the same to say so again.
    if (before && table !== 'patients') {
      const gone = await insched.goneIdentities(table, localId)
      return { edits: gone.map((one) => goneEdit(table, one.document, at)), gone, holds: [] }
    }
    const gone = await (before ? insched.goneIdentities(table, localId) : insched.identities(table, [localId]))
    if (table !== 'patients') {
      const [edits, later]: [Edit[], [string, string][]] = [[], []]
      // Of a series each occurrence is gone.
      for (const { document } of gone) {
        const review = await records.heldThrough(table, document, holds)
        if (review === null) edits.push(goneEdit(table, document, at))
        else later.push([document, review])
      }
      return { edits, gone, holds: later }
    }
    const identity = gone[0]
    if (!identity) return { edits: [], gone, holds: [] }
    const { document } = identity
    // A patient of another site is gone here alone, and does not come again.
    if (await isOthers(document)) return { edits: [], gone, holds: [[document, null]] }
    // Rows of a deleted patient may stay in InSched; the portal shows none of them. A hold ends: nobody can say any more
    // who it is, and what is taken away tells nothing of anybody.
    const review = holds.find((hold) => hold.document === document)?.review ?? identity.held
    const waiting = review === null ? [] : (await insched.heldBy(review)).filter((one) => one.document !== document)
    const hanging = [
      ...(await insched.identities('plans', await insched.plansOfPatients([localId]))),
      ...(await insched.identities('events', await insched.eventsOfPatients([localId]))),
    ]
    const edits = [goneEdit('patients', document, at), ...(await reach.accessEnds(document, at))]
    for (const one of [...waiting, ...hanging]) {
      const former = (await replica.head(one.table_name, one.document))?.facts.patient
      if (former === document) edits.push(goneEdit(one.table_name, one.document, at))
    }
    return { edits, gone, holds: [document, ...waiting.map((one) => one.document)].map((one) => [one, null] as const) }
  }
}
