/**
 * The reference InSched database in SQLite: its tables and the triggers that fill its audit trail, whoever makes a
 * change. A trigger cannot know who writes; the agent puts its own checkpoint, station and initials on the rows of its
 * own statements. The agent's own tables (`pc_...`) are not audited.
 */
import type Database from 'better-sqlite3'
import { agentTables } from './agent-tables.ts'
import { referenceTables, type ReferenceTable } from './reference-tables.ts'

const auditTrail = `create table audit_trail(audit_id integer primary key autoincrement, checkpoint text, at_utc text, station text,
  windows_user text, initials text, table_name text, row_id text, change text, before_json text, after_json text)`

/** Creates the reference tables and their indexes, without triggers. */
export function createReferenceTables(db: Database.Database): void {
  db.pragma('journal_mode = DELETE')
  for (const [table, columns] of Object.entries(referenceTables)) db.exec(`create table ${table}(${columns})`)
  db.exec(auditTrail)
  for (const statement of agentTables) db.exec(statement)
  db.exec('create index plans_by_patient on plans(patient_id); create index stages_by_plan on stages(plan_id)')
  db.exec('create index events_by_patient on events(patient_id); create index events_by_start on events(starts_at)')
  db.exec('create index events_by_recurrence on events(recurrence_id); create unique index occurrences_by_event on occurrences(event_id, original_on)') // prettier-ignore
}

/** Creates the audit triggers: added, modified and deleted for every table of the practice. */
export function createAuditTriggers(db: Database.Database): void {
  for (const table of Object.keys(referenceTables) as ReferenceTable[]) {
    const columns = (db.pragma(`table_info(${table})`) as { name: string; pk: number }[]).map((column) => column.name)
    const json = (row: 'old' | 'new'): string =>
      `json_object(${columns.map((column) => `'${column}', ${row}.${column}`).join(', ')})`
    const key =
      (db.pragma(`table_info(${table})`) as { name: string; pk: number }[]).find((column) => column.pk === 1)?.name ??
      'rowid'
    const trigger = (event: string, change: string, row: 'old' | 'new', before: string, after: string): string => `
      create trigger audit_${table}_${change} after ${event} on ${table} begin
        insert into audit_trail(checkpoint, at_utc, station, windows_user, initials, table_name, row_id, change, before_json, after_json)
        values (lower(hex(randomblob(8))), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), '', '', '', '${table}', ${row}.${key}, '${change}', ${before}, ${after});
      end`
    db.exec(trigger('insert', 'added', 'new', 'null', json('new')))
    db.exec(trigger('update', 'modified', 'new', json('old'), json('new')))
    db.exec(trigger('delete', 'deleted', 'old', json('old'), 'null'))
  }
}
