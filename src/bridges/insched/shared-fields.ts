/**
 * The fields of records that go from one site's InSched into another's, and the columns in which they stand there. Pure.
 * Ids of locations are local to one database and stay there; what an event's type is called for patients names its type.
 */
import type { Json } from '../../replica/json.ts'
import type { FoldedRecord } from '../../replica/records.ts'
import type { BridgedTable } from './agent-rows.ts'
import type { Columns } from './rows.ts'
import type { Agreed } from './shared-rows.ts'

/** The column of each field, by its name in the reference schema. The words of events and who stands for a patient are looked up. */
export const columnsOf = {
  patients: {
    firstName: 'first_name',
    middleName: 'middle_name',
    lastName: 'last_name',
    birthDate: 'birth_date',
    homePhone: 'home_phone',
    cellPhone: 'cell_phone',
    email: 'email',
    language: 'language',
    textConsent: 'text_consent',
    emailConsent: 'email_consent',
    portalEnabled: 'portal_enabled',
    balanceDueCents: 'balance_due_cents',
    survivor: 'survivor_id',
  },
  plans: { words: 'patient_words', status: 'plan_status', startsOn: 'starts_on', endsOn: 'ends_on' },
  events: {
    words: 'event_type',
    startsAt: 'starts_at',
    minutes: 'minutes',
    status: 'status',
    lastConfirmed: 'last_confirmed_date',
    confirmationType: 'confirmation_type',
  },
} as const satisfies Record<BridgedTable, Readonly<Record<string, string>>>

const stageColumns: Readonly<Record<string, string>> = { words: 'patient_words', position: 'position', completed: 'completed', completedOn: 'completed_on' } // prettier-ignore

/** The column of a field; undefined where it is none of its table's, as what a stage says. */
export function columnOf(table: BridgedTable, field: string): string | undefined {
  const columns: Readonly<Record<string, string>> = columnsOf[table]
  return Object.hasOwn(columns, field) ? columns[field] : undefined
}

/** The stage and what of it a field of a plan says; undefined where it says something of the plan. */
export function stageOf(field: string): { readonly stage: string; readonly says: string } | undefined {
  const parts = /^stage\/([^/]+)\/([^/]+)$/.exec(field)
  return parts ? { stage: parts[1]!, says: parts[2]! } : undefined
}

/** Whether a field goes from site to site. */
export function isCopied(table: BridgedTable, field: string): boolean {
  return field === 'deleted' || columnOf(table, field) !== undefined || (table === 'plans' && stageOf(field) !== undefined) // prettier-ignore
}

/** What a stage's row holds, from what the record says of the stage. */
export function stageValues(fields: ReadonlyMap<string, Json>, stage: string): Columns {
  return Object.fromEntries(
    Object.entries(stageColumns).map(([says, column]) => [column, asColumn(fields.get(`stage/${stage}/${says}`) ?? null)]), // prettier-ignore
  )
}

/** A value of a record as a row holds it. */
export function asColumn(value: Json): string | number | null {
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'string' || typeof value === 'number' ? value : null
}

/** All that a record says and the row says for it, as agreed now; what was said here before stays marked so. */
export function agreedNow(record: FoldedRecord, reads: Readonly<Record<string, Json>>, before: Agreed = {}): Agreed {
  return Object.fromEntries(
    [...record.values].map(([field, value]) => {
      const at = record.times.get(field)!
      const saidHere = before[field]?.[3] === true && before[field][1] >= at
      return [field, saidHere ? [value, at, reads[field] ?? null, true] : [value, at, reads[field] ?? null]] as const
    }),
  )
}
