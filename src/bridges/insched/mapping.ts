/**
 * The mapping file: which tables and columns of a practice's database hold what the bridge reads and writes, how their
 * values are translated, where changes are seen, and what the agent may write. JSON that a practice can edit. Names and
 * values on our side are those of the reference schema.
 */
import * as v from 'valibot'
import { hasTokens } from './time-pattern.ts'
import { InSchedRefused } from './refused.ts'

/** What a value is on our side: an instant is `YYYY-MM-DDTHH:MM:SS.sssZ`, a clock `YYYY-MM-DDTHH:MM` of the location, a flag 1, 0 or null. */
export type FieldType = 'text' | 'whole' | 'flag' | 'cents' | 'date' | 'clock' | 'instant' | 'rule'

/** The fields of each table; those that end in `!` must be mapped. */
export const fieldsOfTables = {
  practice: { practice_name: 'text!', time_zone: 'text!', phone: 'text', address: 'text' },
  locations: { location_id: 'whole!', name: 'text!', time_zone: 'text!', address: 'text', phone: 'text' },
  event_types: { event_type: 'text!', patient_words: 'text!' },
  patients: {
    patient_id: 'whole!',
    last_name: 'text!',
    first_name: 'text!',
    middle_name: 'text',
    birth_date: 'date!',
    home_phone: 'text',
    cell_phone: 'text',
    email: 'text',
    state: 'text',
    language: 'text',
    text_consent: 'flag',
    email_consent: 'flag',
    portal_enabled: 'flag!',
    balance_due_cents: 'cents',
    survivor_id: 'whole',
    /** Where a practice has a column for it: the site that shares the row with this one. */
    origin: 'text',
    guarantor_id: 'whole',
  },
  relations: { patient_id: 'whole!', related_id: 'whole!' },
  plans: {
    plan_id: 'whole!',
    patient_id: 'whole!',
    patient_words: 'text',
    plan_status: 'text',
    starts_on: 'date',
    ends_on: 'date',
    origin: 'text',
  },
  stages: {
    stage_id: 'whole!',
    plan_id: 'whole!',
    position: 'whole!',
    patient_words: 'text',
    completed: 'flag',
    completed_on: 'date',
  },
  events: {
    event_id: 'whole!',
    patient_id: 'whole!',
    starts_at: 'clock!',
    minutes: 'whole!',
    status: 'text!',
    event_type: 'text',
    location_id: 'whole',
    last_confirmed_date: 'clock',
    confirmation_type: 'text',
    recurrence_id: 'whole',
    origin: 'text',
  },
  /** Mapped only where one event stands for a whole series. */
  recurrences: { recurrence_id: 'whole!', pattern: 'rule!', starts_on: 'date', ends_on: 'date' },
  occurrences: {
    occurrence_id: 'whole!',
    event_id: 'whole!',
    original_on: 'date!',
    starts_at: 'clock',
    minutes: 'whole',
    status: 'text',
    removed: 'flag',
    last_confirmed_date: 'clock',
    confirmation_type: 'text',
  },
  deposits: {
    deposit_id: 'whole!',
    patient_id: 'whole!',
    amount_cents: 'cents!',
    transaction_id: 'text!',
    refunded_cents: 'cents',
    voided_cents: 'cents',
    card_last4: 'text',
    authorization_code: 'text',
    deposited_on: 'date',
    payment_method: 'text',
    description: 'text',
    paid_by: 'text',
    plan_id: 'whole',
  },
  charges: {
    charge_id: 'whole!',
    patient_id: 'whole!',
    amount_cents: 'cents!',
    event_id: 'whole',
    procedure_code: 'text',
    served_on: 'date',
    units: 'whole',
    diagnosis_codes: 'text',
    provider: 'text',
  },
  insurances: { patient_id: 'whole!', company: 'text!', rank: 'whole', member_id: 'text', group_number: 'text', holder_name: 'text' }, // prettier-ignore
  communications: {
    patient_id: 'whole!',
    body: 'text!',
    external_id: 'text!',
    event_id: 'whole',
    channel: 'text',
    direction: 'text',
    at_utc: 'instant',
    subject: 'text',
    state: 'text',
    initials: 'text',
  },
} as const satisfies Record<string, Record<string, FieldType | `${FieldType}!`>>
export type MappedTableName = keyof typeof fieldsOfTables

/** The fields of an audit table. */
const auditFields = {
  audit_id: 'whole!',
  checkpoint: 'text!',
  at_utc: 'instant!',
  table_name: 'text!',
  row_id: 'text!',
  change: 'text!',
  before_json: 'text!',
  after_json: 'text!',
  station: 'text',
  initials: 'text',
} as const satisfies Record<string, FieldType | `${FieldType}!`>

