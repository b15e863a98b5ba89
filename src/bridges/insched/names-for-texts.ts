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
  /** The event types, as staff call them where the mapping says how, else in words for patients, else by their key. */
  readonly types: readonly { readonly type: string; readonly name: string }[]
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
  const typesOf = async (): Promise<NamesForTexts['types']> => {
    const types = tables.event_types
    if (types.table === undefined) return []
    const own = stays.find((one) => one.table === types.table)?.column
    const ours = sql`${own === undefined ? sql.lit(null) : sql.ref(`t.${own}`)}`.as('own name')
    const rows = await db.selectFrom(`${types.table} as t`).select([...types.selection('t', ['event_type', 'patient_words']), ours]).execute() // prettier-ignore
    const said = rows.flatMap((row) => {
      const { event_type: type, patient_words: words, 'own name': name } = types.read(row)
      return typeof type === 'string' ? [{ type, name: named([name, words, type])[0]! }] : []
    })
    return said.toSorted((one, other) => (one.name < other.name ? -1 : 1))
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
  return { care: [...new Set(care)], first: [...new Set(await mapped('patients', 'first_name'))], types: await typesOf() } // prettier-ignore
} // prettier-ignore
