/**
 * InSched's consent to text follows what is known of the number: opted out is no, for each patient who has it (DOM-9), also
 * one who comes later by an import or by combining; after the patient's own START it is yes again where the STOP had made it
 * no. A yes that staff set after a STOP becomes no again, and a review says why (DOM-20). A no of staff stays.
 */
import { derivedUlid } from '../../replica/ids.ts'
import { foldConsent, type Consent } from '../../replica/kinds/consents.ts'
import type { DocumentHead, Edit } from '../../replica/replica-face.ts'
import type { WriterParts } from './writer-parts.ts'

/** How numbers are known. */
export interface Numbers {
  /** The document in `consents` of a phone number as InSched has it; undefined where it is none. */
  keyOf(phone: string | null): string | undefined
  /** The patients who have the number of such a document now. */
  patientsOf(consent: string): Promise<readonly string[]>
}

/** The handler of a follower of `consents` and `patients`. */
export function consentChanges(
  parts: WriterParts & {
    readonly numbers: Numbers
    /** Says a patient and all that hangs on it as InSched has them: whom consent makes reachable. */
    readonly sayPatient: (localId: number) => Promise<void>
  },
) {
  const { replica, numbers, upToDate, apply, isDone, patientRow, review } = parts
  const effectOf = (entry: string, patient: string): string => `consent:${entry}:${patient}`

  const follow = async (patient: string, key: string, consent: Consent): Promise<void> => {
    // What staff set stands in InSched already.
    if (consent.state === 'unknown' || (consent.state === 'in' && consent.by.how === 'staff')) return
    const record = await replica.record('patients', patient)
    const saidAt = record?.times.get('textConsent') ?? 0
    // First what a person must see: whatever stops between the two, the next walk says it again under the same key.
    if (consent.state === 'out' && record?.values.get('textConsent') === true && saidAt > consent.by.at)
      await replica.change([yesAfter(patient, consent.by.id, saidAt)])
    const row = await upToDate(async (change) => {
      const found = await patientRow(change, patient)
      // A Donor's Survivor may have another number; it is followed by its own record.
      if (!found || found === 'held' || numbers.keyOf(found.cell_phone) !== key) return undefined
      const effect = effectOf(consent.by.id, patient)
      const wanted = consent.state === 'out' ? 0 : 1
      const write = (as: string) => apply(change, as, () => change.setTextConsent(found.patient_id, wanted))
      const done = await isDone(change, effect)
      // A yes that was set again after the STOP was written is an item of its own.
      if (consent.state === 'out' && found.text_consent !== 0) await write(done ? `${effect}:${saidAt}` : effect)
      if (consent.state === 'in' && consent.by.how === 'reply' && !done) {
        const taken = await change.effects(consent.by.ends.map((out) => effectOf(out, patient)))
        if (found.text_consent === null || (found.text_consent === 0 && taken.size > 0)) await write(effect)
      }
      return (await change.patients([found.patient_id]))[0]
    })
    if (!row) return
    // The agent does not read its own change back: record and facts are said here, also where it died before it said so.
    const says = (await replica.record('patients', patient))?.values.get('textConsent') ?? null
    if (says !== (row.text_consent === null ? null : row.text_consent === 1)) await parts.sayPatient(row.patient_id)
  }
  const yesAfter = (patient: string, out: string, at: number): Edit =>
    review('consent after opt-out', {
      key: derivedUlid('consent after opt-out', patient, out, String(at)),
      patient,
      event: null,
      why: 'InSched was set to consent to text, but whoever has the number opted out of texts. It says no again, and nothing is sent.',
      todo: 'Only the patient can opt in again, by texting START from that number.',
    })

  return async (documents: readonly DocumentHead[]): Promise<void> => {
    // Of a practice that nobody has opted out of there is nothing to follow.
    if ((await replica.count('consents')) === 0) return
    for (const { collection, key } of documents) {
      if (collection === 'consents') {
        const consent = foldConsent(await replica.entries('consents', key))
        for (const patient of await numbers.patientsOf(key)) await follow(patient, key, consent)
        continue
      }
      const fields = (await replica.record('patients', key))?.fields
      const number = numbers.keyOf((fields?.['cellPhone'] ?? null) as string | null)
      if (number === undefined || fields?.['deleted'] === true) continue
      await follow(key, number, foldConsent(await replica.entries('consents', number)))
    }
  }
}
