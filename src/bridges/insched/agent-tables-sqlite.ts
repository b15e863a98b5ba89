/**
 * The statements on the tables that the agent keeps in InSched's database: binding, lease, cursor and reading mark
 * (`pc_agent`), which row is which document (`pc_identity`), and what was done once for ever (`pc_effects`).
 */
import type Database from 'better-sqlite3'

/** The tables of the practice whose rows are documents. */
export type BridgedTable = 'patients' | 'plans' | 'events'

export interface AgentRow {
  site: string
  practice: string
  replica: string
  run: string | null
  holder: string | null
  lease_until_utc: string | null
  fence: number
  last_audit_id: number | null
  last_audit_hash: string | null
  read_table: string | null
  read_after: number | null
  horizon_until: string | null
}
export interface Identity {
  document: string
  table_name: BridgedTable
  local_id: number
  /** 1: its row was deleted. */
  gone: number
  /** The review until whose resolution nothing is said of this row (DOM-17). */
  held: string | null
}

type Sql = (text: string) => Database.Statement

/** What may be read at any time. */
export function agentReads(sql: Sql) {
  return {
    agent: () => sql('select * from pc_agent limit 1').get() as AgentRow | undefined,
    fence: () => sql('select fence from pc_agent').pluck().get() as number | undefined,
    /** Identities of rows that are there, by local id. */
    identities: (table: BridgedTable, ids: readonly number[]) =>
      sql(
        'select * from pc_identity where table_name = ? and gone = 0 and local_id in (select value from json_each(?))',
      ).all(table, JSON.stringify(ids)) as Identity[],
    /** Identities of rows that are gone: of one local id there may be several, one after the other. */
    goneIdentities: (table: BridgedTable, id: number) =>
      sql('select * from pc_identity where table_name = ? and gone = 1 and local_id = ?').all(table, id) as Identity[],
    identity: (document: string) =>
      sql('select * from pc_identity where document = ?').get(document) as Identity | undefined,
    /** All rows, also deleted ones, of which nothing is said before a review is resolved. */
    heldBy: (review: string) => sql('select * from pc_identity where held = ?').all(review) as Identity[],
    effects: (ids: readonly string[]) =>
      new Set(
        sql('select effect_id from pc_effects where effect_id in (select value from json_each(?))')
          .pluck()
          .all(JSON.stringify(ids)) as string[],
      ),
  }
}

/** What only a write transaction may do. */
export function agentChanges(sql: Sql) {
  return {
    bind: (row: { site: string; practice: string; replica: string }) =>
      sql('insert into pc_agent(site, practice, replica) values (?, ?, ?)').run(row.site, row.practice, row.replica),
    lease: (run: string, holder: string, until: string) =>
      sql('update pc_agent set run = ?, holder = ?, lease_until_utc = ?, fence = fence + 1').run(run, holder, until),
    renew: (until: string) => sql('update pc_agent set lease_until_utc = ?').run(until),
    /** Who had it last stays known. */
    release: () => sql('update pc_agent set run = null, lease_until_utc = null').run(),
    readAnew: () => sql('update pc_agent set read_table = null, read_after = null').run(),
    setCursor: (audit: number, hash: string) =>
      sql('update pc_agent set last_audit_id = ?, last_audit_hash = ?').run(audit, hash),
    setHorizon: (until: string) => sql('update pc_agent set horizon_until = ?').run(until),
    setReading: (table: string, after: number) =>
      sql('update pc_agent set read_table = ?, read_after = ?').run(table, after),
    addIdentity: (document: string, table: BridgedTable, localId: number) =>
      sql('insert into pc_identity(document, table_name, local_id) values (?, ?, ?)').run(document, table, localId),
    markGone: (document: string) => sql('update pc_identity set gone = 1 where document = ?').run(document),
    hold: (document: string, review: string | null) =>
      sql('update pc_identity set held = ? where document = ?').run(review, document),
    addEffect: (id: string, at: string) => sql('insert into pc_effects values (?, ?)').run(id, at),
  }
}
