/** An audit table as the feed of changes: what was changed, and how the agent marks its own statements. The practice's own through its mapping, or the agent's journal. */
import { sql, type Kysely, type RawBuilder, type SqlBool } from 'kysely'
import type { Db } from './agent-rows.ts'
import { keptFields } from './kept-fields.ts'
import type { MappedTable } from './mapped-table.ts'
import type { PracticeTables } from './practice-tables.ts'
import type { AuditMark, AuditRow, Kept } from './rows.ts'

type RawAudit = Record<keyof Omit<AuditRow, 'before' | 'after'>, never> & { before_json: string | null; after_json: string | null } // prettier-ignore
const marks = ['audit_id', 'table_name', 'row_id', 'change']

/** How tables and columns are called in an audit table. */
export interface AuditNames {
  ours(table: string): string
  theirs(table: string): string
  /** The column of a field in the rows before and after; undefined where there is none. */
  column(table: string, field: string): string | undefined
  /** A value of that column, as on our side. */
  value(table: string, field: string, theirs: unknown): unknown
}
/** In the agent's own journal everything has its name on our side. */
export const ownNames: AuditNames = { ours: (table) => table, theirs: (table) => table, column: (_, field) => field, value: (_, __, value) => value } // prettier-ignore

/** The names that a mapping gives, as the practice's triggers write them: without a schema. */
export function mappedNames(tables: PracticeTables): AuditNames {
  const bare = (table: string): string => table.split('.').at(-1)!
  const named = Object.values(tables).flatMap((one) => (one.table === undefined ? [] : [[bare(one.table), one.of] as const])) // prettier-ignore
  const [ours, theirs] = [new Map<string, string>(named), new Map(named.map(([table, own]) => [own as string, table]))]
  return {
    ours: (table) => ours.get(bare(table)) ?? table,
    theirs: (table) => theirs.get(table) ?? table,
    column(table, field) {
      const mapped = tables[table as keyof PracticeTables]
      return mapped.has(field) ? mapped.column(field) : undefined
    },
    value(table, field, theirs) {
      return tables[table as keyof PracticeTables].read({ [field]: theirs })[field]
    },
  }
}

export type AuditReads = ReturnType<typeof auditReads>

export function auditReads(handle: Db, audit: MappedTable, names: AuditNames) {
  const db = handle as unknown as Kysely<Record<string, Record<string, unknown>>>
  const ref = (field: string): RawBuilder<unknown> => sql.ref(`t.${audit.column(field)}`)
  const id = ref('audit_id')
  const rows = (columns?: readonly string[]) => db.selectFrom(`${audit.table!} as t`).select(audit.selection('t', columns)) // prettier-ignore
  const written = (change: string): unknown => audit.values({ change })[audit.column('change')]
  const kept = (table: string, text: string | null): Kept => {
    const fields = keptFields[table as keyof typeof keptFields] as readonly string[] | undefined
    if (!fields || text === null) return {}
    const row = JSON.parse(text) as Record<string, unknown>
    return Object.fromEntries(
      fields.map((field) => [field, names.value(table, field, row[names.column(table, field) ?? ''])]),
    )
  }

  return {
    lastAuditId: async (): Promise<number> => {
      const { rows: found } = await sql<{ last: number | null }>`select max(${id}) as last from ${sql.table(audit.table!)} t`.execute(db) // prettier-ignore
      return found[0]!.last ?? 0
    },
    /** Audit rows in the order of their ids; `but` leaves out some. */
    auditAfter: async (
      after: number,
      limit: number,
      but?: (id: RawBuilder<unknown>) => RawBuilder<SqlBool>,
    ): Promise<AuditRow[]> => {
      let query = rows().where(sql<SqlBool>`${id} > ${after}`)
      if (but) query = query.where(but(id))
      return (await query.orderBy(id).limit(limit).execute()).map((raw) => {
        const { before_json, after_json, ...row } = audit.read(raw) as RawAudit
        const table_name = names.ours(row.table_name)
        return { ...row, table_name, before: kept(table_name, before_json), after: kept(table_name, after_json) }
      })
    },
    /** Beyond `after`: which rows were deleted, and which patients were modified. */
    auditMarksAfter: async (after: number): Promise<AuditMark[]> => {
      const patients = sql`(${ref('change')} = ${written('modified')} and ${ref('table_name')} = ${names.theirs('patients')})`
      const query = rows(marks).where(sql<SqlBool>`${id} > ${after}`).where(sql<SqlBool>`(${ref('change')} = ${written('deleted')} or ${patients})`) // prettier-ignore
      return (await query.orderBy(id).execute()).map((raw) => {
        const mark = audit.read(raw) as unknown as AuditMark
        return { ...mark, table_name: names.ours(mark.table_name) }
      })
    },
    /** An audit row as it stands, by which the place in the trail is known again; undefined where it is gone. */
    auditRow: async (at: number): Promise<unknown> =>
      rows()
        .where(sql<SqlBool>`${id} = ${at}`)
        .executeTakeFirst(),
  }
}

/** Marks the audit rows of the agent's own statements (DOM-15). */
export async function stampAudit(
  handle: Db,
  audit: MappedTable,
  after: number,
  mark: { checkpoint: string; station: string },
): Promise<void> {
  // prettier-ignore
  const db = handle as unknown as Kysely<Record<string, Record<string, unknown>>>
  const set = audit.values({ ...mark, initials: 'PC' })
  await db.updateTable(audit.table!).set(set).where(sql<SqlBool>`${sql.ref(audit.column('audit_id'))} > ${after}`).execute() // prettier-ignore
}
