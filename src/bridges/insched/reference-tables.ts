/** The tables of the reference schema, in the words of SQLite. */

/** Each table of the practice with its columns, the key first. */
export const referenceTables = {
  practice: 'practice_name text, serial_number text, time_zone text, phone text, address text',
  locations: 'location_id integer primary key, name text, time_zone text, address text, phone text',
  event_types: 'event_type text primary key, name text, class text, default_minutes integer, patient_words text',
  patients: `patient_id integer primary key autoincrement, last_name text, first_name text, middle_name text, birth_date text, sex text,
    address1 text, address2 text, city text, state text, zip text, home_phone text, cell_phone text, email text, language text,
    text_consent integer null, email_consent integer null, portal_enabled integer, guarantor_id integer null, special_issues text,
    balance_due_cents integer, survivor_id integer null`,
  relations: 'patient_id integer, related_id integer, relation text',
  plans: `plan_id integer primary key autoincrement, patient_id integer, plan_type text, patient_words text, plan_status text, starts_on text,
    ends_on text, next_appointment_on text, procedure_on text, interest_level text`,
  stages: `stage_id integer primary key autoincrement, plan_id integer, position integer, name text, patient_words text, completed integer,
    completed_on text`,
  recurrences: 'recurrence_id integer primary key autoincrement, pattern text, starts_on text, ends_on text null',
  events: `event_id integer primary key autoincrement, event_type text, patient_id integer null, plan_id integer null, location_id integer null,
    starts_at text, minutes integer, resources text, status text, last_confirmed_date text null, confirmation_type text null,
    recurrence_id integer null, alert_notes text`,
  occurrences: `occurrence_id integer primary key autoincrement, event_id integer, original_on text, starts_at text null, minutes integer null,
    status text null, removed integer null, last_confirmed_date text null, confirmation_type text null`,
  charges: `charge_id integer primary key autoincrement, patient_id integer, event_id integer null, plan_id integer null, procedure_code text,
    served_on text, amount_cents integer, units integer, diagnosis_codes text, provider text`,
  insurances: `insurance_id integer primary key autoincrement, patient_id integer, rank integer, company text, member_id text,
    group_number text, holder_name text`,
  deposits: `deposit_id integer primary key autoincrement, patient_id integer, plan_id integer null, deposited_on text, amount_cents integer,
    refunded_cents integer, voided_cents integer, card_last4 text, authorization_code text, transaction_id text unique,
    payment_method text, description text, paid_by text`,
  communications: `communication_id integer primary key autoincrement, patient_id integer, event_id integer null, channel text, direction text,
    at_utc text, subject text, body text, state text, initials text, external_id text unique`,
} as const
export type ReferenceTable = keyof typeof referenceTables
