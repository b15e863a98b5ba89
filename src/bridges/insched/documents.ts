/**
 * From rows of InSched to edits of documents: which fields leave, and the facts beside them. Pure. Only what
 * `replica/kinds/fields.ts` names is read from a row, so Special Issues and Alert Notes have no way out.
 */
import type { Edit } from '../../replica/replica-face.ts'
import type { Json } from '../../replica/json.ts'
import {
  eventStatuses,
  eventTypeKey,
  type EventFields,
  type LocationValue,
  type PatientFields,
  type PlanFields,
  type PracticeFields,
} from '../../replica/kinds/fields.ts'
import { zonesOfState } from '../texts/address-zones.ts'
import type { BridgedTable } from './agent-rows.ts'
import type { EventRow, LocationRow, PatientRow, PlanRow, PracticeRow, StageRow } from './rows.ts'
import { instantOf } from '../../mirror/wall-clock.ts'

/** What the rows of this site have in common. */
export interface Context {
  readonly site: string
  /** The zone of the site, and of each location by its id. */
  readonly zone: string
  readonly zones: ReadonlyMap<number, string>
}

type FactsSet = NonNullable<Edit['facts']>

export function isReachable(patient: PatientRow): boolean {
  return (
    patient.survivor_id === null &&
    (patient.portal_enabled === 1 || patient.text_consent === 1 || patient.email_consent === 1)
  )
}

/** Facts of what hangs on a patient: shown while the portal is enabled for who stands for the patient (DOM-10) and there is something to show. */
export function factsOf(
  context: Context,
  patient: PatientRow,
  key: string,
  shown: boolean,
  startsAt: number | null = null,
): FactsSet {
  // Whoever stands for somebody is nobody's Donor: a Donor in a circle is reached by nobody.
  const open = patient.portal_enabled === 1 && patient.survivor_id === null
  return { patient: key, site: context.site, shown: open && shown, reachable: isReachable(patient), startsAt }
}

/** Other patients whom a record names, by their keys. */
export interface Named {
  /** The one that it was combined into. */
  readonly survivor: string | null
  readonly guarantor: string | null
  readonly relatives: readonly string[]
}

const alone: Named = { survivor: null, guarantor: null, relatives: [] }

/** What the record says of a patient's row. */
export function patientFields(row: PatientRow, { survivor, guarantor, relatives }: Named = alone): PatientFields {
  return {
    firstName: row.first_name ?? '',
    middleName: text(row.middle_name),
    lastName: row.last_name ?? '',
    birthDate: text(row.birth_date),
    homePhone: text(row.home_phone),
    cellPhone: text(row.cell_phone),
    email: text(row.email),
    language: text(row.language),
    zones: zonesOfState(row.state).join(' ') || null,
    textConsent: consent(row.text_consent),
    emailConsent: consent(row.email_consent),
    portalEnabled: row.portal_enabled === 1,
    balanceDueCents: row.balance_due_cents,
    survivor,
    guarantor,
    relatives,
    deleted: false,
  }
}

/** The edit of a patient; `stands`: the row that stands for it. A Donor is not shown, and as reachable as its Survivor, so that the portal hears of it. */
export function patientEdit(
  context: Context,
  row: PatientRow,
  who: Named & { key: string; stands: PatientRow | undefined },
  at: number,
): Edit {
  const set = json(patientFields(row, who))
  const facts = factsOf(context, who.stands ?? row, who.key, row.survivor_id === null)
  return { collection: 'patients', key: who.key, facts, set, at }
}

/**
 * What the record says of a plan with its stages. `held` is what it says so far: a stage that it has and InSched has not is
 * marked deleted, so the stages of the record are those of InSched after each read, whatever the trail said of them.
 * `stageKey`: how the record names a stage.
 */
