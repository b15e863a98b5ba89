/**
 * Tries a mapping on a database, which is only read: what each table and column is taken for, how many values of it can be
 * translated, three patients as the portal would see them, and what is in the way. For the person who writes the mapping.
 */
import { Kysely, sql, type SqlBool } from 'kysely'
import type { AgentTables, Db } from './agent-rows.ts'
import { eventEdit, isReachable, patientFields, planEdit, type Context } from './documents.ts'
import { openEngine } from './engines.ts'
import { passing } from './faults.ts'
import type { MappedTable } from './mapped-table.ts'
import { asIs, columnsOf, missingOf, mappedTables } from './mapped-tables.ts'
import { isConstant, neededFields, typesOf, type ColumnMapping, type Mapping, type MappedTableName } from './mapping.ts'
import { practiceReads } from './practice-tables.ts'
import { InSchedRefused } from './refused.ts'
import type { PatientRow } from './rows.ts'

export interface CheckedColumn {
  readonly field: string
  /** What it is taken for, in words. */
  readonly from: string
  /** Values that are there, and those among them that could not be translated. */
  readonly values: number
  readonly untranslated: number
}
export interface CheckedTable {
  readonly name: string
  /** Its table in the database; null where it has none. */
  readonly table: string | null
  readonly rows: number
  readonly columns: readonly CheckedColumn[]
}
export interface Checked {
  readonly database: string
  readonly mapping: string
  readonly tables: readonly CheckedTable[]
  readonly samples: readonly { readonly patient: object; readonly plans: readonly object[]; readonly events: readonly object[] }[] // prettier-ignore
  /** How changes are seen and what may be written, in words. */
  readonly says: readonly string[]
  /** What cannot be mapped, as sentences; none: the mapping fits. */
  readonly problems: readonly string[]
}

const chunk = 2_000
const sampled = 3
const listed = 8

/** Rejects with InSchedRefused and a sentence where the database cannot be read at all. */
export async function checkMapping(url: string, mapping: Mapping): Promise<Checked> {
  const engine = openEngine(url, { readonly: true })
  const db: Db = new Kysely<AgentTables>({ dialect: engine.dialect })
  try {
    const untranslated = new Map<string, number>()
    const found = await columnsOf(db)
    const mapped = mappedTables(asIs(mapping, found), untranslated)
    const missing = missingOf(found, mapped)
    const head = { database: engine.name, mapping: mapping.name, says: saysOf(mapping) }
    if (missing.length > 0)
      return { ...head, tables: [], samples: [], problems: missing.map((what) => `${engine.name}: ${what}.`) }
    const tables: CheckedTable[] = []
    const problems: string[] = []
    for (const one of Object.values(mapped.tables)) {
      const checked = await tableOf(db, one, mapping, untranslated)
      tables.push(checked)
      problems.push(...problemsOf(checked, await unknownValues(db, one, mapping)))
    }
    const reads = practiceReads(db, engine, mapped.tables)
    const samples = await samplesOf(reads)
    if (samples.length === 0) problems.push('No patient can be reached: nobody has the portal enabled, or consents to text or email. Nothing would leave.') // prettier-ignore
    return { ...head, tables, samples, problems }
  } catch (error) {
    const why = passing(error)
    if (why !== undefined) throw new InSchedRefused(`${engine.name}: ${why}. Try again in a moment.`, { cause: error })
    const refusal = engine.refusal(error)
    throw refusal === undefined ? error : new InSchedRefused(refusal, { cause: error })
  } finally {
    await db.destroy()
  }
}

/** All rows of a table, read as the bridge would. */
async function tableOf(
  db: Db,
  table: MappedTable,
  mapping: Mapping,
  untranslated: Map<string, number>,
): Promise<CheckedTable> {
  // prettier-ignore
  const columns = mapping.tables[table.of as MappedTableName]?.columns ?? {}
  const values = new Map<string, number>()
  let rows = 0
  if (table.table !== undefined) {
    const read = (raw: Record<string, unknown>): void => {
      rows++
      for (const [field, value] of Object.entries(raw)) if (value !== null) values.set(field, (values.get(field) ?? 0) + 1) // prettier-ignore
      table.read(raw)
    }
    const from = (db as unknown as Kysely<Record<string, Record<string, unknown>>>).selectFrom(`${table.table} as t`).select(table.selection('t')) // prettier-ignore
    const [key] = Object.keys(typesOf(table.of))
    if (!key!.endsWith('_id') || typeof columns[key!] !== 'string') for (const raw of await from.execute()) read(raw)
    else {
      const column = sql.ref(`t.${table.column(key!)}`)
      for (let after: unknown = -1; after !== undefined;) {
        const found = await from.where(sql<SqlBool>`${column} > ${after}`).orderBy(column).limit(chunk).execute() // prettier-ignore
        after = found.at(-1)?.[key!]
        found.forEach(read)
      }
    }
  }
  return {
    name: table.of,
    table: table.table ?? null,
    rows,
    columns: Object.keys(typesOf(table.of)).map((field) => ({
      field,
      from: inWords(columns[field]),
      values: values.get(field) ?? 0,
      untranslated: untranslated.get(`${table.of}.${field}`) ?? 0,
    })),
  }
}

