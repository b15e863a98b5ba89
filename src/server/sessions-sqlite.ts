/** The sessions of a portal or a console as rows: hashes of tokens, never a token. */
import type Database from 'better-sqlite3'

export interface SessionRow {
  readonly account: string
  /** What the CSRF tokens of its forms are made of. */
  readonly csrf: string
  readonly created: number
  readonly seen: number
  /** Whose record the session shows, where its account has several: `<practice>/<patient>`. */
  readonly viewing: string | null
  /** When its person last showed who they are. */
  readonly proved: number
  /** Browser and device, for the list of sessions. */
  readonly agent: string
}

export type SessionStore = ReturnType<typeof sessionTable>

export function sessionTable(db: Database.Database) {
  // Made by versions before; a session is never worth carrying over.
  db.exec(`drop table if exists sessions; drop table if exists signed_in;
    create table if not exists open_sessions(token_hash text primary key, account text not null, csrf text not null, created integer not null, seen integer not null, viewing text, proved integer not null, agent text not null);`)
  const add = db.prepare('insert into open_sessions values (?, ?, ?, ?, ?, ?, ?, ?)')
  const get = db.prepare('select * from open_sessions where token_hash = ?')
  const touch = db.prepare('update open_sessions set seen = ? where token_hash = ?')
  const view = db.prepare('update open_sessions set viewing = ? where token_hash = ? returning account')
  const end = db.prepare('delete from open_sessions where token_hash = ? returning account')
  const endOthers = db.prepare('delete from open_sessions where account = ? and token_hash <> ?')
  const of = db.prepare('select * from open_sessions where account = ? order by seen desc')
  const sweep = db.prepare('delete from open_sessions where seen < ? or created < ?')
  const listeners: ((account: string) => void)[] = []
  const tell = (account: string | undefined): void => {
    if (account !== undefined) for (const run of listeners) run(account)
  }
  return {
    /** Calls `run` with an account when a session of it ended here or shows another record. */
    onChange: (run: (account: string) => void) => void listeners.push(run),
    add: (tokenHash: string, row: SessionRow) =>
      void add.run(tokenHash, row.account, row.csrf, row.created, row.seen, row.viewing, row.proved, row.agent),
    get: (tokenHash: string) => get.get(tokenHash) as SessionRow | undefined,
    /** The sessions of an account, the one that was seen last first; `token_hash` names each. */
    of: (account: string) => of.all(account) as (SessionRow & { readonly token_hash: string })[],
    touch: (tokenHash: string, seen: number) => void touch.run(seen, tokenHash),
    view: (tokenHash: string, viewing: string) => tell(view.pluck().get(viewing, tokenHash) as string | undefined),
    end: (tokenHash: string) => tell(end.pluck().get(tokenHash) as string | undefined),
    /** Ends all sessions of an account but this one; all where none is named. */
    endOthers(account: string, tokenHash = '') {
      endOthers.run(account, tokenHash)
      tell(account)
    },
    /** Forgets sessions last seen or begun before these times. */
    sweep: (seenBefore: number, createdBefore: number) => void sweep.run(seenBefore, createdBefore),
  }
}
