/** What of a change is needed besides which row it was, and by what a row of the trail is known again. */
import { createHash } from 'node:crypto'

/** What the trail must know of a row before and after a change: whoever is reached, the plan of a stage, whose a relation is, zones, when and whose an event is, money. */
export const keptFields = {
  patients: ['portal_enabled', 'text_consent', 'email_consent', 'survivor_id'],
  relations: ['patient_id'],
  stages: ['plan_id'],
  locations: ['time_zone'],
  practice: ['time_zone'],
  occurrences: ['event_id', 'original_on', 'starts_at', 'status', 'last_confirmed_date', 'confirmation_type'],
  events: [
    'patient_id',
    'recurrence_id',
    'starts_at',
    'minutes',
    'location_id',
    'status',
    'last_confirmed_date',
    'confirmation_type',
  ],
  charges: [
    'patient_id',
    'event_id',
    'procedure_code',
    'served_on',
    'amount_cents',
    'units',
    'diagnosis_codes',
    'provider',
  ],
  deposits: [
    'patient_id',
    'amount_cents',
    'refunded_cents',
    'voided_cents',
    'deposited_on',
    'payment_method',
    'transaction_id',
  ],
} as const

/** By this a row of the trail is known again. */
export function hashOfAudit(row: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(row ?? null))
    .digest('hex')
}
