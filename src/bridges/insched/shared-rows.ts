/**
 * The agent's tables of records that sites share: whose each row is (`pc_shared`), with what row and record agreed on last,
 * which row is which stage of a shared plan (`pc_stages`), and what waits for a patient who is not here (`pc_awaited`). What
 * is agreed moves with the row in one transaction, so a database that is put back to a backup is put back with it.
 */
import { sql } from 'kysely'
import type { Json } from '../../replica/json.ts'
import type { AwaitedDocument, Db, StageKey } from './agent-rows.ts'
import type { Engine } from './engine.ts'

export const sharedTables = [
  `create table if not exists pc_shared(document varchar(26) primary key, site varchar(26) not null, site_name text, agreed text not null,
    touched integer not null default 0, ended integer not null default 0)`,
  'create table if not exists pc_stages(plan varchar(26) not null, stage varchar(100) not null, local_id bigint not null, primary key (plan, stage))',
  'create table if not exists pc_awaited(patient varchar(26) not null, table_name varchar(16) not null, document varchar(26) primary key)',
]

/** By field: the value in the record, when it was made there (milliseconds UTC), what the row says for it, and whether it was said here. */
export type Agreed = Readonly<Record<string, readonly [value: Json, at: number, reads: Json, saidHere?: true]>>

/** A row of a record that this site shares with another. */
export interface SharedRow {
  readonly document: string
  /** The key of the site whose it is; it may be this one. */
  readonly site: string
  readonly agreed: Agreed
  /** Somebody here changed it. */
  readonly touched: boolean
  /** Of another site, which shares it no more; it stays because somebody here touched it. */
  readonly ended: boolean
}

/** What may be read at any time. */
export function sharedReads(db: Db, engine: Engine) {
  return {
    /** Those of these documents that are shared, by document. */
    sharedRows: async (documents: readonly string[]): Promise<Map<string, SharedRow>> => {
      if (documents.length === 0) return new Map()
      const found = await db.selectFrom('pc_shared').selectAll().where(engine.among(sql.ref('document'), documents)).execute() // prettier-ignore
      return new Map(
        found.map(({ document, site, agreed, touched, ended }) => [
          document,
          { document, site, agreed: JSON.parse(agreed) as Agreed, touched: touched === 1, ended: ended === 1 },
        ]),
      )
    },
    /** The documents that wait for a patient. */
    awaitedBy: (patient: string): Promise<AwaitedDocument[]> => db.selectFrom('pc_awaited').selectAll().where('patient', '=', patient).execute(), // prettier-ignore
    /** The rows that are stages of these plans, where the stage is known by another name than the row's id. */
    stageKeys: async (plans: readonly string[]): Promise<StageKey[]> =>
      plans.length === 0
        ? []
        : db
            .selectFrom('pc_stages')
            .selectAll()
            .where(engine.among(sql.ref('plan'), plans))
            .execute(),
  }
}

/** What only a write transaction may do. */
export function sharedChanges(db: Db) {
  return {
    keepShared: async (row: SharedRow, name: string | null): Promise<void> => {
      const values = { site: row.site, site_name: name, agreed: JSON.stringify(row.agreed), touched: row.touched ? 1 : 0, ended: row.ended ? 1 : 0 } // prettier-ignore
      await db
        .insertInto('pc_shared')
        .values({ document: row.document, ...values })
        .onConflict((on) => on.column('document').doUpdateSet(values))
        .execute()
    },
    forgetShared: async (document: string): Promise<void> => {
      await db.deleteFrom('pc_shared').where('document', '=', document).execute()
      await db.deleteFrom('pc_stages').where('plan', '=', document).execute()
      await db.deleteFrom('pc_awaited').where('document', '=', document).execute()
    },
    keepStage: async (stage: StageKey): Promise<void> =>
      void (await db.insertInto('pc_stages').values(stage).onConflict((on) => on.doNothing()).execute()), // prettier-ignore
    forgetStage: async ({ plan, stage }: StageKey): Promise<void> =>
      void (await db.deleteFrom('pc_stages').where('plan', '=', plan).where('stage', '=', stage).execute()),
    /** A document that can be written when its patient is here. */
    await: async (one: AwaitedDocument): Promise<void> =>
      void (await db.insertInto('pc_awaited').values(one).onConflict((on) => on.column('document').doUpdateSet(one)).execute()), // prettier-ignore
    awaitNoMore: async (document: string): Promise<void> =>
      void (await db.deleteFrom('pc_awaited').where('document', '=', document).execute()),
  }
}
