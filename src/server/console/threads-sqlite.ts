/** Threads as the staff of one console deal with them: whose each is, since when, closed or not, internal notes (sealed), and who has seen what. */
import type Database from 'better-sqlite3'
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import type { Sealer } from '../../replica/sealing.ts'

export const threadDeeds = ['assigned', 'unassigned', 'closed', 'reopened'] as const
export type ThreadDeed = (typeof threadDeeds)[number]

/** What was done with a thread: when, by which user, and to whom it went. */
export interface ThreadStep { readonly did: ThreadDeed; readonly at: number; readonly by: string; readonly to: string | null } // prettier-ignore
export interface Note { readonly id: string; readonly at: number; readonly by: string; readonly text: string } // prettier-ignore
/** How a thread stands. A message that comes after `closedAt` opens it again. */
export interface ThreadCare { readonly assigned: string | null; readonly closedAt: number | null } // prettier-ignore

interface Row { thread: string; assigned: string | null; closed_at: number | null } // prettier-ignore

const notCared: ThreadCare = { assigned: null, closedAt: null }

export function threadTables(db: Database.Database, master: Sealer, clock: Clock) {
  db.exec(`
    create table if not exists threads(thread text primary key, patient text not null, assigned text, closed_at integer);
    create table if not exists thread_steps(number integer primary key, thread text not null, did text not null, at integer not null, by text not null, whom text);
    create index if not exists thread_steps_of on thread_steps(thread);
    create table if not exists notes(id text primary key, thread text not null, patient text not null, at integer not null, by text not null, sealed blob not null);
    create index if not exists notes_of on notes(thread);
    create table if not exists seen(thread text not null, user text not null, at integer not null, primary key (thread, user)) without rowid;`)
  const sql = (text: string): Database.Statement => db.prepare(text)
  const careOf = (row: Row | undefined): ThreadCare => (row ? { assigned: row.assigned, closedAt: row.closed_at } : notCared) // prettier-ignore
  const about = (id: string): string => `note ${id}`
  const step = (
    { thread, patient }: { thread: string; patient: string },
    did: ThreadDeed,
    by: string,
    set: string,
    value: unknown,
    to: string | null = null,
  ): void =>
    db.transaction(() => {
      sql('insert or ignore into threads values (?, ?, null, null)').run(thread, patient)
      sql(`update threads set ${set} = ? where thread = ?`).run(value, thread)
      sql('insert into thread_steps(thread, did, at, by, whom) values (?, ?, ?, ?, ?)').run(thread, did, clock.now(), by, to) // prettier-ignore
    })()
  type Which = { readonly thread: string; readonly patient: string }
  return {
    careOf: (thread: string) => careOf(sql('select * from threads where thread = ?').get(thread) as Row | undefined),
    /** Gives a thread to a user; null: to nobody. */
    assign: (which: Which, to: string | null, by: string) =>
      step(which, to === null ? 'unassigned' : 'assigned', by, 'assigned', to, to),
    /** Whether a user has said whose a thread is, also that it is nobody's. */
    isGivenByHand: (thread: string) =>
      sql(`select 1 from thread_steps where thread = ? and did in ('assigned', 'unassigned')`).get(thread) !==
      undefined,
    closeThread: (which: Which, by: string) => step(which, 'closed', by, 'closed_at', clock.now()),
    reopen: (which: Which, by: string) => step(which, 'reopened', by, 'closed_at', null),
    stepsOf: (thread: string) =>
      sql('select did, at, by, whom as "to" from thread_steps where thread = ? order by number').all(thread) as ThreadStep[], // prettier-ignore
    /** Adds an internal note. */
    note({ thread, patient }: Which, text: string, by: string): void {
      const id = mintUlid(clock)
      sql('insert into notes values (?, ?, ?, ?, ?, ?)').run(id, thread, patient, clock.now(), by, master.seal(Buffer.from(text), about(id))) // prettier-ignore
    },
    notesOf: (thread: string): Note[] =>
      (sql('select id, at, by, sealed from notes where thread = ? order by at, id').all(thread) as (Omit<Note, 'text'> & { sealed: Uint8Array })[])
        .map(({ id, at, by, sealed }) => ({ id, at, by, text: Buffer.from(master.open(sealed, about(id))).toString() })), // prettier-ignore
    /** Notes that a user has seen a thread up to `at`. */
    see: (thread: string, user: string, at: number) =>
      sql('insert into seen values (?, ?, ?) on conflict do update set at = max(at, excluded.at)').run(thread, user, at), // prettier-ignore
    /** Up to when a user has seen each thread, milliseconds UTC. */
    seenBy: (user: string) =>
      new Map(
        (sql('select thread, at from seen where user = ?').all(user) as { thread: string; at: number }[]).map((row) => [row.thread, row.at]), // prettier-ignore
      ),
    /** Forgets the threads of a patient; returns them. */
    forgetThreads(patient: string): string[] {
      const threads = sql('select thread from threads where patient = ? union select thread from notes where patient = ?').pluck().all(patient, patient) as string[] // prettier-ignore
      for (const table of ['seen', 'thread_steps'])
        sql(`delete from ${table} where thread in (select thread from threads where patient = ? union select thread from notes where patient = ?)`).run(patient, patient) // prettier-ignore
      sql('delete from notes where patient = ?').run(patient)
      sql('delete from threads where patient = ?').run(patient)
      return threads
    },
  }
}
