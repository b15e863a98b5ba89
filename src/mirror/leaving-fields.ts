/**
 * Which fields of the records may leave a site, and how sensitive each is; for the bridge that writes them and for the
 * pages that show the choice. What is not named here never leaves: Special Issues, Alert Notes, resources, procedure
 * codes and interest level have no name. A stage's fields stand for `stage/<id>/<field>` of its plan.
 */
import type { EventFields, PatientFields, PlanFields, PracticeFields, StageFields } from '../replica/kinds/fields.ts'

/** `public`: about the practice. `identity`: tells who or where to reach. `care`: treatment. `money`. `control`: rules. */
export type Sensitivity = 'public' | 'identity' | 'care' | 'money' | 'control'

type Classified<Fields> = { readonly [F in keyof Fields]-?: Sensitivity }

const practice: Classified<PracticeFields> = {
  siteName: 'public',
  practiceName: 'public',
  phone: 'public',
  address: 'public',
  zone: 'public',
}
const patients: Classified<PatientFields> = {
  firstName: 'identity',
  middleName: 'identity',
  lastName: 'identity',
  birthDate: 'identity',
  homePhone: 'identity',
  cellPhone: 'identity',
  email: 'identity',
  language: 'identity',
  textConsent: 'control',
  emailConsent: 'control',
  portalEnabled: 'control',
  balanceDueCents: 'money',
  survivor: 'control',
  deleted: 'control',
}
const plans: Classified<PlanFields> = {
  words: 'care',
  status: 'care',
  startsOn: 'care',
  endsOn: 'care',
  deleted: 'control',
}
const stages: Classified<StageFields> = {
  words: 'care',
  position: 'care',
  completed: 'care',
  completedOn: 'care',
  deleted: 'control',
}
const events: Classified<EventFields> = {
  words: 'care',
  startsAt: 'care',
  minutes: 'care',
  location: 'care',
  status: 'care',
  lastConfirmed: 'care',
  confirmationType: 'care',
  deleted: 'control',
}

/** Every field that may leave, by collection; beside `practice` also `location/<id>`, which is public. */
export const leavingFields = { practice, patients, plans, stages, events } as const
