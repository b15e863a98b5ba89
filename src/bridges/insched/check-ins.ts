/**
 * Check-ins, from the audit rows that made them: a status that was cleared a second later stands in no record, and was there
 * all the same. What the agent wrote itself is not among them (DOM-15), nor what is held (DOM-17).
 */
import type { Edit } from '../../replica/replica-face.ts'
import { isOf, type RowOfEvent } from './desk-confirmations.ts'
import type { InSched } from './insched.ts'
import type { AuditRow, EventRow } from './rows.ts'

/** One check-in, as the trail has it. */
export interface CheckedIn extends RowOfEvent {
  readonly audit: number
  /** Milliseconds UTC. */
  readonly at: number
}
/** One check-in of an event's document. */
export interface CheckIn {
  readonly event: string
  readonly patient: string
  /** The same whenever it is told, and no other's. */
  readonly id: string
  readonly at: number
}

/** What one audit row says of it; nothing where it checks nobody in. */
export function checkInIn(row: AuditRow, at: number): CheckedIn[] {
  const isSingle = row.table_name === 'occurrences'
  if (!(row.table_name === 'events' || isSingle) || row.after['status'] !== 'Checked In') return []
  // Of a row that was seen before statuses were kept nothing is known.
  if (row.change !== 'added' && (row.before['status'] === undefined || row.before['status'] === 'Checked In')) return []
  const startsAt = row.after['starts_at']
  return [
    {
      audit: row.audit_id,
      event: Number(isSingle ? row.after['event_id'] : row.row_id),
      originalOn: isSingle ? (row.after['original_on'] as string) : null,
      startsAt: typeof startsAt === 'string' ? startsAt : null,
      at,
    },
  ]
}

/** The check-ins of the events that are said. */
export async function checkInsOf(insched: InSched, found: readonly CheckedIn[], events: readonly EventRow[], said: readonly Edit[]): Promise<CheckIn[]> {
  if (found.length === 0) return []
  const ids = await insched.identities('events', [...new Set(found.map((one) => one.event))])
  return found.flatMap((one) => {
    const row = events.find((event) => isOf(one, event))
    const identity = row && ids.find(({ local_id, original_on }) => local_id === row.event_id && original_on === row.original_on)
    const edit = said.find((of) => of.collection === 'events' && of.key === identity?.document)
    const patient = edit?.facts?.patient
    return identity && patient ? [{ event: identity.document, patient, id: `${identity.document} ${one.audit} ${one.at}`, at: one.at }] : []
  })
} // prettier-ignore
