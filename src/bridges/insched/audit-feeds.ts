/**
 * The practice's audit table as a feed. Where ids are in the order of commits (SQLite, one writer) it is the journal
 * itself. Elsewhere its rows are captured by what was captured already, never by the highest id: a transaction that commits
 * late is found whatever its id.
 */
import { sql } from 'kysely'
import type { Db } from './agent-rows.ts'
import { auditReads, mappedNames, stampAudit } from './audit-table.ts'
import { hashOfAudit } from './kept-fields.ts'
import type { Engine } from './engine.ts'
import type { Feed } from './feed.ts'
import { floorOf, lookAtFloor } from './floor.ts'
import { addToJournal, forget, journalReads } from './journal.ts'
import type { MappedTable } from './mapped-table.ts'
import type { PracticeTables } from './practice-tables.ts'
import type { AuditRow } from './rows.ts'

export const capturedTables = ['create table if not exists pc_captured(audit_id bigint primary key)']

type Write = <T>(work: (on: Db) => Promise<T>) => Promise<T>

/** The audit table as the journal. */
export function followedAudit(audit: MappedTable, tables: PracticeTables): Feed {
  const names = mappedNames(tables)
  const journal = (on: Db) => auditReads(on, audit, names)
  const isCut = async (on: Db): Promise<boolean> => {
    const agent = await on.selectFrom('pc_agent').select(['last_audit_id', 'last_audit_hash']).executeTakeFirst()
    if (!agent?.last_audit_id) return false
    return hashOfAudit(await journal(on).auditRow(agent.last_audit_id)) !== agent.last_audit_hash
  }
  return {
    journal,
    begin: () => Promise.resolve(),
    capture: () => Promise.resolve(),
    isBehind: () => Promise.resolve(false),
    // A table that was emptied has nothing new.
    isDue: isCut,
    async own(on, mark, statements) {
      const before = await journal(on).lastAuditId()
      await statements()
      await stampAudit(on, audit, before, mark)
    },
    isCut,
    acceptCut: () => Promise.resolve(),
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

  /** Every row that is there is known; what commits later, under whatever id, is not among them. */
  const knowAll = async (on: Db): Promise<void> => {
    const id = sql.ref(audit.column('audit_id'))
    await sql`insert into pc_captured(audit_id) select ${id} from ${sql.table(audit.table!)} where ${id} not in (select audit_id from pc_captured)`.execute(on) // prettier-ignore
  }
  const isDue = async (on: Db): Promise<boolean> => (await engine.version(on)) !== upTo

  return {
    journal: journalReads,
    begin: () => write(knowAll),
    async capture() {
      while (await write(captureSome)) continue
    },
    // Asked of the rows themselves: what is said to be read in the agent's own transaction must be read.
    isBehind: async (on) => (await newRows(on, 1)).length > 0,
    isDue,
    async own(on, mark, statements) {
      const before = await source(on).lastAuditId()
      await statements()
      await stampAudit(on, audit, before, mark)
      while (await captureSome(on)) continue
    },
    async isCut(on) {
      const { rows } = await sql<{ last: number | null }>`select max(audit_id) as last from pc_captured`.execute(on)
      const last = Math.max(rows[0]!.last ?? 0, Number((await floorOf(on, name)) ?? 0))
      return last > 0 && (await source(on).auditRow(last)) === undefined
    },
    async acceptCut(on) {
      await sql`delete from pc_captured`.execute(on)
      await forget(on, name)
      await knowAll(on)
    },
    problem: () => null,
  }
}
