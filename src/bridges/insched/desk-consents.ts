/**
 * Consent to text that staff set in InSched: an opt-in of the patient's number, with who set it and when, told from the audit
 * row that turned it to yes. What was yes before the trail was followed is none, nor what the agent wrote itself (DOM-15), nor
 * a yes for a number that has opted out (DOM-20).
 */
import { derivedUlid } from '../../replica/ids.ts'
import type { Edit, Replica } from '../../replica/replica-face.ts'
import { foldConsent } from '../../replica/kinds/consents.ts'
import { optedIn } from '../texts/consent.ts'
import type { Numbers } from './consent-changes.ts'
import type { InSched } from './insched.ts'
import type { AuditRow, PatientRow } from './rows.ts'

/** One yes, as the trail has it. */
export interface DeskConsent {
  readonly patient: number
  /** The audit row: the same however often it is read. */
  readonly audit: string
  /** Milliseconds UTC. */
  readonly at: number
  readonly initials: string | null
}

/** What one audit row says of it; nothing where it turns no consent to yes. */
export function deskConsentIn(row: AuditRow, at: number): DeskConsent[] {
  if (row.table_name !== 'patients' || row.change === 'deleted' || row.after['text_consent'] !== 1) return []
  // Of a row that was seen before consent was kept nothing is known.
  const was = row.before['text_consent']
  if (row.change !== 'added' && (was === undefined || was === 1)) return []
  return [{ patient: Number(row.row_id), audit: `${row.audit_id} ${row.at_utc}`, at, initials: row.initials ?? null }]
}

/** The edits of the opt-ins of patients who are said, for the numbers that they have now: what is held waits (DOM-17). */
export function deskConsents({ insched, replica, site, numberOf }: { readonly insched: InSched; readonly replica: Replica; readonly site: string; readonly numberOf: Numbers['keyOf'] | undefined }) {
  return async (found: readonly DeskConsent[], patients: readonly PatientRow[], said: readonly Edit[]): Promise<Edit[]> => {
    if (found.length === 0 || !numberOf) return []
    const ids = await insched.identities('patients', [...new Set(found.map((one) => one.patient))])
    const edits: Edit[] = []
    for (const one of found) {
      const row = patients.find(({ patient_id }) => patient_id === one.patient)
      const document = ids.find(({ local_id }) => local_id === one.patient)?.document
      const key = row?.text_consent === 1 && row.survivor_id === null ? numberOf(row.cell_phone) : undefined
      if (key === undefined || !said.some((edit) => edit.collection === 'patients' && edit.key === document)) continue
      const consent = foldConsent(await replica.entries('consents', key))
      if (consent.state === 'out') continue
      const by = { role: 'staff' as const, id: site, ...(one.initials ? { initials: one.initials.slice(0, 8) } : {}) }
      edits.push(optedIn(key, consent, { by, how: 'staff', at: one.at }, derivedUlid('consent in InSched', document!, one.audit)))
    }
    return edits
  }
} // prettier-ignore