/** Tables that a practice may not have. */
const optionalTables: readonly MappedTableName[] = [
  'locations',
  'event_types',
  'relations',
  'plans',
  'stages',
  'communications',
  'deposits',
  'charges',
  'insurances',
  'recurrences',
  'occurrences',
]
/** Contact details that a patient may ask to change. */
export const contactColumns = ['home_phone', 'cell_phone', 'email', 'language'] as const

/** What a record of another system cannot be without. */
const patientColumns = ['last_name', 'first_name', 'birth_date', 'portal_enabled'] as const
/** What a confirmation of one occurrence cannot be written without. */
const occurrenceColumns = ['event_id', 'original_on', 'last_confirmed_date', 'confirmation_type'] as const
const eventColumns = ['patient_id', 'starts_at', 'minutes', 'status'] as const

const name = v.pipe(v.string(), v.minLength(1))
const plain = v.union([v.string(), v.number(), v.boolean(), v.null()])
const columnSchema = v.union([
  name,
  v.strictObject({
    /** One column, or several that are read as one text with a blank between them. */
    column: v.union([name, v.pipe(v.array(name), v.minLength(1))]),
    /** How a date or a time is written, such as `DD.MM.YYYY HH:mm`; or `unix seconds`. */
    format: v.optional(v.pipe(v.string(), v.check(hasTokens, 'must be made of YYYY, MM, DD, HH, mm and ss, or be "unix seconds"'))), // prettier-ignore
    /** What each value of the column means; a value that is not named means nothing that is known. */
    values: v.optional(v.record(v.string(), plain)),
    /** Where one column holds several: the text between them, and the number of the part, from 1. */
    split: v.optional(name),
    part: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    /** How many cents one unit of the column is: 100 where it holds dollars. */
    cents: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  }),
  /** The same for every row. */
  v.strictObject({ is: plain }),
])
export type ColumnMapping = v.InferOutput<typeof columnSchema>

const columnsSchema = (fields: Record<string, string>) => {
  const entries = Object.entries(fields).map(([field, type]) => [field, type.endsWith('!') ? columnSchema : v.optional(columnSchema)] as const) // prettier-ignore
  return v.strictObject(Object.fromEntries(entries))
}
const tableSchema = (table: MappedTableName) =>
  v.strictObject({
    /** Left out where every field is the same for every row. */
    table: v.optional(name),
    columns: columnsSchema(fieldsOfTables[table]),
    /** The column that the database sets to the time, or to a growing number, whenever it changes a row. */
    stamp: v.optional(name),
  })
const tablesSchema = v.strictObject(
  Object.fromEntries(
    (Object.keys(fieldsOfTables) as MappedTableName[]).map((table) => [
      table,
      optionalTables.includes(table) ? v.optional(tableSchema(table)) : tableSchema(table),
    ]),
  ),
)
const changesSchema = v.variant('seen by', [
  v.strictObject({
    'seen by': v.literal('audit table'),
    table: name,
    columns: columnsSchema(auditFields),
  }),
  v.strictObject({ 'seen by': v.literal('change stamps') }),
  v.strictObject({ 'seen by': v.literal('full compare') }),
])
const mappingSchema = v.strictObject({
  name,
  /** Columns with what staff call procedures, plans and stages: no text to a patient may say it, and nothing else is read of them. */
  'never in texts': v.optional(v.array(v.strictObject({ table: name, column: name })), []),
  tables: tablesSchema,
  changes: changesSchema,
  'may write': v.strictObject({
    confirmations: v.boolean(),
    communications: v.boolean(),
    deposits: v.optional(v.boolean(), false),
    contact: v.array(v.picklist(contactColumns)),
    /** Consent to text, after what the number said. */
    consent: v.optional(v.boolean(), false),
    /** Patients, plans and events that other systems and other sites make or change. */
    records: v.optional(v.boolean(), false),
  }),
})

export interface TableMapping {
  readonly table?: string | undefined
  readonly columns: Readonly<Record<string, ColumnMapping | undefined>>
  readonly stamp?: string | undefined
}
export interface NamedColumn { readonly table: string; readonly column: string } // prettier-ignore
export interface Mapping {
  readonly name: string
  readonly 'never in texts'?: readonly NamedColumn[] | undefined
  readonly tables: Readonly<Partial<Record<MappedTableName, TableMapping>>>
  readonly changes:
    | { readonly 'seen by': 'audit table'; readonly table: string; readonly columns: TableMapping['columns'] }
    | { readonly 'seen by': 'change stamps' | 'full compare' }
  readonly 'may write': {
    readonly confirmations: boolean
    readonly communications: boolean
    readonly deposits?: boolean | undefined
    readonly contact: readonly (typeof contactColumns)[number][]
    readonly consent: boolean
    readonly records: boolean
  }
}
export type FieldTypes = Readonly<Record<string, FieldType>>

