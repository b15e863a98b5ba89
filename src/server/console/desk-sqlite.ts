/**
 * What the staff of one console keep for themselves: who deals with which thread, internal notes, what is hidden from a
 * list, when an answer came in, and runs. A file of its own beside the replica's: nothing of it is in a document, so
 * nothing of it can reach the portal, a patient, or another site. Notes are sealed.
 */
import Database from 'better-sqlite3'
import type { Clock } from '../../replica/clock.ts'
import type { Sealer } from '../../replica/sealing.ts'
import { inboxTables } from './inbox-sqlite.ts'
import { runTable } from './runs-sqlite.ts'
import { threadTables } from './threads-sqlite.ts'

export type Desk = ReturnType<typeof openDesk>

/** Opens the file, made where it is missing. */
export function openDesk(file: string, master: Sealer, clock: Clock) {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec(`
    create table if not exists desk(began integer not null);
    create table if not exists received(entry text primary key, patient text, at integer not null) without rowid;
    create table if not exists hidden(entry text primary key, by text not null, at integer not null) without rowid;`)
  db.prepare('insert into desk select ? where not exists (select 1 from desk)').run(clock.now())
  const began = db.prepare('select began from desk').pluck().get() as number
  const threads = threadTables(db, master, clock)
  const inbox = inboxTables(db, master, clock)
  const receive = db.prepare('insert or ignore into received values (?, ?, ?)')
  const receivedAt = db.prepare('select at from received where entry = ?').pluck()
  const hide = db.prepare('insert or ignore into hidden values (?, ?, ?)')
  const show = db.prepare('delete from hidden where entry = ?')
  const isHidden = db.prepare('select 1 from hidden where entry = ?').pluck()
  const revision = db
    .prepare(
      `select (select count(*) from thread_steps) || ' ' || (select count(*) from notes) || ' ' || (select count(*) from hidden) || ' ' || (select count(*) from mentions) || ' ' || (select count(*) from routes)`,
    )
    .pluck()
  const forget = db.prepare('delete from received where patient = ?')
  return {
    ...threads,
    ...inbox,
    runs: runTable(db, clock),
    /** Notes when entries came here, the first time that they are met; what was said before this file began stays unknown. */
    receive: db.transaction((entries: readonly { id: string; at: number; patient: string | null }[]) => {
      for (const { id, at, patient } of entries) if (at >= began) receive.run(id, patient, clock.now())
    }),
    /** When an entry came here, milliseconds UTC; null where it is not known. */
    receivedAt: (entry: string) => (receivedAt.get(entry) as number | undefined) ?? null,
    hide: (entry: string, by: string) => hide.run(entry, by, clock.now()).changes === 1,
    show: (entry: string) => show.run(entry).changes === 1,
    isHidden: (entry: string) => isHidden.get(entry) !== undefined,
    /** Another word whenever something was done here that others see: a thread given or closed, a note, an entry hidden. */
    revision: () => revision.get() as string,
    /** Forgets all that is about a patient who was erased. */
    forget: db.transaction((patient: string) => {
      inbox.forgetInbox(patient, threads.forgetThreads(patient))
      forget.run(patient)
    }),
    close: () => void db.close(),
  }
}
