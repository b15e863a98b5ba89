/**
 * Chunks in the store's SQLite file, sealed by the practice's data key with their name as their place. A chunk that is
 * wanted is a row without content, so that what is on its way is found without walking what is here.
 */
import type Database from 'better-sqlite3'
import type { ChunkStore } from './chunk-store.ts'
import type { Sealer } from './sealing.ts'

const tables = `
create table if not exists chunks(name text primary key, sealed blob);
create index if not exists wanted_chunks on chunks(name) where sealed is null;
create table if not exists chunk_uses(holder text not null, name text not null, primary key (holder, name)) without rowid;
create index if not exists chunk_uses_by_name on chunk_uses(name);
create table if not exists uploads(holder text primary key, since integer not null) without rowid;
`

/** The chunks in their tables of `db`, made where they are missing; `atomically` and `scrub` are those of the store. */
export function sqliteChunks(
  db: Database.Database,
  sealer: Sealer,
  { atomically, scrub }: { atomically<T>(run: () => T): T; scrub(): void },
): ChunkStore {
  db.exec(tables)
  const namesOf = db.prepare('select name from chunk_uses where holder = ?').pluck()
  const addUse = db.prepare('insert or ignore into chunk_uses values (?, ?)')
  const dropUse = db.prepare('delete from chunk_uses where holder = ? and name = ?')
  const want = db.prepare('insert or ignore into chunks values (?, null)')
  const fill = db.prepare('update chunks set sealed = ? where name = ? and sealed is null')
  const empty = db.prepare('update chunks set sealed = null where name = ?')
  const dropUnused = db.prepare(
    'delete from chunks where name = ? and not exists (select 1 from chunk_uses where chunk_uses.name = chunks.name)',
  )
  const find = db.prepare('select sealed from chunks where name = ?').pluck()
  const isHere = db.prepare('select 1 from chunks where name = ? and sealed is not null').pluck()
  const isKnown = db.prepare('select 1 from chunks where name = ?').pluck()
  const wanted = db.prepare('select name from chunks where sealed is null and name > ? order by name limit ?').pluck()
  const countWanted = db.prepare('select count(*) from chunks where sealed is null').pluck()
  const users = db.prepare('select holder from chunk_uses where name = ? order by holder').pluck()
  const begin = db.prepare('insert or ignore into uploads values (?, ?)')
  const end = db.prepare('delete from uploads where holder = ?')
  const oldUploads = db.prepare('select holder from uploads where since < ?').pluck()

  const sealed = (name: string, content: Uint8Array): Uint8Array => sealer.seal(content, `chunk ${name}`)
  /** Gives whether something is gone from the file by it. */
  const setUses = (holder: string, names: ReadonlySet<string>): boolean => {
    let gone = 0
    for (const name of names) {
      want.run(name)
      addUse.run(holder, name)
    }
    for (const name of namesOf.all(holder) as string[])
      if (!names.has(name)) {
        dropUse.run(holder, name)
        gone += dropUnused.run(name).changes
      }
    end.run(holder)
    return gone > 0
  }

  return {
    async use(holder, names) {
      if (atomically(() => setUses(holder, new Set(names)))) scrub()
    },
    async hold(holder, since, name, content) {
      atomically(() => {
        begin.run(holder, since)
        want.run(name)
        addUse.run(holder, name)
        if (isHere.get(name) === undefined) fill.run(sealed(name, content), name)
      })
    },
    async fill(name, content) {
      if (isKnown.get(name) === undefined) return false
      if (isHere.get(name) === undefined) atomically(() => fill.run(sealed(name, content), name))
      return true
    },
    async chunk(name) {
      const found = find.get(name) as Uint8Array | null | undefined
      return found ? sealer.open(found, `chunk ${name}`) : undefined
    },
    async lose(name) {
      atomically(() => empty.run(name))
    },
    missing: async (names) => names.filter((name) => isHere.get(name) === undefined),
    wanted: async (after, limit) => wanted.all(after, limit) as string[],
    countWanted: async () => countWanted.get() as number,
    usedBy: async (holder) => namesOf.all(holder) as string[],
    usersOf: async (name) => users.all(name) as string[],
    async sweep(since) {
      const old = oldUploads.all(since) as string[]
      const gone = atomically(() => old.map((holder) => setUses(holder, new Set())))
      if (gone.includes(true)) scrub()
      return old.length
    },
  }
}
