/** Statements of a database by their text, each prepared once: preparing costs more than running a small one. */
import type Database from 'better-sqlite3'

/** A text must be asked for in one way alone: `pluck` and `raw` stay with its statement. */
export type Statements = (text: string) => Database.Statement

/** For texts that are written in the code: each is kept as long as the database is open. */
export function statementsOf(db: Database.Database): Statements {
  const prepared = new Map<string, Database.Statement>()
  return (text) => {
    const held = prepared.get(text)
    if (held) return held
    const made = db.prepare(text)
    prepared.set(text, made)
    return made
  }
}
