/**
 * Which fields of the records may leave a site, and how sensitive each is; for the bridge that writes them and for the
 * pages that show the choice. What is not named here never leaves: Special Issues, Alert Notes, resources, procedure
 * codes and interest level have no name. A stage's fields stand for `stage/<id>/<field>` of its plan. What was said as an
 * entry while its fields left stays said: it goes with its collection, never by field.
 */
import type { EventFields, PatientFields, PlanFields, PracticeFields, StageFields } from '../replica/kinds/fields.ts'

import type { Edit, Erasure, FactsChange } from '../replica/replica-face.ts'

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
  zones: 'identity',
  textConsent: 'control',
  emailConsent: 'control',
  portalEnabled: 'control',
  balanceDueCents: 'money',
  survivor: 'control',
  guarantor: 'identity',
  relatives: 'identity',
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
  type: 'care',
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
export type FieldGroup = keyof typeof leavingFields

/**
 * Fields that leave wherever their record does, and why: without them what leaves would be of no use, or of the wrong
 * person. Fields of the class `control` are among them always.
 */
const needed = {
  practice: {
    siteName: 'pages name the site by it',
    practiceName: 'pages, texts and emails name the practice by it',
    zone: 'times are shown by it',
  },
  patients: {
    firstName: 'it tells one person from another where InSched uses a number again (DOM-17)',
    lastName: 'it tells one person from another where InSched uses a number again (DOM-17)',
    birthDate: 'an invitation is accepted by it, and it tells one person from another (DOM-17)',
    zones: 'no text may go out where it is night at the patient’s address',
  },
  plans: {},
  stages: { position: 'stages are in order by it' },
  events: {
    startsAt: 'a confirmation answers one start (DOM-3)',
    location: 'the start is wall clock of the location (DOM-14)',
    status: 'an event that is canceled must not be confirmed (DOM-4)',
  },
} as const satisfies { readonly [G in FieldGroup]: Readonly<Record<string, string>> }
export type NeededField = { [G in FieldGroup]: keyof (typeof needed)[G] }[FieldGroup]

/** Why a field cannot be withheld; undefined where it can be. */
export function whyNeeded(group: FieldGroup, field: string): string | undefined {
  if ((leavingFields[group] as Readonly<Record<string, Sensitivity>>)[field] === 'control')
    return 'without it what may be done and shown would not be known'
  return (needed[group] as Readonly<Record<string, string>>)[field]
}

/** The fields of a group that may be withheld. */
export function choosable(group: FieldGroup): string[] {
  return Object.keys(leavingFields[group]).filter((field) => whyNeeded(group, field) === undefined)
}

export type Withheld = Readonly<Record<FieldGroup, readonly string[]>>

/** Whether a field of a record, as it is named there, is among the withheld ones. */
export function isWithheld(withheld: Withheld, collection: string, field: string): boolean {
  if (!Object.hasOwn(leavingFields, collection)) return false
  const stage = collection === 'plans' ? /^stage\/.*\/([^/]+)$/.exec(field)?.[1] : undefined
  return stage === undefined ? withheld[collection as FieldGroup].includes(field) : withheld.stages.includes(stage)
}

const confirmedFields = ['lastConfirmed', 'confirmationType'] as const

/** Whether an edit says what staff wrote into the fields of an event: an answer that comes with its being written (DOM-3). */
function saysFieldsOfEvent(edit: Edit & { readonly add: object }): boolean {
  const kinds = edit.collection === 'confirmations' ? Object.values(edit.add).map(({ kind }) => kind) : []
  return kinds.includes('answered') && kinds.includes('written')
}

/** An edit without the fields that do not leave, also where they would leave as a confirmation by the front desk. */
export function onlyLeaving<E extends Edit | Erasure | FactsChange>(edit: E, withheld: Withheld): E {
  if ('add' in edit) return saysFieldsOfEvent(edit) && confirmedFields.some((field) => withheld.events.includes(field)) ? { ...edit, add: {} } : edit // prettier-ignore
  if (!('set' in edit)) return edit
  const { collection, set } = edit
  if (!Object.keys(set).some((field) => isWithheld(withheld, collection, field))) return edit
  const left = Object.entries(set).filter(([field]) => !isWithheld(withheld, collection, field))
  // Without a prototype it is a dictionary from the start, as a plan's fields are.
  return { ...edit, set: Object.assign(Object.create(null) as object, Object.fromEntries(left)) }
}
