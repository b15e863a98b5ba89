/** InSched in an SQLite file: one connection, whose transactions each run within one turn of the event loop. */
import Database from 'better-sqlite3'
import { sql, SqliteDialect } from 'kysely'
import { existsSync, statSync } from 'node:fs'
import type { Db } from './agent-rows.ts'
import type { Engine } from './engine.ts'
import { InSchedRefused } from './refused.ts'

/** How long opening waits for another program that holds the database, milliseconds. */
const patienceToOpen = 5_000

/** Opens a file; throws InSchedRefused where there is none. */
export function sqliteEngine(file: string, { readonly = false } = {}): Engine {
  if (!existsSync(file))
    throw new InSchedRefused(
      `There is no InSched database at ${file}. Check the path, or make one with: patientconnection insched create ${file}`,
    )
  const db = new Database(file, { timeout: patienceToOpen, readonly })
  const opened = statSync(file).ino
  const prepared = new Map<string, Database.Statement>()
  // Statements are few and the same again and again: preparing one anew costs more than running it.
  const prepare = (text: string) => prepared.get(text) ?? prepared.set(text, db.prepare(text)).get(text)!
  const version = async (on: Db): Promise<string> => {
    const { rows } = await sql<{ data_version: number }>`pragma data_version`.execute(on)
    return String(rows[0]!.data_version)
  }
  return {
    name: file,
    dialect: new SqliteDialect({ database: { prepare, close: () => void db.close() } as never }),
    commitsInOrder: true,
    begins: { write: 'begin immediate', read: 'begin' },
    forUpdate: sql``,
    // From its own turn on, a transaction only awaits its own statements, which are synchronous: nothing comes between.
    turn: () => new Promise((resolve) => void setImmediate(resolve)),
    among: (column, values) => sql`${column} in (select value from json_each(${JSON.stringify(values)}))`,
    each: (list) => sql`json_each(${JSON.stringify(list)}) as each`,
    // SQLite has no statistics here: with the bounds of time served by an index it sorts all of them for each page anew.
    unindexed: (column) => sql`+${column}`,
    version,
    versionAfter: version,
    // One writer at a time: whoever ran before has ended.
    moment: () => Promise.resolve(''),
    hasEnded: () => Promise.resolve(true),
    isReplaced: () => statSync(file, { throwIfNoEntry: false })?.ino !== opened,
    setPatience: (ms) => void db.pragma(`busy_timeout = ${ms}`),
    refusal: (error) =>
      error instanceof Database.SqliteError && error.code === 'SQLITE_NOTADB'
        ? `${file} is not an SQLite database.`
        : undefined,
  }
}
