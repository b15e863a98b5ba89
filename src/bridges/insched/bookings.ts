/**
 * Events that staff book, move, cancel and delete in InSched, from the audit rows that did it: each is told as the row then
 * stood, so a booking that is canceled a second later is told as both. What the agent wrote itself is not among them
 * (DOM-15), nor blocks, which are nobody's, nor series, of which one row stands for many events.
 */
import type { InSched } from './insched.ts'
import type { AuditRow, Kept } from './rows.ts'

/** What was done to an event; one that was canceled and stands again is booked. */
export type Booked = 'booked' | 'moved' | 'cancelled' | 'deleted'
interface Changed {
  readonly what: Booked
  /** The event as it was left, or as it stood when it was deleted. */
  readonly row: Kept
  /** The start that it had, as InSched writes it; null where it is the same, or the event is new. */
  readonly former: string | null
}
/** The same of InSched's event and patient, as one audit row has it. */
export interface BookedInSched extends Changed {
  /** InSched's number of the event, and of the audit row. */
  readonly number: number
  readonly audit: number
  /** Milliseconds UTC. */
  readonly at: number
}
/** The same of a patient's document, with what is the same whenever it is told. */
export interface Booking extends Changed {
  readonly number: number
  readonly at: number
  readonly patient: string
  readonly id: string
}

/** What a change of an event's row does to it, in order; `null`: there is no row. Where it was another patient's, it is deleted there and booked here. */
export function bookingsBetween(was: Kept | null, is: Kept | null): Changed[] {
  if (!isOfPatient(is) || !isOfPatient(was) || was['patient_id'] !== is['patient_id'])
    return [
      ...(isOfPatient(was) ? [{ what: 'deleted' as const, row: was, former: null }] : []),
      ...(isOfPatient(is) && !isCanceled(is) ? [{ what: 'booked' as const, row: is, former: null }] : []),
    ]
  const start = was['starts_at']
  const former = start !== is['starts_at'] && typeof start === 'string' ? start : null
  const what = isCanceled(is) ? (isCanceled(was) ? null : 'cancelled') : isCanceled(was) ? 'booked' : slot.some((field) => was[field] !== is[field]) ? 'moved' : null // prettier-ignore
  return what === null ? [] : [{ what, row: is, former: what === 'moved' ? former : null }]
}

/** What one audit row does to an event; nothing where it does not say how the row stood before. */
export function bookingsIn({ table_name, row_id, change, before, after, audit_id: audit }: AuditRow, at: number): BookedInSched[] {
  if (table_name !== 'events') return []
  // Of a row that was seen before whose it is was kept nothing is known.
  if (change !== 'added' && before['patient_id'] === undefined) return []
  return bookingsBetween(change === 'added' ? null : before, change === 'deleted' ? null : after).map((one) => ({ ...one, number: Number(row_id), audit, at }))
} // prettier-ignore

/** Those of patients that are known here and not held (DOM-17). What goes from a Donor to its Survivor is the same appointment (DOM-10). */
export async function bookingsOf(insched: InSched, found: readonly BookedInSched[]): Promise<Booking[]> {
  if (found.length === 0) return []
  const patients = [...new Set(found.map(({ row }) => Number(row['patient_id'])))]
  const ids = await insched.identities('patients', patients)
  const donors = new Set((await insched.patients(patients)).filter((row) => row.survivor_id !== null).map((row) => row.patient_id)) // prettier-ignore
  const combined = new Set(found.filter(({ what, row }) => what === 'deleted' && donors.has(Number(row['patient_id']))).map(({ audit }) => audit)) // prettier-ignore
  return found.flatMap(({ audit, ...one }) => {
    const identity = ids.find(({ local_id, held }) => local_id === one.row['patient_id'] && held === null)
    if (!identity || combined.has(audit)) return []
    return [{ ...one, patient: identity.document, id: `${one.what} ${one.number} ${audit} ${one.at}` }]
  })
}

const slot = ['starts_at', 'minutes', 'location_id'] as const

function isOfPatient(row: Kept | null): row is Kept {
  return row !== null && typeof row['patient_id'] === 'number' && (row['recurrence_id'] ?? null) === null
}

function isCanceled(row: Kept): boolean {
  return row['status'] === 'Canceled'
}
