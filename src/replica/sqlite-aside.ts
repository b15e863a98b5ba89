/** The rows that are kept aside (LINK-12), sealed, in a table of the replica's SQLite file. */
import type Database from 'better-sqlite3'
import type { Sealer } from './sealing.ts'
import { asideTable } from './sqlite-schema.ts'
import type { SqlitePeers } from './sqlite-peers.ts'
import type { Aside, AsideRow, AsideTotal, Store } from './store.ts'

export interface SqliteAside {
  /** To be called in a transaction. */
  change(changes: Aside): void
  totals(): AsideTotal[]
  of(...asked: Parameters<Store['asideOf']>): AsideRow[]
  after(...asked: Parameters<Store['asideAfter']>): { place: number; collection: number; key: string }[]
}

interface Kept extends Omit<AsideRow, 'peer' | 'packed'> { peer: number; sealed: Uint8Array } // prettier-ignore

/** The table of rows aside in `db`, made where it is missing. */
export function sqliteAside(db: Database.Database, sealer: Sealer, peers: SqlitePeers): SqliteAside {
  db.exec(asideTable)
  const insert = db.prepare('insert into aside values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const remove = db.prepare('delete from aside where place = ?')
  const removeUntil = db.prepare('delete from aside where review = ? and since <= ?')
  const rename = db.prepare('update aside set review = ? where review = ?')
  const totals = db.prepare(
    `select review, peer, count(*) rows, sum(size) bytes, min(since) since, max(since) newest, max(place) place
     from aside group by review order by review`,
  )
  const ofDocument = db.prepare(
    'select * from aside where collection = ? and key = ? and (seq, place) > (?, ?) order by seq, place limit ?',
  )
  const after = db.prepare('select place, collection, key from aside where place > ? order by place limit ?')
  const contextOf = (place: number): string => `aside ${place}`

  return {
    change({ put, drop, skip }) {
      for (const place of drop) remove.run(place)
      for (const { review, until, next } of skip) {
        removeUntil.run(review, until)
        rename.run(next, review)
      }
      for (const { place, peer, epoch, seq, collection, key, since, review, size, packed } of put)
        insert.run(place, peers.numberOf(peer), epoch, seq, collection, key, since, review, size, sealer.seal(packed, contextOf(place))) // prettier-ignore
    },
    totals: () =>
      (totals.all() as (Omit<AsideTotal, 'peer'> & { peer: number })[]).map((total) => ({
        ...total,
        peer: peers.nameOf(total.peer),
      })),
    of: (collection, key, { seq, place }, limit) =>
      (ofDocument.all(collection, key, seq, place, limit) as Kept[]).map(({ sealed, ...row }) => ({
        ...row,
        peer: peers.nameOf(row.peer),
        packed: sealer.open(sealed, contextOf(row.place)),
      })),
    after: (place, limit) => after.all(place, limit) as { place: number; collection: number; key: string }[],
  }
}
