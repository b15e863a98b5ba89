/** The agent's own journal of changes in InSched's database (`pc_changes`), for engines and schemas where no table of the practice can be followed by its ids; and what the agent remembers of its place (`pc_feed`). */
import { sql } from 'kysely'
import type { Db } from './agent-rows.ts'
import { auditReads, ownNames, type AuditReads } from './audit-table.ts'
import type { Engine } from './engine.ts'
import { mappedTable } from './mapped-table.ts'
import { typesOf } from './mapping.ts'
import type { AuditRow } from './rows.ts'

export const journalTables = [
  `create table if not exists pc_changes(audit_id bigint primary key, checkpoint text, at_utc text, table_name text, row_id text,
    change text, before_json text, after_json text)`,
  'create table if not exists pc_feed(name varchar(60) primary key, value text not null)',
]

const columns = ['audit_id', 'checkpoint', 'at_utc', 'table_name', 'row_id', 'change', 'before_json', 'after_json']
const table = mappedTable(
  'audit',
  { table: 'pc_changes', columns: Object.fromEntries(Object.keys(typesOf('audit')).flatMap((one) => (columns.includes(one) ? [[one, one]] : []))) }, // prettier-ignore
  new Map(),
)

export function journalReads(on: Db): AuditReads {
  return auditReads(on, table, ownNames)
}

/** Adds changes in this order. Within a write transaction: the lease makes it the only writer, so ids are in the order of commits. */
export async function addToJournal(
  on: Db,
  engine: Engine,
  changes: readonly Omit<AuditRow, 'audit_id'>[],
): Promise<void> {
  if (changes.length === 0) return
  const last = await journalReads(on).lastAuditId()
  const list = changes.map((row, i) => [last + 1 + i, row.checkpoint, row.at_utc, row.table_name, row.row_id, row.change, JSON.stringify(row.before), JSON.stringify(row.after)]) // prettier-ignore
  await sql`insert into pc_changes(${sql.join(columns.map((one) => sql.ref(one)))})
    select cast(value ->> 0 as bigint), value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
    from ${engine.each(list)}`.execute(on)
}

/** A text that the agent remembers in InSched's database; undefined where there is none. */
export async function remembered(on: Db, name: string): Promise<string | undefined> {
  const { rows } = await sql<{ value: string }>`select value from pc_feed where name = ${name}`.execute(on)
  return rows[0]?.value
}

export async function remember(on: Db, name: string, value: string): Promise<void> {
  await sql`insert into pc_feed(name, value) values (${name}, ${value}) on conflict (name) do update set value = excluded.value`.execute(on) // prettier-ignore
}

export async function forget(on: Db, name: string): Promise<void> {
  await sql`delete from pc_feed where name = ${name}`.execute(on)
}
