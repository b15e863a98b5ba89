/**
 * Patients and events that other systems make or change, written into InSched like any other inbound item: one transaction,
 * one checkpoint, once for ever by its effect (DOM-15), and never over a value that nobody had seen when it was decided
 * (DOM-8). A new row is its document from the moment it is there (DOM-17). Where the practice's mapping does not let the
 * agent write records, nothing is written.
 */
import type { Clock } from '../../replica/clock.ts'
import type { Edit, Replica } from '../../replica/replica-face.ts'
import { eventEdit } from './documents.ts'
import type { Reader } from './reader.ts'
import type { Columns, EventRow, PatientRow } from './rows.ts'
import type { WriterParts } from './writer-parts.ts'

export interface RecordWrite {
  /** What it is done under, once for ever. */
  readonly effect: string
  readonly table: 'patients' | 'events'
  readonly document: string
  /** The document of the patient that it is or belongs to. */
  readonly patient: string
  readonly set: Columns
  /** What stood in these columns when it was decided; of a new row nothing. */
  readonly was: Columns
}
/** `held`: it waits until a person has said who the patient is; a sentence: it is not written, and why. */
export type RecordOutcome = 'written' | 'held' | { readonly why: string }

export interface RecordWriteParts extends Omit<WriterParts, 'review' | 'may'> {
  readonly reader: Reader
  readonly replica: Replica
  readonly clock: Clock
}

/** Writes one record. */
export function recordWrites(parts: RecordWriteParts) {
  const { replica, reader, clock, upToDate, apply, isDone, patientRow } = parts

  return async (record: RecordWrite): Promise<RecordOutcome> => {
    const { table, document, effect, set, was } = record
    const outcome = await upToDate(async (change): Promise<{ said: RecordOutcome; edits: readonly Edit[] }> => {
      const only = (said: RecordOutcome) => ({ said, edits: [] })
      const identity = await change.identity(document)
      if ((identity?.held ?? null) !== null) return only('held')
      const owner = await patientRow(change, record.patient)
      if (owner === 'held') return only('held')
      const isNew = identity === undefined
      if (table === 'events' && !owner) return only({ why: 'Its patient is not, or no longer, in InSched.' })
      if (identity && identity.original_on !== '') return only({ why: 'It is one occurrence of a series. Change it in InSched.' }) // prettier-ignore
      if (identity?.gone === 1) return only({ why: 'It was deleted in InSched.' })
      if (!(await isDone(change, effect))) {
        const row = isNew ? undefined : (await change[table]([identity.local_id]))[0]
        const changed = row ? columnsThatChanged(row, set, was) : []
        if (changed.length > 0) return only({ why: `InSched has other values now (${changed.join(', ')}).` })
        await apply(change, effect, async () => {
          if (!isNew) return change.setRecord(table, identity.local_id, set)
          const owned = table === 'events' ? { ...set, patient_id: (owner as PatientRow).patient_id } : set
          await change.addIdentities([
            { document, table_name: table, original_on: '', local_id: await change.addRecord(table, owned) },
          ])
        })
      }
      // The agent does not read its own change back: the record is told here what stands in the row.
      const now = await change.identity(document)
      const row = table === 'events' && now ? (await change.events([now.local_id]))[0] : undefined
      const who = row && owner ? { patient: owner, patientKey: record.patient, key: document } : undefined
      return {
        said: 'written',
        edits: who ? [eventEdit(await reader.context(change), row as EventRow, who, clock.now())] : [],
      }
    })
    if (outcome.edits.length > 0) await replica.change(outcome.edits)
    return outcome.said
  }
}

/** The columns that somebody changed since: what is there is neither what was seen nor what is wanted. */
function columnsThatChanged(row: PatientRow | EventRow, set: Columns, was: Columns): string[] {
  const stands = row as unknown as Columns
  return Object.keys(set).filter((name) => Object.hasOwn(stands, name) && (stands[name] ?? '') !== (was[name] ?? '') && (stands[name] ?? '') !== (set[name] ?? '')) // prettier-ignore
}
