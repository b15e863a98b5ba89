/**
 * What is made before a measurement of ours, and never timed: a replica's file with records, changes in it, and a copy
 * of its updates as plain rows for the floor, so that both move the same bytes.
 */
import Database from 'better-sqlite3'
import { collectionNumber } from '../../src/replica/collections.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { changeSome, writeRecords } from '../documents.ts'
import { answer } from '../processes.ts'
import { master, openRole, type Pair, type Role } from './ours-pair.ts'

export type OursStore = typeof handlers
const handlers = {
  async write(pair: Pair, file: string, documents: number): Promise<void> {
    const replica = await openRole(pair, 'site', file)
    await writeRecords(replica, pair.site, documents)
    await replica.close()
  },
  /** Changes records; resolves with the highest seq before. */
  async change(pair: Pair, role: Role, file: string, count: number): Promise<number> {
    const replica = await openRole(pair, role, file)
    const { head } = replica.replication.declared()
    await changeSome(replica, count, role)
    await replica.close()
    return head
  },
  /** Appends the updates beyond `after` to the plain rows of the floor; resolves with their bytes. */
  async copyUpdates(file: string, after: number, plain: string): Promise<number> {
    const store = await openSqliteStore({ file, master })
    const db = new Database(plain)
    db.exec('create table if not exists rows(id integer primary key, bytes blob not null)')
    const insert = db.prepare('insert into rows(bytes) values (?)')
    let bytes = 0
    for (let from = after, tail = false; !tail;) {
      const part = await store.rowsAfter(collectionNumber('patients'), from, 4 * 1024 * 1024)
      db.transaction(() => part.rows.forEach((row) => insert.run(row.update)))()
      for (const row of part.rows) bytes += row.update.length
      from = part.rows.at(-1)?.seq ?? from
      tail = part.tail
    }
    db.close()
    await store.close()
    return bytes
  },
}
answer(handlers)
