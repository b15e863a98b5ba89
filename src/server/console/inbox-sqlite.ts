/**
 * What helps the staff of one console with the inbox: to whom a new thread goes, whose attention an internal note asks for,
 * and answers that somebody has begun (sealed). A route is asked each time, so a changed one holds for all threads that
 * nobody was given by hand.
 */
import type Database from 'better-sqlite3'
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import type { Sealer } from '../../replica/sealing.ts'

/** A thread whose subject has one of the words, about an event at the location, goes to the user. No words, no location: any. */
export interface Route { readonly id: string; readonly words: readonly string[]; readonly location: string | null; readonly user: string } // prettier-ignore
/** What a thread is about, for a route to match. */
interface ThreadMatter { readonly subject: string; readonly location: string | null } // prettier-ignore

/** The first route that holds for a thread. */
export function routeFor(routes: readonly Route[], { subject, location }: ThreadMatter): Route | undefined {
  const said = subject.toLocaleLowerCase()
  return routes.find(
    (one) =>
      (one.location === null || one.location === location) &&
      (one.words.length === 0 || one.words.some((word) => said.includes(word.toLocaleLowerCase()))),
  )
}

export function inboxTables(db: Database.Database, master: Sealer, clock: Clock) {
  db.exec(`
    create table if not exists routes(id text primary key, words text not null, location text, user text not null) without rowid;
    create table if not exists mentions(thread text not null, user text not null, by text not null, at integer not null, primary key (thread, user)) without rowid;
    create table if not exists reply_drafts(thread text not null, user text not null, patient text not null, at integer not null, sealed blob not null, primary key (thread, user)) without rowid;`)
  const sql = (text: string): Database.Statement => db.prepare(text)
  const about = (thread: string, user: string): string => `draft ${thread} ${user}`
  return {
    /** In the order in which they were made, which is the order in which they are asked. */
    routes: (): Route[] =>
      (sql('select * from routes order by id').all() as (Omit<Route, 'words'> & { words: string })[]).map((row) => ({ ...row, words: JSON.parse(row.words) as string[] })), // prettier-ignore
    addRoute({ words, location, user }: Omit<Route, 'id'>): string {
      const id = mintUlid(clock)
      sql('insert into routes values (?, ?, ?, ?)').run(id, JSON.stringify(words), location, user)
      return id
    },
    removeRoute: (id: string) => sql('delete from routes where id = ?').run(id).changes === 1,
    /** Asks for the attention of a user in a thread. */
    mention: (thread: string, user: string, by: string) =>
      sql('insert into mentions values (?, ?, ?, ?) on conflict do update set by = excluded.by, at = excluded.at').run(thread, user, by, clock.now()), // prettier-ignore
    /** Notes that a user has looked at a thread in which their attention was asked for. */
    looked: (thread: string, user: string) =>
      sql('delete from mentions where thread = ? and user = ?').run(thread, user),
    /** The threads in which a user’s attention was asked for since they looked. */
    mentionsOf: (user: string) =>
      new Set(sql('select thread from mentions where user = ?').pluck().all(user) as string[]),
    /** Keeps an answer that a user has begun; an empty one is forgotten. */
    keepDraft(which: { readonly thread: string; readonly patient: string }, user: string, text: string): void {
      if (text.trim() === '') sql('delete from reply_drafts where thread = ? and user = ?').run(which.thread, user)
      else sql('insert or replace into reply_drafts values (?, ?, ?, ?, ?)').run(which.thread, user, which.patient, clock.now(), master.seal(Buffer.from(text), about(which.thread, user))) // prettier-ignore
    },
    draftOf(thread: string, user: string): string | null {
      const sealed = sql('select sealed from reply_drafts where thread = ? and user = ?').pluck().get(thread, user) as Uint8Array | undefined // prettier-ignore
      return sealed ? Buffer.from(master.open(sealed, about(thread, user))).toString() : null
    },
    draftsOf: (user: string) =>
      new Set(sql('select thread from reply_drafts where user = ?').pluck().all(user) as string[]),
    forgetInbox(patient: string, threads: readonly string[]): void {
      for (const thread of threads) sql('delete from mentions where thread = ?').run(thread)
      sql('delete from reply_drafts where patient = ?').run(patient)
    },
  }
}