export function planFields(row: PlanRow, stages: readonly StageRow[], held: Readonly<Record<string, Json>>, stageKey: (local: number) => string): Record<string, Json> {
  const fields: PlanFields = {
    words: text(row.patient_words),
    status: text(row.plan_status),
    startsOn: text(row.starts_on),
    endsOn: text(row.ends_on),
    deleted: false,
  }
  // Without a prototype it is a dictionary from the start: each of these keys is one of its own.
  const set = Object.assign(Object.create(null) as Record<string, Json>, fields)
  for (const stage of stages) {
    const place = `stage/${stageKey(stage.stage_id)}/`
    set[`${place}words`] = text(stage.patient_words)
    set[`${place}position`] = stage.position
    set[`${place}completed`] = stage.completed === 1
    set[`${place}completedOn`] = text(stage.completed_on)
    set[`${place}deleted`] = false
  }
  for (const field of Object.keys(held)) {
    const stage = /^stage\/([^/]+)\//.exec(field)?.[1]
    if (stage !== undefined) set[`stage/${stage}/deleted`] ??= true
  }
  return set
} // prettier-ignore

/** The edit of a plan with its stages; `stageKey`: by default the record names a stage by the id of its row. */
export function planEdit(
  context: Context,
  row: PlanRow,
  stages: readonly StageRow[],
  held: Readonly<Record<string, Json>>,
  who: { patient: PatientRow; patientKey: string; key: string; stageKey?: (local: number) => string },
  at: number,
): Edit {
  const set = planFields(row, stages, held, who.stageKey ?? String)
  const facts = factsOf(context, who.patient, who.patientKey, set['words'] !== null)
  return { collection: 'plans', key: who.key, facts, set, at }
}

export function eventEdit(
  context: Context,
  row: EventRow,
  who: { patient: PatientRow; patientKey: string; key: string },
  at: number,
): Edit {
  const words = text(row.patient_words)
  const fields: EventFields = {
    words,
    type: row.event_type === null ? null : eventTypeKey(context.site, row.event_type),
    startsAt: row.starts_at,
    minutes: row.minutes,
    location: row.location_id === null ? null : String(row.location_id),
    status: eventStatuses.find((status) => status === row.status) ?? 'None',
    lastConfirmed: text(row.last_confirmed_date),
    confirmationType: text(row.confirmation_type),
    deleted: false,
  }
  const startsAt = instantOf(row.starts_at, zoneOf(context, row.location_id))
  return {
    collection: 'events',
    key: who.key,
    facts: factsOf(context, who.patient, who.patientKey, words !== null, startsAt),
    set: json(fields),
    at,
  }
}

export function zoneOf(context: Context, location: number | null): string {
  return (location === null ? undefined : context.zones.get(location)) ?? context.zone
}

export function practiceEdit(
  site: { readonly key: string; readonly name: string },
  practice: PracticeRow,
  locations: readonly LocationRow[],
  at: number,
): Edit {
  const fields: PracticeFields = {
    siteName: site.name,
    practiceName: practice.practice_name,
    phone: text(practice.phone),
    address: text(practice.address),
    zone: practice.time_zone,
  }
  const set: Record<string, Json> = json(fields)
  for (const { location_id, name, time_zone, address, phone } of locations) {
    const value: LocationValue = { name, zone: time_zone, address: text(address), phone: text(phone) }
    set[`location/${location_id}`] = json(value)
  }
  return {
    collection: 'practice',
    key: site.key,
    facts: { patient: null, site: site.key, shown: true, reachable: false, startsAt: null },
    set,
    at,
  }
}

/** What is gone is not shown; whether it can be reached stays as it was, so that the portal hears of it. */
export function goneEdit(collection: BridgedTable, key: string, at: number): Edit {
  return { collection, key, set: { deleted: true }, at }
}

function text(value: string | null): string | null {
  return value === null || value === '' || value.trim() === '' ? null : value
}

// DOM-20: unknown stays unknown.
function consent(value: number | null): boolean | null {
  return value === null ? null : value === 1
}

function json(fields: object): Record<string, Json> {
  return { ...fields } as Record<string, Json>
}
