/** Rows of a practice's tables as the bridge reads them, whatever their names and values are in the database: words, dates and flags are those of the reference schema. */

/** Columns by their names in the reference schema. */
export type Columns = Readonly<Record<string, string | number | null>>

export type PatientRow = {
  patient_id: number
  last_name: string | null
  first_name: string | null
  middle_name: string | null
  birth_date: string | null
  home_phone: string | null
  cell_phone: string | null
  email: string | null
  /** Of the address, of which nothing else is read. */
  state: string | null
  language: string | null
  text_consent: number | null
  email_consent: number | null
  portal_enabled: number | null
  balance_due_cents: number | null
  survivor_id: number | null
  guarantor_id: number | null
}
/** One patient is a relative of another. */
export type RelationRow = {
  patient_id: number
  related_id: number
}
export type InsuranceRow = {
  patient_id: number
  company: string
  rank: number | null
  member_id: string | null
  group_number: string | null
  holder_name: string | null
}
export type PlanRow = {
  plan_id: number
  patient_id: number
  patient_words: string | null
  plan_status: string | null
  starts_on: string | null
  ends_on: string | null
}
export type StageRow = {
  stage_id: number
  plan_id: number
  position: number
  patient_words: string | null
  completed: number | null
  completed_on: string | null
}
export type EventRow = {
  event_id: number
  patient_id: number | null
  location_id: number | null
  event_type: string | null
  starts_at: string
  minutes: number
  status: string
  last_confirmed_date: string | null
  confirmation_type: string | null
  patient_words: string | null
  /** The series that the row stands for; null where it is one event. */
  recurrence_id: number | null
  /** Of an occurrence the day on which its series has it, `YYYY-MM-DD`; empty for an event that does not recur. */
  original_on: string
}
/** How often a series comes. */
export type RecurrenceRow = {
  recurrence_id: number
  /** A recurrence rule of RFC 5545; null where it is none that is understood. */
  pattern: string | null
  starts_on: string | null
  ends_on: string | null
}
/** What one occurrence of a series has otherwise; null: as the series has it. */
export type OccurrenceRow = {
  occurrence_id: number
  event_id: number
  original_on: string
  starts_at: string | null
  minutes: number | null
  status: string | null
  /** 1: staff took it out of the series. */
  removed: number | null
  last_confirmed_date: string | null
  confirmation_type: string | null
}
export type PracticeRow = {
  practice_name: string
  time_zone: string
  phone: string | null
  address: string | null
}
export type LocationRow = {
  location_id: number
  name: string
  time_zone: string
  address: string | null
  phone: string | null
}
/** What is written into Communications. */
export type CommunicationRow = {
  patient_id: number
  event_id: number | null
  channel: string
  direction: 'in' | 'out'
  at_utc: string
  subject: string
  body: string
  state: string
  initials: string
  external_id: string
}

/** One change in the feed: which row, and what of it is needed besides the row itself. */
export interface AuditRow {
  readonly audit_id: number
  readonly checkpoint: string
  readonly at_utc: string
  /** The table by its name here; another's as the database has it. */
  readonly table_name: string
  readonly row_id: string
  readonly change: 'added' | 'modified' | 'deleted'
  /** Whose change it was; left out where the feed does not say. */
  readonly initials?: string | null
  readonly before: Kept
  readonly after: Kept
}
/** An audit row without its contents: what lies ahead in the feed. */
export type AuditMark = Pick<AuditRow, 'audit_id' | 'table_name' | 'row_id' | 'change'>
/** Fields of a row before or after a change. */
export type Kept = Readonly<Record<string, unknown>>

/** The tables into which the agent writes records. */
export type RecordTable = 'patients' | 'plans' | 'stages' | 'events'
/** A row of the practice that the agent changed, or removed, itself. */
export interface OwnRow {
  readonly table: RecordTable | 'occurrences' | 'deposits'
  readonly id: number
}
/** The agent's mark on what it changed itself. */
export interface OwnMark {
  readonly checkpoint: string
  readonly station: string
}
