/** A SQLite file beside the replica's, for what a bridge keeps of its own: sealed under a key of its own, durable when a write returns, and without what was deleted. */
import Database from 'better-sqlite3'
import { sealerOf, wrapNewKey, type Sealer } from './sealing.ts'
import { statementsOf, type Statements } from './sqlite-statements.ts'

export interface SealedFile {
  readonly db: Database.Database
  readonly sql: Statements
  /** The file's own key, for digests that nobody else can make. */
  readonly key: Uint8Array
  readonly sealer: Sealer
}

/** Opens the file, made with its `tables` where it is missing; throws a SealError where `master` is not its master key. `place` names its key. */
export function openSealedFile(file: string, master: Sealer, place: string, tables: string): SealedFile {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma('secure_delete = ON')
  db.exec(`create table if not exists key(wrapped blob not null); ${tables}`)
  const sql = statementsOf(db)
  const made = (): Uint8Array => {
    const fresh = wrapNewKey(master, place)
    sql('insert into key values (?)').run(fresh)
    return fresh
  }
  const key = master.open((sql('select wrapped from key').pluck().get() as Uint8Array | undefined) ?? made(), place)
  return { db, sql, key, sealer: sealerOf(key) }
}
