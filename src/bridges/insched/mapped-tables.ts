/** All tables of a practice through one mapping, and what of them a database lacks. */
import { mappedTable, type MappedTable, type Untranslated } from './mapped-table.ts'
import { fieldsOfTables, type Mapping, type MappedTableName } from './mapping.ts'
import type { Db } from './agent-rows.ts'
import type { PracticeTables } from './practice-tables.ts'

export interface MappedTables {
  readonly tables: PracticeTables
  /** The practice's audit table; without a table where changes are seen otherwise. */
  readonly audit: MappedTable
}

export function mappedTables({ tables, changes }: Mapping, untranslated: Untranslated): MappedTables {
  const names = Object.keys(fieldsOfTables) as MappedTableName[]
  return {
    tables: Object.fromEntries(names.map((name) => [name, mappedTable(name, tables[name], untranslated)])) as PracticeTables, // prettier-ignore
    audit: mappedTable('audit', changes['seen by'] === 'audit table' ? changes : undefined, untranslated),
  }
}

/** The tables and columns that the mapping names and the database does not have, as parts of a sentence. */
export async function missingOf(db: Db, { tables, audit }: MappedTables): Promise<string[]> {
  const found = new Map((await db.introspection.getTables()).flatMap((table) => {
    const columns = new Set(table.columns.map((column) => column.name))
    return [[table.name, columns], [`${table.schema ?? ''}.${table.name}`, columns]] as const
  })) // prettier-ignore
  return [...Object.values(tables), audit].flatMap((one) => {
    if (one.table === undefined) return []
    const columns = found.get(one.table)
    if (!columns) return [`it has no table ${one.table}`]
    const named = [...one.columns, ...(one.stamp === undefined ? [] : [one.stamp])]
    const missing = named.filter((column) => !columns.has(column))
    return missing.length === 0 ? [] : [`its table ${one.table} has no column ${missing.join(', ')}`]
  })
}