/** The types of the fields of a table, or of an audit table. */
export function typesOf(table: MappedTableName | 'audit'): FieldTypes {
  const fields = table === 'audit' ? auditFields : fieldsOfTables[table]
  return Object.fromEntries(Object.entries(fields).map(([field, type]) => [field, type.replace('!', '') as FieldType]))
}

/** The fields of a table that must be mapped. */
export function neededFields(table: MappedTableName): string[] {
  return Object.entries(fieldsOfTables[table]).flatMap(([field, type]) => (type.endsWith('!') ? [field] : []))
}

/** The mapping that a text holds; throws InSchedRefused with every fault of it, each with its place. */
export function parseMapping(text: string, file: string): Mapping {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new InSchedRefused(`${file} is no JSON: ${(cause as Error).message}`, { cause })
  }
  const parsed = v.safeParse(mappingSchema, json)
  if (!parsed.success) {
    const faults = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'the file'}: ${saying(issue)}`)
    throw new InSchedRefused(`${file} is no mapping of an InSched database. ${faults.join(' ')}`)
  }
  const mapping = parsed.output as Mapping
  const faults = contradictions(mapping)
  if (faults.length > 0) throw new InSchedRefused(`${file} contradicts itself. ${faults.join(' ')}`)
  return mapping
}

function saying(issue: v.BaseIssue<unknown>): string {
  if (issue.expected === 'never') return 'there is no such name here.'
  if (issue.received === 'undefined') return 'this is missing.'
  return `${issue.message}.`
}

/** What a schema cannot say. */
function contradictions({ tables, changes, 'may write': may }: Mapping): string[] {
  const faults: string[] = []
  for (const [table, { table: from, columns, stamp }] of Object.entries(tables)) {
    const reads = Object.entries(columns).filter(([, column]) => column !== undefined && !isConstant(column))
    if (from === undefined && reads.length > 0)
      faults.push(`tables.${table} names columns (${reads.map(([field]) => field).join(', ')}) but no table.`)
    if (changes['seen by'] === 'change stamps' && stamp === undefined && from !== undefined && !['communications', 'relations'].includes(table))
      faults.push(`tables.${table} has no stamp, and changes are seen by change stamps.`) // prettier-ignore
  }
  if (tables.recurrences && typeof tables.events!.columns['recurrence_id'] !== 'string')
    faults.push('tables.recurrences are mapped, but events.recurrence_id is not one column as it is.')
  if (tables.occurrences && !tables.recurrences)
    faults.push('tables.occurrences belong to recurrences, and no recurrences are mapped.')
  if (tables.stages && !tables.plans) faults.push('tables.stages belong to plans, and no plans are mapped.')
  const [events, patients] = [tables.events!.columns, tables.patients!.columns]
  if (may.confirmations && !(isWritable(events['last_confirmed_date']) && isWritable(events['confirmation_type'])))
    faults.push('Confirmations may be written, but last_confirmed_date and confirmation_type are not both one column.')
  const single = tables.occurrences?.columns
  if (may.confirmations && single && !occurrenceColumns.every((field) => isWritable(single[field])))
    faults.push(
      `Confirmations may be written, but of occurrences ${occurrenceColumns.join(', ')} are not each one column.`,
    )
  if (may.communications && !tables.communications) faults.push('Communications may be written, but are not mapped.')
  if (may.consent && !isWritable(patients['text_consent']))
    faults.push('Consent may be written, but text_consent is not one column.')
  if (may.records)
    for (const [table, fields] of [
      ['patients', patientColumns],
      ['events', eventColumns],
    ] as const)
      for (const field of fields)
        if (!isWritable(tables[table]!.columns[field]))
          faults.push(`Records may be written, but ${table}.${field} is not one column.`)
  if (may.deposits && !tables.deposits) faults.push('Deposits may be written, but are not mapped.')
  for (const field of may.contact)
    if (!isWritable(patients[field])) faults.push(`${field} may be written, but is not one column.`)
  for (const [table, key] of [
    ['patients', 'patient_id'],
    ['plans', 'plan_id'],
    ['stages', 'stage_id'],
    ['events', 'event_id'],
    ['recurrences', 'recurrence_id'],
    ['occurrences', 'occurrence_id'],
  ] as const)
    // prettier-ignore
    if (tables[table] && typeof tables[table].columns[key] !== 'string')
      faults.push(`${table}.${key} must be one column as it is: it is the key of the table.`)
  return faults
}

export function isConstant(column: ColumnMapping): column is { is: string | number | boolean | null } {
  return typeof column === 'object' && 'is' in column
}

/** Whether a value can be written back to where it is read from. */
function isWritable(column: ColumnMapping | undefined): boolean {
  if (column === undefined || isConstant(column)) return false
  return typeof column === 'string' || (typeof column.column === 'string' && column.split === undefined)
}