/** Of columns whose values are listed: those that are there and mean nothing. */
async function unknownValues(db: Db, table: MappedTable, mapping: Mapping): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const [field, column] of Object.entries(mapping.tables[table.of as MappedTableName]?.columns ?? {})) {
    if (table.table === undefined || typeof column !== 'object' || isConstant(column) || column.values === undefined) continue // prettier-ignore
    const { rows } = await sql<{ value: string; rows: number }>`select cast(${table.expression(field, 't')} as text) as value, count(*) as rows
      from ${sql.table(table.table)} t where ${table.expression(field, 't')} is not null group by 1 order by 2 desc`.execute(db) // prettier-ignore
    const unknown = rows.filter(({ value }) => !(value in column.values!))
    if (unknown.length > 0) found.set(field, unknown.slice(0, listed).map(({ value, rows }) => `“${value}” (${rows} rows)`).join(', ')) // prettier-ignore
  }
  return found
}

function problemsOf({ name, table, rows, columns }: CheckedTable, unknown: ReadonlyMap<string, string>): string[] {
  if (table === null) return []
  const problems = columns.flatMap(({ field, from, values, untranslated }) => {
    const where = `${name}.${field} (${from})`
    const listed = unknown.get(field)
    if (listed !== undefined) return [`${where}: the mapping says nothing of the value ${listed}.`]
    if (untranslated > 0)
      return [`${where}: ${untranslated} of ${values} values are not what the mapping says. They read as nothing.`]
    if (rows > 0 && values < rows && neededFields(name as MappedTableName).includes(field) && field !== 'patient_id')
      return [`${where}: ${rows - values} of ${rows} rows have none, and it is needed.`]
    return []
  })
  // A practice may have said, insured and been paid nothing yet.
  const mayBeEmpty = ['communications', 'deposits', 'charges', 'insurances', 'recurrences', 'occurrences'].includes(
    name,
  )
  return rows === 0 && !mayBeEmpty ? [...problems, `${name} (${table}): there is no row.`] : problems
}

async function samplesOf(reads: ReturnType<typeof practiceReads>): Promise<Checked['samples']> {
  const practice = await reads.practice()
  if (!practice) return []
  const locations = await reads.locations()
  const context: Context = { site: '', zone: practice.time_zone, zones: new Map(locations.map((one) => [one.location_id, one.time_zone])) } // prettier-ignore
  const found: PatientRow[] = []
  for (
    let rows = await reads.patientsAfter(-1, chunk);
    rows.length > 0 && found.length < sampled;
    rows = await reads.patientsAfter(rows.at(-1)!.patient_id, chunk)
  )
    // prettier-ignore
    found.push(...rows.filter(isReachable).slice(0, sampled - found.length))
  return Promise.all(
    found.map(async (patient) => {
      const who = { patient, patientKey: '', key: '' }
      const plans = await reads.plans(await reads.plansOfPatients([patient.patient_id]))
      const stages = await reads.stagesOf(plans.map((plan) => plan.plan_id))
      const events = await reads.events((await reads.eventsOfPatients([patient.patient_id])).slice(0, listed))
      const setOf = (edit: object): object => ({ ...(edit as { set?: object }).set })
      return {
        patient: patientFields(patient),
        plans: plans.map((plan) => setOf(planEdit(context, plan, stages.filter((one) => one.plan_id === plan.plan_id), {}, who, 0))), // prettier-ignore
        events: events.map((event) => setOf(eventEdit(context, event, who, 0))),
      }
    }),
  )
}

/** What a column is taken for. */
function inWords(column: ColumnMapping | undefined): string {
  if (column === undefined) return 'not in this database'
  if (typeof column === 'string') return column
  if (isConstant(column)) return `always ${JSON.stringify(column.is)}`
  const parts = [Array.isArray(column.column) ? column.column.join(' and ') : column.column]
  if (column.split !== undefined) parts.push(`part ${column.part ?? 1} between “${column.split}”`)
  if (column.format !== undefined) parts.push(`written ${column.format}`)
  if (column.values !== undefined) parts.push(`${Object.keys(column.values).length} values translated`)
  if (column.cents !== undefined) parts.push(`times ${column.cents}`)
  return parts.join(', ')
}

function saysOf({ changes, 'may write': may }: Mapping): string[] {
  const seen = {
    'audit table': 'Changes are seen in the audit table.',
    'change stamps': 'Changes are seen by the stamp of each row, and every five minutes by comparing all rows.',
    'full compare': 'Changes are seen by comparing all rows, at most every 30 seconds. Each look reads all of them.',
  }
  const writes = [
    ...(may.confirmations ? ['confirmations'] : []),
    ...(may.communications ? ['communications'] : []),
    ...(may.contact.length > 0 ? [`contact details that staff accepted (${may.contact.join(', ')})`] : []),
    ...(may.consent ? ['consent to text after STOP or START'] : []),
  ]
  return [seen[changes['seen by']], writes.length > 0 ? `The agent may write ${writes.join(', ')}.` : 'The agent may write nothing but its own tables.'] // prettier-ignore
}
