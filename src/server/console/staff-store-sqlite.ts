/** The named staff of a site's console and their sessions. */
import Database from 'better-sqlite3'
import type { SessionRow, SessionStore } from '../sessions.ts'

export interface Staff {
  readonly id: string
  readonly name: string
  readonly initials: string
  readonly password: string
}
export type StaffStore = ReturnType<typeof openStaffStore>

export function openStaffStore(file: string) {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec(`create table if not exists staff(id text primary key, name text not null unique, initials text not null, password text not null);
    create table if not exists sessions(token_hash text primary key, account text not null, csrf text not null, created integer not null, seen integer not null);`)
  const sql = (text: string): Database.Statement => db.prepare(text)
  const sessions: SessionStore = {
    addSession: (tokenHash, row) =>
      sql('insert into sessions values (?, ?, ?, ?, ?)').run(tokenHash, row.account, row.csrf, row.created, row.seen),
    session: (tokenHash) => sql('select * from sessions where token_hash = ?').get(tokenHash) as SessionRow | undefined,
    touchSession: (tokenHash, seen) => sql('update sessions set seen = ? where token_hash = ?').run(seen, tokenHash),
    endSession: (tokenHash) => sql('delete from sessions where token_hash = ?').run(tokenHash),
  }
  return {
    ...sessions,
    close: () => void db.close(),
    isEmpty: () => sql('select count(*) from staff').pluck().get() === 0,
    add: (row: Staff) => sql('insert into staff values (?, ?, ?, ?)').run(row.id, row.name, row.initials, row.password),
    named: (name: string) => sql('select * from staff where name = ? collate nocase').get(name) as Staff | undefined,
    staff: (id: string) => sql('select * from staff where id = ?').get(id) as Staff | undefined,
  }
}
