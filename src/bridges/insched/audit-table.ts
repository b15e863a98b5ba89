/** InSched's audit table as the feed of changes, by its mapping: what was changed, and how the agent marks its own statements. */
import { sql, type Kysely, type RawBuilder, type SqlBool } from 'kysely'
import type { Db } from './agent-rows.ts'
import type { MappedTable } from './mapped-table.ts'
import type { PracticeTables } from './practice-tables.ts'
import type { AuditMark, AuditRow, Kept } from './rows.ts'

/** What the trail must know of a row before and after a change: whoever is reached, the plan of a stage, zones. */
export const keptFields = {
  patients: ['portal_enabled', 'text_consent', 'email_consent', 'survivor_id'],
  stages: ['plan_id'],
  locations: ['time_zone'],
  practice: ['time_zone'],
} as const
type KeepingTable = keyof typeof keptFields
type RawAudit = Record<keyof Omit<AuditRow, 'before' | 'after'>, never> & { before_json: string | null; after_json: string | null } // prettier-ignore
const marks = ['audit_id', 'table_name', 'row_id', 'change']

export function auditReads(handle: Db, audit: MappedTable, tables: PracticeTables) {
  const db = handle as unknown as Kysely<Record<string, Record<string, unknown>>>
  const names = new Map(Object.values(tables).flatMap((one) => (one.table === undefined ? [] : [[bare(one.table), one.of] as const]))) // prettier-ignore
  const id = sql.ref(`t.${audit.column('audit_id')}`)
  const rows = (columns?: readonly string[]) => db.selectFrom(`${audit.table!} as t`).select(audit.selection('t', columns)) // prettier-ignore
  const ours = (table: string): string => names.get(bare(table)) ?? table
  const kept = (table: string, text: string | null): Kept => {
    const fields = keptFields[table as KeepingTable] as readonly string[] | undefined
    if (!fields || text === null) return {}
    const row = JSON.parse(text) as Record<string, unknown>
    return Object.fromEntries(fields.flatMap((field) => (tables[table as KeepingTable].has(field) ? [[field, row[tables[table as KeepingTable].column(field)]]] : []))) // prettier-ignore
  }
  const asRow = (raw: Record<string, unknown>): AuditRow => {
    const { before_json, after_json, ...row } = audit.read(raw) as RawAudit
    const table_name = ours(row.table_name)
    return { ...row, table_name, before: kept(table_name, before_json), after: kept(table_name, after_json) }
  }
  const theirs = (table: string): RawBuilder<unknown> => sql`${[...names].find(([, own]) => own === table)?.[0] ?? table}` // prettier-ignore

  return {
    lastAuditId: async (): Promise<number> => {
      const { rows: found } = await sql<{ last: number | null }>`select max(${id}) as last from ${sql.table(audit.table!)} t`.execute(db) // prettier-ignore
      return found[0]!.last ?? 0
    },
    auditAfter: async (after: number, limit: number): Promise<AuditRow[]> =>
      (
        await rows()
          .where(sql<SqlBool>`${id} > ${after}`)
          .orderBy(id)
          .limit(limit)
          .execute()
      ).map(asRow),
    /** Beyond `after`: which rows were deleted, and which patients were modified. */
    auditMarksAfter: async (after: number): Promise<AuditMark[]> => {
      const change = sql.ref(`t.${audit.column('change')}`)
      const deleted = audit.values({ change: 'deleted' })[audit.column('change')]
      const modified = audit.values({ change: 'modified' })[audit.column('change')]
      const found = await rows(marks)
        .where(sql<SqlBool>`${id} > ${after}`)
        .where(
          sql<SqlBool>`(${change} = ${deleted} or (${change} = ${modified} and ${sql.ref(`t.${audit.column('table_name')}`)} = ${theirs('patients')}))`,
        ) // prettier-ignore
        .orderBy(id)
        .execute()
      return found.map((raw) => {
        const mark = audit.read(raw) as AuditMark
        return { ...mark, table_name: ours(mark.table_name) }
      })
    },
    /** An audit row as it stands, by which the place in the trail is known again; undefined where it is gone. */
    auditRow: async (at: number): Promise<unknown> =>
      rows()
        .where(sql<SqlBool>`${id} = ${at}`)
        .executeTakeFirst(),
  }
}

export function auditChanges(handle: Db, audit: MappedTable) {
  const db = handle as unknown as Kysely<Record<string, Record<string, unknown>>>
  return {
    /** Marks the audit rows of the agent's own statements (DOM-15). */
    stamp: async (after: number, checkpoint: string, station: string): Promise<void> =>
      void (await db
        .updateTable(audit.table!)
        .set(audit.values({ checkpoint, station, initials: 'PC' }))
        .where(sql<SqlBool>`${sql.ref(audit.column('audit_id'))} > ${after}`)
        .execute()),
  }
}

/** The name of a table without its schema, as triggers know it. */
function bare(table: string): string {
  return table.split('.').at(-1)!
}
