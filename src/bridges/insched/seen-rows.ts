/**
 * A feed for databases without an audit table. The agent keeps of each row how it saw it last (`pc_seen`): a digest of what
 * the mapping names, and its change stamp where it has one. What is otherwise now was changed, what has none was added, what has no row was
 * deleted. Stamps are looked at from the newest on; every few minutes all rows are walked, so that a clock that was set
 * back, or a change that set no stamp, hides nothing for longer. Without stamps every look is such a walk.
 */
import { createHash } from 'node:crypto'
import { sql, type Kysely, type RawBuilder, type SqlBool } from 'kysely'
import type { Clock } from '../../replica/clock.ts'
import type { Db } from './agent-rows.ts'
import { keptFields } from './kept-fields.ts'
import type { Engine } from './engine.ts'
import type { Feed } from './feed.ts'
import { floorOf, lookAtFloor } from './floor.ts'
import { addToJournal, journalReads, remember, remembered } from './journal.ts'
import type { MappedTable } from './mapped-table.ts'
import type { PracticeTables } from './practice-tables.ts'
import type { AuditRow, Kept } from './rows.ts'

export const seenTables = [
  `create table if not exists pc_seen(table_name varchar(16) not null, row_id varchar(200) not null, seen text not null, kept text not null,
    primary key (table_name, row_id))`,
]

/** A row as it is now. */
interface Found {
  readonly row: string
  readonly seen: string
  readonly kept: Kept
}
/** A row as it was seen last. */
type Seen = { row_id: string; seen: string; kept: string }
type Change = Omit<AuditRow, 'audit_id' | 'checkpoint' | 'at_utc'> & { readonly seen: string | null }

/** The tables whose changes matter, with their keys; the practice has one row. */
const watched = { practice: null, locations: 'location_id', event_types: 'event_type', patients: 'patient_id', plans: 'plan_id', stages: 'stage_id', recurrences: 'recurrence_id', events: 'event_id', occurrences: 'occurrence_id', deposits: 'deposit_id', charges: 'charge_id' } as const // prettier-ignore
type Watched = keyof typeof watched

const chunk = 2_000
/** How often all rows are walked where stamps say what changed, and where nothing else does: milliseconds. */
const walkEvery = { stamps: 5 * 60_000, compare: 30_000 }
/** A stamp may be as coarse as this: so long, rows with the very newest one are looked at again. Milliseconds. */
const grain = 10_000
/** How long a clock that was set back is spoken of. */
const spokenOf = 3_600_000

type Transactions = { write<T>(work: (on: Db) => Promise<T>): Promise<T>; read<T>(work: (on: Db) => Promise<T>): Promise<T> } // prettier-ignore

