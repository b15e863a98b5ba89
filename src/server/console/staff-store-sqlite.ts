/** The named staff of a site's console, their sessions, and the trail of what they did. */
import Database from 'better-sqlite3'
import type { Clock } from '../../replica/clock.ts'
import type { Sealer } from '../../replica/sealing.ts'
import { auditTrail } from '../audit-sqlite.ts'
import { secretsOf } from '../secrets-sqlite.ts'
import { sessionTable } from '../sessions-sqlite.ts'

export interface Staff {
  readonly id: string
  readonly name: string
  readonly initials: string
  readonly password: string
}
export type StaffStore = ReturnType<typeof openStaffStore>

export function openStaffStore(file: string, master: Sealer, clock: Clock) {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec(
    'create table if not exists staff(id text primary key, name text not null unique, initials text not null, password text not null)',
  )
  const makeKey = (): string => Buffer.from(clock.bytes(32)).toString('base64')
  const key = Buffer.from(secretsOf(db, master)('audit key', makeKey), 'base64')
  const audit = auditTrail(db, { key, clock })
  const sql = (text: string): Database.Statement => db.prepare(text)
  return {
    audit,
    sessions: sessionTable(db),
    close() {
      audit.close()
      db.close()
    },
    isEmpty: () => sql('select count(*) from staff').pluck().get() === 0,
    /** Adds the first user; false where there is one already, whoever was faster. */
    addFirst: (row: Staff) =>
      sql('insert into staff select ?, ?, ?, ? where not exists (select 1 from staff)').run(
        row.id,
        row.name,
        row.initials,
        row.password,
      ).changes === 1,
    named: (name: string) => sql('select * from staff where name = ? collate nocase').get(name) as Staff | undefined,
    staff: (id: string) => sql('select * from staff where id = ?').get(id) as Staff | undefined,
  }
}
