/**
 * The practice's audit table as a feed. Where ids are in the order of commits (SQLite, one writer) it is the journal
 * itself. Elsewhere its rows are captured by what was captured already, never by the highest id: a transaction that commits
 * late is found whatever its id.
 */
import { sql } from 'kysely'
import type { Db } from './agent-rows.ts'
import { auditReads, mappedNames, stampAudit } from './audit-table.ts'
import type { Engine } from './engine.ts'
import type { Feed } from './feed.ts'
import { floorOf, lookAtFloor } from './floor.ts'
import { addToJournal, journalReads } from './journal.ts'
import type { MappedTable } from './mapped-table.ts'
import type { PracticeTables } from './practice-tables.ts'
import type { AuditRow } from './rows.ts'

export const capturedTables = ['create table if not exists pc_captured(audit_id bigint primary key)']

type Write = <T>(work: (on: Db) => Promise<T>) => Promise<T>

/** The audit table as the journal. */
export function followedAudit(audit: MappedTable, tables: PracticeTables): Feed {
  const names = mappedNames(tables)
  const journal = (on: Db) => auditReads(on, audit, names)
  return {
    journal,
    begin: () => Promise.resolve(),
    capture: () => Promise.resolve(),
    isBehind: () => Promise.resolve(false),
    isDue: () => Promise.resolve(false),
    async own(on, mark, statements) {
      const before = await journal(on).lastAuditId()
      await statements()
      await stampAudit(on, audit, before, mark)
    },
    problem: () => null,
  }
}

const chunk = 1_000
const name = 'audit floor'

/** The audit table captured into the agent's journal. */
export function capturedAudit(engine: Engine, audit: MappedTable, tables: PracticeTables, write: Write): Feed {
  const names = mappedNames(tables)
  const source = (on: Db) => auditReads(on, audit, names)
  let upTo = ''

  const newRows = async (on: Db, limit: number): Promise<AuditRow[]> => {
    const floor = Number((await floorOf(on, name)) ?? 0)
    return source(on).auditAfter(floor, limit, (id) => sql`not exists (select 1 from pc_captured c where c.audit_id = ${id})`) // prettier-ignore
  }
  /** Captures some; resolves with whether there is more. The floor moves in the transaction that has seen all, or it could pass what came between two. */
  const captureSome = async (on: Db): Promise<boolean> => {
    const rows = await newRows(on, chunk)
    await addToJournal(on, engine, rows)
    if (rows.length > 0) await sql`insert into pc_captured(audit_id) select cast(value ->> 0 as bigint) from ${engine.each(rows.map((row) => [row.audit_id]))}`.execute(on) // prettier-ignore
    if (rows.length === chunk) return true
    const { floor, moved } = await lookAtFloor(on, engine, name, String(await source(on).lastAuditId()))
    if (moved) await sql`delete from pc_captured where audit_id <= ${Number(floor)}`.execute(on)
    upTo = await engine.versionAfter(on)
    return false
  }

  const isDue = async (on: Db): Promise<boolean> => (await engine.version(on)) !== upTo

  return {
    journal: journalReads,
    begin: () =>
      write(async (on) => {
        // Every row that is there is known; what commits later, under whatever id, is not among them.
        await sql`insert into pc_captured(audit_id) select ${sql.ref(audit.column('audit_id'))} from ${sql.table(audit.table!)}
          where ${sql.ref(audit.column('audit_id'))} not in (select audit_id from pc_captured)`.execute(on)
      }),
    async capture() {
      while (await write(captureSome)) continue
    },
    // A server that others write to as well has another version all the time: what counts is whether a row is new.
    isBehind: async (on) => (await isDue(on)) && (await newRows(on, 1)).length > 0,
    isDue,
    async own(on, mark, statements) {
      const before = await source(on).lastAuditId()
      await statements()
      await stampAudit(on, audit, before, mark)
      while (await captureSome(on)) continue
    },
    problem: () => null,
  }
}
