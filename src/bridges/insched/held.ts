/**
 * DOM-17: a patient whose name and birth date are both others than the record says may be another person. Nothing of
 * such a patient flows, in either direction, before a person has resolved the review. It is judged by what stands in
 * the row and in the record, so in however many statements the two were changed between two reads, it is one step.
 */
import { derivedUlid } from '../../replica/ids.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Edit, Replica } from '../../replica/replica-face.ts'
import { patientFields } from './documents.ts'
import type { PatientRow } from './rows.ts'
import type { Agreed } from './shared-rows.ts'

/** A document of which nothing is to be said until a review is resolved. */
export interface Hold {
  readonly document: string
  readonly review: string
}

/** The review that must come first where the row may be another person than the record; undefined where it may not. */
export async function anotherPerson(
  replica: Replica,
  row: PatientRow,
  document: string,
  /** What the row is known to have said, where that is not what the record says. */
  agreed?: Agreed,
): Promise<string | undefined> {
  const record = await replica.record('patients', document)
  if (!record) return undefined
  const fields = agreed ? Object.fromEntries(Object.entries(agreed).map(([field, [, , reads]]) => [field, reads])) : record.fields // prettier-ignore
  const times = agreed ? new Map(Object.entries(agreed).map(([field, [, at]]) => [field, at])) : record.times
  const now = patientFields(row)
  const renamed = now.firstName !== fields['firstName'] || now.lastName !== fields['lastName']
  if (!renamed || now.birthDate === fields['birthDate']) return undefined
  // By what the record said of the former person, so that reading again after a crash opens the same review.
  let review = derivedUlid('identity changed', document, String(times.get('firstName')), String(times.get('birthDate')))
  // One that was resolved for the former person is not asked again.
  for (;;) {
    const entries = await replica.entries('reviews', review)
    if (entries.every((entry) => entry.kind !== 'resolved')) return review
    review = derivedUlid('identity changed again', review)
  }
}

/** What staff see of a hold. */
export function holdReview(hold: Hold, localId: number, who: { by: By; site: string; now: number }): Edit {
  return {
    collection: 'reviews',
    key: hold.review,
    facts: { patient: hold.document, site: who.site, shown: false, reachable: false, startsAt: null },
    add: {
      opened: {
        kind: 'opened',
        at: who.now,
        by: who.by,
        about: 'identity changed',
        why: `Name and birth date of patient ${localId} were both changed, so this may be another person. Nothing more of this patient goes to the portal or comes from it.`,
        todo: 'Check the patient in InSched. If it is the same person, resolve this item and everything flows. If not, put the old name and birth date back, add the other person as a new patient; then this ends by itself.',
        patient: hold.document,
      },
    },
  }
}

/** Name or birth date are those of the record again: nothing is to be asked any more. */
export function holdEnds(review: string, who: { by: By; now: number }): Edit {
  const note = 'Name or birth date are what they were, so it is the same person.'
  return {
    collection: 'reviews',
    key: review,
    add: { 'by itself': { kind: 'resolved', at: who.now, by: who.by, note, how: 'by itself' } },
  }
}
