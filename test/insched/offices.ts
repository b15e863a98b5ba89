/**
 * InSched as four practices may have it: the reference schema and a deliberately different one, in SQLite and in
 * PostgreSQL, with the same synthetic people. What staff do is said in the words of the bridge and done by a connection of
 * its own; how a row stands there is read back without the bridge.
 */
import Database from 'better-sqlite3'
import { Kysely, sql, type RawBuilder } from 'kysely'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bind } from '../../src/bridges/insched/binding.ts'
import type { BridgeOptions, InSchedBridge } from '../../src/bridges/insched/bridge.ts'
import { startInSchedBridge } from '../../src/bridges/insched/bridge.ts'
import { createReferenceInPostgres } from '../../src/bridges/insched/create-postgres.ts'
import { createReferenceDatabase } from '../../src/bridges/insched/create-sqlite.ts'
import { openEngine } from '../../src/bridges/insched/engines.ts'
import { openInSched } from '../../src/bridges/insched/insched.ts'
import { parseMapping, type Mapping } from '../../src/bridges/insched/mapping.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { clock, folder, ulid } from '../replica/world.ts'
import { differentFrom, differentRow, differentTables, differentValues } from './different.ts'
import { closers, practice, site } from './office.ts'
import { createDatabase, runOn } from './postgres.ts'

export type StaffTable = 'patients' | 'plans' | 'stages' | 'events' | 'recurrences' | 'occurrences' | 'deposits'
type Values = Readonly<Record<string, string | number | null>>
export interface Staff {
  set(table: StaffTable, id: number, values: Values): Promise<void>
  /** Adds a row, under an id of its own or the next; resolves with the id. */
  add(table: StaffTable, values: Values): Promise<number>
  remove(table: StaffTable, id: number): Promise<void>
  /** A row as it stands, in the words of the reference schema; undefined where there is none. */
  row(table: StaffTable | 'communications', id: number): Promise<Record<string, unknown> | undefined>
  /** All rows as they stand, likewise. */
  rows(table: StaffTable | 'communications'): Promise<Record<string, unknown>[]>
  count(table: StaffTable | 'communications'): Promise<number>
  /** Runs a statement as it is. */
  run(statement: string): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}
export interface Kind {
  readonly schema: 'reference' | 'different'
  readonly engine: 'SQLite' | 'PostgreSQL'
}
export interface AnyOffice {
  readonly url: string
  readonly mapping: Mapping | undefined
  readonly replica: OpenReplica
  readonly staff: Staff
  readonly bridge: InSchedBridge
  /** Another life of the agent on the same database. */
  start(more?: Partial<BridgeOptions>): Promise<InSchedBridge>
}

export const kinds: readonly Kind[] = (['reference', 'different'] as const).flatMap((schema) =>
  (['SQLite', 'PostgreSQL'] as const).map((engine) => ({ schema, engine })),
)
export const differentMapping = parseMapping(readFileSync(new URL('../../examples/mappings/different.json', import.meta.url), 'utf8'), 'different.json') // prettier-ignore

const keys = { patients: 'patient_id', plans: 'plan_id', stages: 'stage_id', events: 'event_id', recurrences: 'recurrence_id', occurrences: 'occurrence_id', communications: 'communication_id', deposits: 'deposit_id' } as const // prettier-ignore
const copied = ['practice', 'locations', 'event_types', 'patients', 'plans', 'stages', 'events'] as const
const made = new Map<string, Promise<string>>()
let number = 0

/** A database of 20 people, made once a file for each kind and copied for each office; its address. */
export async function databaseOf(kind: Kind): Promise<string> {
  const name = `${kind.schema}_${kind.engine}`.toLowerCase()
  const template = await (made.get(name) ?? made.set(name, make(kind, `people_${name}`)).get(name)!)
  if (kind.engine === 'PostgreSQL') return createDatabase(`office_${++number}`, template)
  const file = join(folder(), 'insched.db')
  copyFileSync(template, file)
  return `sqlite:${file}`
}

