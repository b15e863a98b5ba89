/**
 * The named staff of a site's console with their roles, privileges and second factors, their sessions, and the trail of
 * what they did. Secrets of second factors are sealed; links by which a user begins are kept as hashes and work once.
 */
import Database from 'better-sqlite3'
import type { Clock } from '../../replica/clock.ts'
import type { Sealer } from '../../replica/sealing.ts'
import { statementsOf } from '../../replica/sqlite-statements.ts'
import { auditTrail } from '../audit-sqlite.ts'
import { secretsOf } from '../secrets-sqlite.ts'
import { sessionTable } from '../sessions-sqlite.ts'
import type { Privilege, Rights, Role } from './privileges.ts'

export interface Staff extends Rights {
  readonly id: string
  readonly name: string
  readonly initials: string
  /** Null before the user has taken up the link. */
  readonly password: string | null
  readonly hasSecondFactor: boolean
  readonly disabled: boolean
}
export type StaffStore = ReturnType<typeof openStaffStore>

/** How long the link of a new user holds. */
export const linkLasts = 24 * 3_600_000

interface Row { id: string; name: string; initials: string; password: string | null; roles: string; granted: string; denied: string; totp: Uint8Array | null; totp_step: number; disabled_at: number | null } // prettier-ignore

export function openStaffStore(file: string, master: Sealer, clock: Clock) {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec(`
    create table if not exists users(id text primary key, name text not null unique collate nocase, initials text not null, password text, roles text not null, granted text not null, denied text not null, totp blob, totp_step integer not null default 0, link_hash text unique, link_until integer, disabled_at integer);
    create table if not exists staff(id text primary key, name text not null unique, initials text not null, password text not null);
    insert or ignore into users(id, name, initials, password, roles, granted, denied) select id, name, initials, password, '["admin"]', '[]', '[]' from staff;
    drop table staff;`)
  const makeKey = (): string => Buffer.from(clock.bytes(32)).toString('base64')
  const key = Buffer.from(secretsOf(db, master)('audit key', makeKey), 'base64')
  const audit = auditTrail(db, { key, clock })
  const sessions = sessionTable(db)
  const sql = statementsOf(db)
  const staffOf = (row: Row | undefined): Staff | undefined =>
    row && {
      id: row.id,
      name: row.name,
      initials: row.initials,
      password: row.password,
      roles: JSON.parse(row.roles) as Role[],
      granted: JSON.parse(row.granted) as Privilege[],
      denied: JSON.parse(row.denied) as Privilege[],
      hasSecondFactor: row.totp !== null,
      disabled: row.disabled_at !== null,
    }
  const one = (where: string, value: string): Staff | undefined =>
    staffOf(sql(`select * from users where ${where}`).get(value) as Row | undefined)
  const admins = (): number =>
    sql(`select count(*) from users where disabled_at is null and exists (select 1 from json_each(roles) where value = 'admin')`)
      .pluck()
      .get() as number // prettier-ignore
  /** Undoes a change after which nobody could manage users any more. */
  const keepingAnAdmin = (change: () => void): boolean => {
    try {
      db.transaction(() => {
        const before = admins()
        change()
        if (before > 0 && admins() === 0) throw new NoAdminLeft()
      })()
      return true
    } catch (error) {
      if (error instanceof NoAdminLeft) return false
      throw error
    }
  }
  return {
    audit,
    sessions,
    close() {
      audit.close()
      db.close()
    },
    isEmpty: () => sql('select count(*) from users').pluck().get() === 0,
    all: () => (sql('select * from users order by name').all() as Row[]).map((row) => staffOf(row)!),
    /** Adds the first user, an admin; false where there is one already, whoever was faster. */
    addFirst: (row: { id: string; name: string; initials: string; password: string }) =>
      sql(
        `insert into users(id, name, initials, password, roles, granted, denied) select ?, ?, ?, ?, '["admin"]', '[]', '[]' where not exists (select 1 from users)`,
      ).run(row.id, row.name, row.initials, row.password).changes === 1,
    /** Adds a user who begins by a link; false where the name is taken. */
    add: (row: { id: string; name: string; initials: string; roles: readonly Role[]; linkHash: string }) =>
      sql(
        `insert or ignore into users(id, name, initials, roles, granted, denied, link_hash, link_until) values (?, ?, ?, ?, '[]', '[]', ?, ?)`,
      ).run(row.id, row.name, row.initials, JSON.stringify(row.roles), row.linkHash, clock.now() + linkLasts)
        .changes === 1,
    named: (name: string) => one('name = ?', name),
    staff: (id: string) => one('id = ?', id),
    /** Who may begin by the link of this hash now. */
    ofLink: (hash: string) =>
      staffOf(
        sql('select * from users where link_hash = ? and link_until >= ? and disabled_at is null').get(
          hash,
          clock.now(),
        ) as Row | undefined,
      ),
    /** Takes up a link, which is over by it: false where somebody was faster. */
    begin: (id: string, hash: string, password: string) =>
      sql('update users set password = ?, link_hash = null, link_until = null where id = ? and link_hash = ?').run(
        password,
        id,
        hash,
      ).changes === 1,
    /** Takes password, second factor and sessions from a user, who begins anew by the link of this hash. */
    reset: db.transaction((id: string, linkHash: string) => {
      sql('update users set password = null, totp = null, totp_step = 0, link_hash = ?, link_until = ? where id = ?').run(
        linkHash,
        clock.now() + linkLasts,
        id,
      )
      sessions.endOthers(id)
    }), // prettier-ignore
    /** False where no admin would be left. */
    setRights: (id: string, { roles, granted, denied }: Rights) =>
      keepingAnAdmin(() => {
        sql('update users set roles = ?, granted = ?, denied = ? where id = ?').run(
          ...[roles, granted, denied].map((list) => JSON.stringify(list)),
          id,
        )
      }),
    /** Ends the sessions too; false where no admin would be left. */
    disable: (id: string) =>
      keepingAnAdmin(() => {
        sql('update users set disabled_at = coalesce(disabled_at, ?), link_hash = null where id = ?').run(clock.now(), id)
        sessions.endOthers(id)
      }), // prettier-ignore
    enable: (id: string) => sql('update users set disabled_at = null where id = ?').run(id),
    /** The secret of the second factor, and the newest step that was used of it. */
    secondFactor(id: string): { readonly secret: Uint8Array; readonly step: number } | undefined {
      const row = sql('select totp, totp_step from users where id = ?').get(id) as Pick<Row, 'totp' | 'totp_step'> | undefined // prettier-ignore
      return row?.totp ? { secret: master.open(row.totp, `second factor ${id}`), step: row.totp_step } : undefined
    },
    setSecondFactor: (id: string, secret: Uint8Array, step: number) =>
      sql('update users set totp = ?, totp_step = ? where id = ? and totp is null').run(master.seal(secret, `second factor ${id}`), step, id).changes === 1, // prettier-ignore
    /** Uses up a step and all before it; false where it was used, whoever was faster. */
    useStep: (id: string, step: number) =>
      sql('update users set totp_step = ? where id = ? and totp_step < ?').run(step, id, step).changes === 1,
  }
}

class NoAdminLeft extends Error {}