export function seenRows(options: {
  engine: Engine
  tables: PracticeTables
  by: 'stamps' | 'compare'
  transactions: Transactions
  clock: Clock
}): Feed {
  // prettier-ignore
  const { engine, by, transactions, clock } = options
  const tables = (Object.keys(watched) as Watched[]).map((name) => options.tables[name]).filter((one) => one.table !== undefined) // prettier-ignore
  const startedAt = clock.now()
  /** When the floor of a table moved last. */
  const movedAt = new Map<string, number>()
  let upTo = ''
  let walkedAt = -Infinity
  let walkedVersion = ''
  let backAt = -Infinity

  const keyOf = (table: MappedTable): RawBuilder<unknown> => {
    const key = watched[table.of as Watched]
    return key === null ? sql`''` : sql.ref(`t.${table.column(key)}`)
  }
  /** Key, stamp and columns of rows, and what is kept of them. */
  const select = (on: Db, table: MappedTable) => {
    const db = on as unknown as Kysely<Record<string, Record<string, unknown>>>
    const kept = (keptFields[table.of as keyof typeof keptFields] ?? []) as readonly string[]
    const query = db
      .selectFrom(`${table.table!} as t`)
      .select([
        keyOf(table).as('key'),
        ...table.selection(
          't',
          kept.filter((field) => table.has(field)),
        ),
      ])
      .select(table.columns.map((column, i) => sql.ref(`t.${column}`).as(`c${i}`)))
    return by === 'compare' ? query : query.select(sql`cast(${stampOf(table)} as text)`.as('stamp'))
  }
  const stampOf = (table: MappedTable) => sql.ref(`t.${table.stamp!}`)
  /** Of a row seen twice within the grain of its stamp only the digest is another. */
  const found = (table: MappedTable, raw: Record<string, unknown>): Found => {
    const values = table.columns.map((_, i) => raw[`c${i}`])
    const { key, stamp } = raw
    const fields = Object.entries(table.read(raw)).filter(([name]) => table.isField(name))
    const seen = by === 'compare' ? digestOf(values) : `${digestOf(values)} ${String(stamp as string | null)}`
    return { row: String(key as string | number), seen, kept: Object.fromEntries(fields) }
  }
  const seenOf = async (on: Db, table: MappedTable, rows: readonly string[]): Promise<Map<string, Seen>> => {
    if (rows.length === 0) return new Map()
    const { rows: held } = await sql<Seen>`select row_id, seen, kept from pc_seen where table_name = ${table.of} and ${engine.among(sql.ref('row_id'), rows)}`.execute(on) // prettier-ignore
    return new Map(held.map((one) => [one.row_id, one]))
  }
  const changesOf = async (on: Db, table: MappedTable, rows: readonly Found[]): Promise<Change[]> => {
    const held = await seenOf(on, table, rows.map((one) => one.row)) // prettier-ignore
    return rows.flatMap((one): Change[] => {
      const was = held.get(one.row)
      if (was?.seen === one.seen) return []
      const before = was ? (JSON.parse(was.kept) as Kept) : {}
      return [{ table_name: table.of, row_id: one.row, change: was ? 'modified' : 'added', before, after: one.kept, seen: one.seen }] // prettier-ignore
    })
  }
  /** Rows of the journal, unless it is the first time, and how they are seen now. */
  const keep = async (on: Db, changes: readonly Change[], checkpoint: string | null): Promise<void> => {
    if (changes.length === 0) return
    const at_utc = new Date(clock.now()).toISOString()
    if (checkpoint !== null) await addToJournal(on, engine, changes.map((one) => ({ ...one, checkpoint, at_utc }))) // prettier-ignore
    const there = changes.filter((one) => one.seen !== null)
    if (there.length > 0)
      await sql`insert into pc_seen(table_name, row_id, seen, kept)
        select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from ${engine.each(there.map((one) => [one.table_name, one.row_id, one.seen, JSON.stringify(one.after)]))}
        where true on conflict (table_name, row_id) do update set seen = excluded.seen, kept = excluded.kept`.execute(
        on,
      )
    for (const table of new Set(changes.map((one) => one.table_name))) {
      const gone = changes.filter((one) => one.seen === null && one.table_name === table).map((one) => one.row_id)
      if (gone.length > 0) await sql`delete from pc_seen where table_name = ${table} and ${engine.among(sql.ref('row_id'), gone)}`.execute(on) // prettier-ignore
    }
  }
  const goneOf = async (on: Db, table: MappedTable): Promise<Change[]> => {
    const { rows } = await sql<Seen>`select row_id, seen, kept from pc_seen where table_name = ${table.of}
      and row_id not in (select cast(${keyOf(table)} as text) from ${sql.table(table.table!)} t)`.execute(on)
    return rows.map((one) => removed(table.of, one))
  }
  const countOf = async (on: Db, table: MappedTable): Promise<{ there: number; seen: number }> => {
    const { rows } = await sql<{
      there: number
      seen: number
    }>`select (select count(*) from ${sql.table(table.table!)}) as there,
      (select count(*) from pc_seen where table_name = ${table.of}) as seen`.execute(on)
    return rows[0]!
  }
  const newCheckpoint = (): string => Buffer.from(clock.bytes(8)).toString('hex')

  /** A part of the rows in the order of their keys, from a stamp on or all: what of them is otherwise than it was. */
  const part = async (
    on: Db,
    table: MappedTable,
    after: unknown,
    floor: string | null,
  ): Promise<{ changes: Change[]; last: unknown; isLast: boolean }> => {
    // prettier-ignore
    const key = keyOf(table)
    let query = select(on, table).limit(chunk)
    if (watched[table.of as Watched] !== null) query = query.orderBy(key)
    if (after !== undefined) query = query.where(sql<SqlBool>`${key} > ${after}`)
    if (floor !== null) {
      const isSettled = clock.now() - (movedAt.get(table.of) ?? startedAt) > grain
      query = query.where(isSettled ? sql<SqlBool>`${stampOf(table)} > ${floor}` : sql<SqlBool>`${stampOf(table)} >= ${floor}`) // prettier-ignore
    }
    const raw = await query.execute()
    const last = raw.at(-1)?.['key']
    return { changes: await changesOf(on, table, raw.map((one) => found(table, one))), last, isLast: raw.length < chunk } // prettier-ignore
  }
  /** All rows: what differs is looked at again with the write lock, and kept. */
  const walk = async (checkpoint: () => string | null): Promise<void> => {
    for (const table of tables) {
      const floor = by === 'stamps' ? await transactions.read((on) => floorOf(on, floorName(table))) : null
      for (let after: unknown; ;) {
        const from = after
        const seen = await transactions.read((on) => part(on, table, from, null))
        if (seen.changes.length > 0)
          await transactions.write(async (on) => {
            const { changes } = await part(on, table, from, null)
            if (changes.some((one) => one.change === 'modified' && isBefore(one.seen!, floor))) backAt = clock.now()
            await keep(on, changes, checkpoint())
          })
        if (seen.isLast) break
        after = seen.last
      }
      if ((await transactions.read((on) => goneOf(on, table))).length > 0)
        await transactions.write(async (on) => keep(on, await goneOf(on, table), checkpoint()))
    }
    walkedAt = clock.now()
  }
  const moveFloor = async (on: Db, table: MappedTable): Promise<void> => {
    const { rows } = await sql<{ newest: string | null }>`select cast(max(${stampOf(table)}) as text) as newest from ${sql.table(table.table!)} t`.execute(on) // prettier-ignore
    const { moved } = await lookAtFloor(on, engine, floorName(table), rows[0]!.newest)
    if (moved) movedAt.set(table.of, clock.now())
  }
  /** What is otherwise among the rows from the floor on, part by part. */
  async function* stamped(on: Db, table: MappedTable): AsyncGenerator<readonly Change[]> {
    const floor = await floorOf(on, floorName(table))
    for (let after: unknown; ;) {
      const { changes, last, isLast } = await part(on, table, after, floor)
      if (changes.length > 0) yield changes
      if (isLast) return
      after = last
    }
  }
  const lookAt = async (on: Db, table: MappedTable): Promise<void> => {
    for await (const changes of stamped(on, table)) await keep(on, changes, newCheckpoint())
    const { there, seen } = await countOf(on, table)
    if (there !== seen) await keep(on, await goneOf(on, table), newCheckpoint())
    await moveFloor(on, table)
  }
  const lookAtStamps = (): Promise<void> =>
    transactions.write(async (on) => {
      for (const table of tables) await lookAt(on, table)
      upTo = await engine.versionAfter(on)
    })
  const walkAll = async (): Promise<void> => {
    // What is changed while it is walked makes another version.
    upTo = walkedVersion = await transactions.write((on) => engine.versionAfter(on))
    await walk(newCheckpoint)
  }
  const isOther = async (on: Db): Promise<boolean> => (await engine.version(on)) !== upTo
  const isBehind = async (on: Db): Promise<boolean> => {
    if (!(await isOther(on))) return false
    if (by === 'compare') return true
    for (const table of tables) {
      const { there, seen } = await countOf(on, table)
      if (there !== seen) return true
      for await (const _ of stamped(on, table)) return true
    }
    return false
  }
  const isWalkDue = async (on: Db): Promise<boolean> =>
    clock.now() - walkedAt >= walkEvery[by] && (await engine.version(on)) !== walkedVersion

  return {
    journal: journalReads,
    async begin() {
      if ((await transactions.read((on) => remembered(on, 'seen'))) !== undefined) return
      // Whatever is changed while all are walked has a stamp from here on.
      if (by === 'stamps') await transactions.write(async (on) => { for (const table of tables) await moveFloor(on, table) }) // prettier-ignore
      await walk(() => null)
      await transactions.write((on) => remember(on, 'seen', 'all'))
    },
    async capture() {
      if (by === 'stamps') await lookAtStamps()
      if (by === 'compare' ? await transactions.read(isOther) : await transactions.read(isWalkDue)) await walkAll()
    },
    isBehind,
    isDue: async (on) => (by === 'stamps' && (await isOther(on))) || isWalkDue(on),
    async own(on, { checkpoint }, statements, rows) {
      await statements()
      for (const { table: name, id } of rows) {
        const table = options.tables[name]
        const raw = await select(on, table).where(sql<SqlBool>`${keyOf(table)} = ${id}`).execute() // prettier-ignore
        const gone = raw.length > 0 ? [] : [...(await seenOf(on, table, [String(id)])).values()].map((was): Change => removed(name, was)) // prettier-ignore
        await keep(on, [...gone, ...(await changesOf(on, table, raw.map((one) => found(table, one))))], checkpoint) // prettier-ignore
      }
      upTo = await engine.versionAfter(on)
    },
    isCut: () => Promise.resolve(false),
    acceptCut: () => Promise.resolve(),
    problem: () =>
      clock.now() - backAt < spokenOf
        ? 'Rows of InSched’s database were changed with an older change stamp than others had before, so its clock was set back. They were found by comparing all rows, up to five minutes late. Set the clock right.'
        : null,
  }
}

function removed(table_name: string, { row_id, kept }: Seen): Change {
  return { table_name, row_id, change: 'deleted', before: JSON.parse(kept) as Kept, after: {}, seen: null }
}

function floorName(table: MappedTable): string {
  return `stamp floor ${table.of}`
}

/** Whether a row has an older stamp than the floor. */
function isBefore(seen: string, floor: string | null): boolean {
  if (floor === null) return false
  const stamp = seen.slice(seen.indexOf(' ') + 1)
  return /^\d+$/.test(stamp) && /^\d+$/.test(floor) ? Number(stamp) < Number(floor) : stamp < floor
}

function digestOf(values: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('base64').slice(0, 24)
}
