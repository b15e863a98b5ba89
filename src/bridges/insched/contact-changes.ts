/**
 * Contact details that a patient asks to change: a review item with old and new, and, once staff have accepted it, one
 * write into InSched like any other inbound item (DOM-15). Nothing is written that nobody accepted, nor over a value that
 * staff did not see when they did: that becomes a review item again (DOM-8, DOM-16).
 */
import { derivedUlid } from '../../replica/ids.ts'
import type { Entry } from '../../replica/kinds/kind.ts'
import { contactFields, type ContactField, type RequestEntry } from '../../replica/kinds/requests.ts'
import type { DocumentHead, Edit } from '../../replica/replica-face.ts'
import type { PatientRow } from './rows.ts'
import type { WriterParts } from './writer-parts.ts'

type Asked = Entry<Extract<RequestEntry, { kind: 'contact change' }>>

const columnOf = { homePhone: 'home_phone', cellPhone: 'cell_phone', email: 'email', language: 'language' } as const satisfies Record<ContactField, keyof PatientRow> // prettier-ignore
const nameOf: Readonly<Record<ContactField, string>> = { homePhone: 'Home phone', cellPhone: 'Mobile phone', email: 'Email', language: 'Language' } // prettier-ignore

/** What became of the contact changes of one patient's requests. */
export function contactChanges(parts: WriterParts) {
  const { replica, insched, clock, may, upToDate, apply, isDone, patientRow, review } = parts

  const ask = (head: DocumentHead, asked: Asked): Edit =>
    review('contact change', {
      key: derivedUlid('request', asked.id),
      patient: head.key,
      event: null,
      why: `${asked.by.name ?? 'The patient'} asks to change contact details. ${linesOf(asked)}`,
      todo: 'Check it with the patient. Accept it, and it is written into InSched; or refuse it, and the patient is asked to call.',
    })

  const write = async (head: DocumentHead, asked: Asked): Promise<void> => {
    const effect = `contact:${asked.id}`
    const edits = await upToDate(async (change): Promise<Edit[]> => {
      const patient = await patientRow(change, head.facts.patient)
      if (patient === 'held' || (await isDone(change, effect))) return []
      const names = contactFields.filter((name) => asked.fields[name] !== undefined)
      const changed = patient
        ? names.filter((name) => (patient[columnOf[name]] ?? '') !== (asked.was?.[name] ?? ''))
        : names
      const closed = names.filter((name) => !may.contact.includes(columnOf[name]))
      if (closed.length > 0)
        return [
          review('contact change', {
            key: derivedUlid('contact change by hand', asked.id),
            patient: head.key,
            event: null,
            why: `A change of contact details was accepted. The mapping of this InSched database does not let the agent write ${closed.map((name) => nameOf[name]).join(', ')}. Nothing was written. ${linesOf(asked)}`,
            todo: 'Write it into InSched by hand.',
          }),
        ]
      if (!patient || changed.length > 0) {
        return [
          review('contact change', {
            key: derivedUlid('contact change not written', asked.id),
            patient: head.key,
            event: null,
            why: `A change of contact details was accepted, but ${patient ? `${changed.map((name) => nameOf[name]).join(', ')} changed in InSched meanwhile` : 'the patient is not, or no longer, in this InSched database'}. Nothing was written. ${linesOf(asked)}`,
            todo: 'Write into InSched by hand what is right.',
          }),
        ]
      }
      const set = Object.fromEntries(names.map((name) => [name, asked.fields[name] || null]))
      await apply(change, effect, async () => {
        for (const name of names)
          await change.setContact(patient.patient_id, columnOf[name], asked.fields[name] || null)
      })
      const key = (await change.identities('patients', [patient.patient_id]))[0]?.document
      // The agent does not read its own change back: the record is told here.
      return key === undefined ? [] : [{ collection: 'patients', key, set, at: clock.now() }]
    })
    if (edits.length > 0) await replica.change(edits)
  }

  return async (head: DocumentHead, entries: readonly Entry<RequestEntry>[]): Promise<void> => {
    for (const asked of entries) {
      if (asked.kind !== 'contact change' || (await patientRow(insched, head.facts.patient)) === 'held') continue
      await replica.change([ask(head, asked)])
      const says = (kind: 'accepted' | 'refused'): boolean => entries.some((one) => one.kind === kind && one.request === asked.id) // prettier-ignore
      if (says('accepted') && !says('refused') && !(await isDone(insched, `contact:${asked.id}`)))
        await write(head, asked)
    }
  }
}

/** `Mobile phone: 480 555 0100 -> 480 555 0101.` for each field. */
function linesOf({ fields, was }: Asked): string {
  const changes = contactFields.flatMap((name) => (fields[name] === undefined ? [] : [`${nameOf[name]}: ${was?.[name] || 'nothing'} -> ${fields[name] || 'nothing'}`])) // prettier-ignore
  return `${changes.join('; ')}.`
}
