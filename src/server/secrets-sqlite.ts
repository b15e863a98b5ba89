/** Secrets of a portal or a console in its database, each sealed by the master key under its own name. */
import type Database from 'better-sqlite3'
import type { Sealer } from '../replica/sealing.ts'

/** The secret of a name, made by `make` where it is not there yet. */
export type Secrets = (name: string, make: () => string) => string

export function secretsOf(db: Database.Database, master: Sealer): Secrets {
  db.exec('create table if not exists secrets(name text primary key, sealed blob not null)')
  const read = db.prepare('select sealed from secrets where name = ?').pluck()
  const write = db.prepare('insert into secrets values (?, ?)')
  return (name, make) => {
    const sealed = read.get(name) as Uint8Array | undefined
    if (sealed) return Buffer.from(master.open(sealed, `secret ${name}`)).toString()
    const made = make()
    write.run(name, master.seal(Buffer.from(made), `secret ${name}`))
    return made
  }
}
