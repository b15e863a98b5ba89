/**
 * The reference InSched database in SQLite: its tables and the triggers that fill its audit trail, whoever makes a
 * change. A trigger cannot know who writes; the agent puts its own checkpoint, station and initials on the rows of its
 * own statements. The agent's own tables (`pc_...`) are not audited.
 */
import type Database from 'better-sqlite3'
import { agentTables } from './agent-tables.ts'

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

const auditTrail = `create table audit_trail(audit_id integer primary key autoincrement, checkpoint text, at_utc text, station text,
  windows_user text, initials text, table_name text, row_id text, change text, before_json text, after_json text)`

/** Creates the reference tables and their indexes, without triggers. */
export function createReferenceTables(db: Database.Database): void {
  db.pragma('journal_mode = DELETE')
  for (const [table, columns] of Object.entries(referenceTables)) db.exec(`create table ${table}(${columns})`)
  db.exec(auditTrail)
  for (const statement of agentTables) db.exec(statement)
  db.exec('create index plans_by_patient on plans(patient_id); create index stages_by_plan on stages(plan_id)')
  db.exec('create index events_by_patient on events(patient_id); create index events_by_start on events(starts_at)')
}

/** Creates the audit triggers: added, modified and deleted for every table of the practice. */
export function createAuditTriggers(db: Database.Database): void {
  for (const table of Object.keys(referenceTables) as ReferenceTable[]) {
    const columns = (db.pragma(`table_info(${table})`) as { name: string; pk: number }[]).map((column) => column.name)
    const json = (row: 'old' | 'new'): string =>
      `json_object(${columns.map((column) => `'${column}', ${row}.${column}`).join(', ')})`
    const key =
      (db.pragma(`table_info(${table})`) as { name: string; pk: number }[]).find((column) => column.pk === 1)?.name ??
      'rowid'
    const trigger = (event: string, change: string, row: 'old' | 'new', before: string, after: string): string => `
      create trigger audit_${table}_${change} after ${event} on ${table} begin
        insert into audit_trail(checkpoint, at_utc, station, windows_user, initials, table_name, row_id, change, before_json, after_json)
        values (lower(hex(randomblob(8))), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), '', '', '', '${table}', ${row}.${key}, '${change}', ${before}, ${after});
      end`
    db.exec(trigger('insert', 'added', 'new', 'null', json('new')))
    db.exec(trigger('update', 'modified', 'new', json('old'), json('new')))
    db.exec(trigger('delete', 'deleted', 'old', json('old'), 'null'))
  }
}
