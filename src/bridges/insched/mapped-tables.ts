/** All tables of a practice through one mapping, and what of them a database lacks. */
import { mappedTable, type MappedTable, type Untranslated } from './mapped-table.ts'
import { fieldsOfTables, type Mapping, type MappedTableName, type NamedColumn } from './mapping.ts'
import type { Db } from './agent-rows.ts'
import type { PracticeTables } from './practice-tables.ts'
import { referenceMapping } from './reference-mapping.ts'

export interface MappedTables {
  /** Columns that are read for one purpose alone. */
  readonly stays: readonly NamedColumn[]
  readonly tables: PracticeTables
  /** The practice's audit table; without a table where changes are seen otherwise. */
  readonly audit: MappedTable
}

export function mappedTables(
  { tables, changes, 'never in texts': stays = [] }: Mapping,
  untranslated: Untranslated,
): MappedTables {
  const names = Object.keys(fieldsOfTables) as MappedTableName[]
  return {
    stays,
    tables: Object.fromEntries(names.map((name) => [name, mappedTable(name, tables[name], untranslated)])) as PracticeTables, // prettier-ignore
    audit: mappedTable('audit', changes['seen by'] === 'audit table' ? changes : undefined, untranslated),
  }
}

/** The tables of a database, each by its name with and without its schema, with the names of its columns. */
export type FoundTables = ReadonlyMap<string, ReadonlySet<string>>

export async function columnsOf(db: Db): Promise<FoundTables> {
  return new Map((await db.introspection.getTables()).flatMap((table) => {
    const columns = new Set(table.columns.map((column) => column.name))
    return [[table.name, columns], [`${table.schema ?? ''}.${table.name}`, columns]] as const
  })) // prettier-ignore
}

/** A mapping for a database that may lack what the reference schema had not from the start: a place for single occurrences. */
export function asIs(mapping: Mapping, found: FoundTables): Mapping {
  if (mapping !== referenceMapping || found.has('occurrences')) return mapping
  const { occurrences: _, ...tables } = mapping.tables
  return { ...mapping, tables }
}

/** The tables and columns that the mapping names and the database does not have, as parts of a sentence. */
export function missingOf(found: FoundTables, { tables, audit, stays }: MappedTables): string[] {
  const wanted = [
    ...[...Object.values(tables), audit].map((one) => ({ table: one.table, named: [...one.columns, ...(one.stamp === undefined ? [] : [one.stamp])] })), // prettier-ignore
    ...stays.map(({ table, column }) => ({ table, named: [column] })),
  ]
  return wanted.flatMap(({ table, named }) => {
    if (table === undefined) return []
    const columns = found.get(table)
    if (!columns) return [`it has no table ${table}`]
    const missing = named.filter((column) => !columns.has(column))
    return missing.length === 0 ? [] : [`its table ${table} has no column ${missing.join(', ')}`]
  })
}