async function make({ schema, engine }: Kind, name: string): Promise<string> {
  if (schema === 'reference' && engine === 'PostgreSQL') {
    await createReferenceInPostgres(await createDatabase(name), { patients: 20, now: clock.now() })
    return name
  }
  const file = join(folder(), 'people.db')
  await createReferenceDatabase(file, { patients: 20, now: clock.now() })
  if (schema === 'reference' && engine === 'SQLite') return file
  const people = new Database(file, { readonly: true })
  const rows = Object.fromEntries(copied.map((table) => [table, people.prepare(`select * from ${table}`).all() as Record<string, string | number | null>[]])) // prettier-ignore
  people.close()
  const [tables, triggers] = differentTables(engine)
  const inserts = differentFrom(rows)
  const statements = inserts.flatMap(([table, all]) => all.map((row) => `insert into ${table}(${Object.keys(row).join(', ')}) values (${Object.values(row).map(literal).join(', ')})`)) // prettier-ignore
  // What was there before the triggers has no trail.
  const all = [...tables, ...statements, ...triggers]
  if (engine === 'SQLite') {
    const made = join(folder(), 'different.db')
    const db = new Database(made)
    for (const statement of all) db.exec(statement)
    db.close()
    return made
  }
  const numbered = inserts.flatMap(([table, all]) => (all.length > 0 && /^(persons|treatments|steps|visits)$/.test(table) ? [[table, Object.keys(all[0]!)[0]!]] : [])) // prettier-ignore
  const url = await createDatabase(name)
  await runOn(url, [...all, ...numbered.map(([table, key]) => `select setval(pg_get_serial_sequence('${table}', '${key}'), (select max(${key}) from ${table}))`)]) // prettier-ignore
  return name
}

function literal(value: string | number | null): string {
  return value === null ? 'null' : typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`
}

/** A connection of staff, as another program would have it. */
export async function staffOf(url: string, { schema }: Pick<Kind, 'schema'>): Promise<Staff> {
  const engine = openEngine(url)
  const db = new Kysely<Record<string, never>>({ dialect: engine.dialect })
  closers.push(() => db.destroy())
  const run = async (statement: RawBuilder<unknown>) => (await statement.execute(db)).rows as Record<string, unknown>[]
  const names = (table: StaffTable | 'communications') =>
    schema === 'reference' ? { table, key: keys[table] } : { table: differentRow[table].table, key: differentRow[table].key } // prettier-ignore
  const valuesOf = async (table: StaffTable, id: number | undefined, values: Values): Promise<Values> =>
    schema === 'reference' ? values : differentValues(table, values, id === undefined ? undefined : await staff.row(table, id)) // prettier-ignore
  const assignments = (values: Values) => sql.join(Object.entries(values).map(([column, value]) => sql`${sql.ref(column)} = ${value}`)) // prettier-ignore
  const staff: Staff = {
    async set(table, id, values) {
      const { table: name, key } = names(table)
      await run(sql`update ${sql.table(name)} set ${assignments(await valuesOf(table, id, values))} where ${sql.ref(key)} = ${id}`) // prettier-ignore
    },
    async add(table, values) {
      const { table: name, key } = names(table)
      const row = await valuesOf(table, undefined, values)
      const given = Object.keys(row)
      const [added] = await run(sql`insert into ${sql.table(name)}(${sql.join(given.map((one) => sql.ref(one)))}) values (${sql.join(given.map((one) => sql`${row[one]}`))}) returning ${sql.ref(key)} as id`) // prettier-ignore
      return Number(added!['id'])
    },
    async remove(table, id) {
      const { table: name, key } = names(table)
      await run(sql`delete from ${sql.table(name)} where ${sql.ref(key)} = ${id}`)
    },
    async row(table, id) {
      const { table: name, key } = names(table)
      const [found] = await run(sql`select * from ${sql.table(name)} where ${sql.ref(key)} = ${id}`)
      return found && schema === 'different' ? differentRow[table].read(found) : found
    },
    async rows(table) {
      const found = await run(sql`select * from ${sql.table(names(table).table)}`)
      return found.map((row) => (schema === 'different' ? differentRow[table].read(row) : row))
    },
    async count(table) {
      const [found] = await run(sql`select count(*) as rows from ${sql.table(names(table).table)}`)
      return Number(found!['rows'])
    },
    run: (statement) => run(sql.raw(statement)),
    close: () => db.destroy(),
  }
  return staff
}

/** An office of a kind whose agent has read everything. */
export async function openAnyOffice(kind: Kind, more: Partial<BridgeOptions> = {}): Promise<AnyOffice> {
  const url = await databaseOf(kind)
  const mapping = more.mapping ?? (kind.schema === 'different' ? differentMapping : undefined)
  const replica = await openReplica({ store: memoryStore(), practice, id: ulid(), clock })
  const insched = await openInSched(url, { mapping, clock })
  await bind(insched, { practice, site: site.key, replica: replica.id })
  await insched.close()
  const staff = await staffOf(url, kind)
  const start = async (again: Partial<BridgeOptions> = {}) => {
    const bridge = await startInSchedBridge({ url, mapping, replica, practice, site, holder: 'here', station: 'TEST', clock, ...more, ...again }) // prettier-ignore
    closers.push(() => bridge.stop())
    return bridge
  }
  const bridge = await start()
  await bridge.readNow()
  return { url, mapping, replica, staff, bridge, start }
}
