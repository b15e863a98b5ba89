/**
 * The names by which texts are checked where somebody writes them: what the practice calls its procedures, plans and stages,
 * to itself and to patients, which no text may say (DOM-12), and the first names of its patients, for how long a text gets.
 * They are read when they are asked for, and are in no document.
 */
import { sql, type Kysely } from 'kysely'
import type { Db } from './agent-rows.ts'
import type { NamedColumn } from './mapping.ts'
import type { PracticeTables } from './practice-tables.ts'

export interface NamesForTexts {
  readonly care: readonly string[]
  readonly first: readonly string[]
}

type Tables = Kysely<Record<string, Record<string, unknown>>>

/** `stays`: the columns whose words are for staff alone. */
export async function namesForTexts(handle: Db, tables: PracticeTables, stays: readonly NamedColumn[]): Promise<NamesForTexts> {
  const db = handle as unknown as Tables
  const named = (values: readonly unknown[]): string[] =>
    values.flatMap((value) => (typeof value === 'string' && value.trim() !== '' ? [value.trim()] : []))
  const distinct = async (table: string, column: string): Promise<string[]> => {
    const rows = await db.selectFrom(`${table} as t`).select(sql`${sql.ref(`t.${column}`)}`.as('name')).distinct().execute() // prettier-ignore
    return named(rows.map((row) => row['name']))
  }
  const mapped = async (of: 'event_types' | 'plans' | 'stages' | 'patients', field: string): Promise<string[]> => {
    const table = tables[of]
    if (table.table === undefined || !table.has(field)) return []
    const rows = await db.selectFrom(`${table.table} as t`).select(table.selection('t', [field])).distinct().execute()
    return named(rows.map((row) => table.read(row)[field]))
  }
  const care: string[] = []
  for (const table of ['event_types', 'plans', 'stages'] as const) care.push(...(await mapped(table, 'patient_words')))
  for (const { table, column } of stays) care.push(...(await distinct(table, column)))
  return { care: [...new Set(care)], first: [...new Set(await mapped('patients', 'first_name'))] }
} // prettier-ignore
