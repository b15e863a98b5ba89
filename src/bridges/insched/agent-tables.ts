/**
 * The tables that the agent keeps in InSched's database, whatever the engine: binding, lease, cursor and reading mark
 * (`pc_agent`), which row is which document (`pc_identity`), and what was done once for ever (`pc_effects`).
 */
import { sql } from 'kysely'
import type { AgentRow, BridgedTable, Db, Identity } from './agent-rows.ts'
import type { Engine } from './engine.ts'

/** Makes them where they are missing. */
export const agentTables = [
  `create table if not exists pc_agent(site varchar(26) primary key, practice text not null, replica text not null, run text, holder text,
    lease_until_utc text, fence integer not null default 0, last_audit_id bigint, last_audit_hash text, read_table text, read_after bigint,
    horizon_until text)`,
  `create table if not exists pc_identity(document varchar(26) primary key, table_name varchar(16) not null, local_id bigint not null,
    gone integer not null default 0, held text, original_on varchar(10) not null default '')`,
  'create unique index if not exists pc_identity_row on pc_identity(table_name, local_id, original_on) where gone = 0',
  'create table if not exists pc_effects(effect_id varchar(200) primary key, at text not null)',
]

/** For a database that an earlier version has worked on, which knew no series. */
export const olderIdentities = [
  "alter table pc_identity add column original_on varchar(10) not null default ''",
  'drop index if exists pc_identity_local',
]

/** What may be read at any time. */
export function agentReads(db: Db, engine: Engine) {
  const identities = () => db.selectFrom('pc_identity').selectAll()
  return {
    agent: (): Promise<AgentRow | undefined> => db.selectFrom('pc_agent').selectAll().limit(1).executeTakeFirst(),
    /** Identities of rows that are there, by local id. */
    identities: async (table: BridgedTable, ids: readonly number[]): Promise<Identity[]> =>
      ids.length === 0
        ? []
        : identities().where('table_name', '=', table).where('gone', '=', 0).where(engine.among(sql.ref('local_id'), ids)).execute(), // prettier-ignore
    /** Identities of rows that are gone: of one local id there may be several, one after the other. */
    goneIdentities: (table: BridgedTable, id: number): Promise<Identity[]> =>
      identities().where('table_name', '=', table).where('gone', '=', 1).where('local_id', '=', id).execute(),
    identity: (document: string): Promise<Identity | undefined> =>
      identities().where('document', '=', document).executeTakeFirst(),
    /** All rows, also deleted ones, of which nothing is said before a review is resolved. */
    heldBy: (review: string): Promise<Identity[]> => identities().where('held', '=', review).execute(),
    effects: async (ids: readonly string[]): Promise<ReadonlySet<string>> => {
      if (ids.length === 0) return new Set()
      const found = db
        .selectFrom('pc_effects')
        .select('effect_id')
        .where(engine.among(sql.ref('effect_id'), ids))
      return new Set((await found.execute()).map((row) => row.effect_id))
    },
  }
}

/** What only a write transaction may do. */
export function agentChanges(db: Db, engine: Engine) {
  const set = async (values: Partial<AgentRow>): Promise<void> => void (await db.updateTable('pc_agent').set(values).execute()) // prettier-ignore
  return {
    bind: async (row: { site: string; practice: string; replica: string }): Promise<void> =>
      void (await db
        .insertInto('pc_agent')
        .values({ ...row, fence: 0 })
        .execute()),
    lease: async (run: string, holder: string, until: string): Promise<void> =>
      void (await db
        .updateTable('pc_agent')
        .set((eb) => ({ run, holder, lease_until_utc: until, fence: eb('fence', '+', 1) }))
        .execute()),
    renew: (until: string) => set({ lease_until_utc: until }),
    /** Who had it last stays known. */
    release: () => set({ run: null, lease_until_utc: null }),
    readAnew: () => set({ read_table: null, read_after: null }),
    setCursor: (audit: number, hash: string) => set({ last_audit_id: audit, last_audit_hash: hash }),
    setHorizon: (until: string) => set({ horizon_until: until }),
    setReading: (table: string, after: number) => set({ read_table: table, read_after: after }),
    /** One statement for all: row by row the first full read would mostly be this. */
    addIdentities: async (
      all: readonly Pick<Identity, 'document' | 'table_name' | 'local_id' | 'original_on'>[],
    ): Promise<void> => {
      const list = all.map((one) => [one.document, one.table_name, one.local_id, one.original_on])
      await sql`insert into pc_identity(document, table_name, local_id, original_on)
        select value ->> 0, value ->> 1, cast(value ->> 2 as bigint), value ->> 3 from ${engine.each(list)}`.execute(db)
    },
    /** The event has become an occurrence of a series, or the other way round. */
    setOriginal: async (document: string, originalOn: string): Promise<void> =>
      void (await db
        .updateTable('pc_identity')
        .set({ original_on: originalOn })
        .where('document', '=', document)
        .execute()),
    markGone: async (document: string): Promise<void> =>
      void (await db.updateTable('pc_identity').set({ gone: 1 }).where('document', '=', document).execute()),
    /** It is as if its row had never been here. */
    forgetIdentity: async (document: string): Promise<void> =>
      void (await db.deleteFrom('pc_identity').where('document', '=', document).execute()),
    hold: async (document: string, review: string | null): Promise<void> =>
      void (await db.updateTable('pc_identity').set({ held: review }).where('document', '=', document).execute()),
    addEffect: async (id: string, at: string): Promise<void> =>
      void (await db.insertInto('pc_effects').values({ effect_id: id, at }).execute()),
  }
}
