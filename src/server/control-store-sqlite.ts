/**
 * The portal's own records beside the replicas: practices, sites with their enrolment codes, devices, accounts, sessions
 * and the audit chain. Secrets are sealed by the master key, tokens and codes kept as hashes. One process has it open.
 */
import Database from 'better-sqlite3'
import { createHash } from 'node:crypto'
import type { Sealer } from '../replica/sealing.ts'
import { StoreRefused } from '../replica/store.ts'

export interface Practice { readonly id: string; readonly name: string; readonly zone: string; readonly replica: string } // prettier-ignore
export interface SiteRow { readonly id: string; readonly practice: string; readonly name: string; readonly heard_at: number | null } // prettier-ignore
export interface Account { readonly id: string; readonly name: string | null; readonly password: string | null } // prettier-ignore
export interface Patient { readonly practice: string; readonly patient: string } // prettier-ignore
export interface Session { readonly account: string; readonly csrf: string; readonly created: number; readonly seen: number } // prettier-ignore
export type ControlStore = ReturnType<typeof openControlStore>

/** SHA-256 in hex: how tokens and codes are kept. */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** Opens the file; throws StoreRefused where another portal has it. */
export function openControlStore(file: string, master: Sealer) {
  const db = new Database(file)
  try {
    db.pragma('locking_mode = EXCLUSIVE')
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.exec('begin exclusive; commit')
  } catch (error) {
    db.close()
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY'))
      throw new StoreRefused(`A portal is running on this folder already (${file} is in use). Stop that one first.`, {
        cause: error,
      })
    throw error
  }
  db.exec(`
    create table if not exists secrets(name text primary key, sealed blob not null);
    create table if not exists practices(id text primary key, name text not null, zone text not null, replica text not null);
    create table if not exists sites(id text primary key, practice text not null, name text not null, code_hash text, code_until integer, heard_at integer);
    create table if not exists devices(replica text primary key, site text not null unique, public_key text not null, certificate text not null, revoked_at integer);
    create table if not exists accounts(id text primary key, name text unique, password text);
    create table if not exists account_patients(account text not null, practice text not null, patient text not null, primary key (account, practice, patient));
    create table if not exists sessions(token_hash text primary key, account text not null, csrf text not null, created integer not null, seen integer not null);
    create table if not exists wrong_dates(invitation text primary key, count integer not null);
    create table if not exists audit(number integer primary key, at integer not null, what text not null, hash text not null);`)
  const sql = (text: string): Database.Statement => db.prepare(text)
  return {
    close: () => void db.close(),
    /** A secret by name, made by `make` where it is not there yet. */
    secret(name: string, make: () => string): string {
      const sealed = sql('select sealed from secrets where name = ?').pluck().get(name) as Uint8Array | undefined
      if (sealed) return Buffer.from(master.open(sealed, `secret ${name}`)).toString()
      const made = make()
      sql('insert into secrets values (?, ?)').run(name, master.seal(Buffer.from(made), `secret ${name}`))
      return made
    },
    practices: () => sql('select * from practices order by id').all() as Practice[],
    practice: (id: string) => sql('select * from practices where id = ?').get(id) as Practice | undefined,
    addPractice: (row: Practice) =>
      sql('insert into practices values (?, ?, ?, ?)').run(row.id, row.name, row.zone, row.replica),
    sites: () => sql('select id, practice, name, heard_at from sites').all() as SiteRow[],
    site: (id: string) =>
      sql('select id, practice, name, heard_at from sites where id = ?').get(id) as SiteRow | undefined,
    addSite: (row: { id: string; practice: string; name: string; codeHash: string; until: number }) =>
      sql('insert into sites values (?, ?, ?, ?, ?, null)').run(
        row.id,
        row.practice,
        row.name,
        row.codeHash,
        row.until,
      ),
    siteOfCode: (codeHash: string) =>
      sql('select * from sites where code_hash = ?').get(codeHash) as (SiteRow & { code_until: number }) | undefined,
    heard: (site: string, at: number) => sql('update sites set heard_at = ? where id = ?').run(at, site),
    device: (site: string) =>
      sql('select * from devices where site = ?').get(site) as
        { replica: string; public_key: string; certificate: string; revoked_at: number | null } | undefined,
    addDevice: (row: { replica: string; site: string; publicKey: string; certificate: string }) =>
      sql('insert into devices values (?, ?, ?, ?, null)').run(row.replica, row.site, row.publicKey, row.certificate),
    account: (id: string) => sql('select * from accounts where id = ?').get(id) as Account | undefined,
    accountNamed: (name: string) => sql('select * from accounts where name = ?').get(name) as Account | undefined,
    addAccount: (id: string) => sql('insert into accounts values (?, null, null)').run(id),
    setPassword: (id: string, name: string, password: string) =>
      sql('update accounts set name = ?, password = ? where id = ?').run(name, password, id),
    patientsOf: (account: string) =>
      sql('select practice, patient from account_patients where account = ?').all(account) as Patient[],
    addPatient: (account: string, row: Patient) =>
      sql('insert or ignore into account_patients values (?, ?, ?)').run(account, row.practice, row.patient),
    addSession: (tokenHash: string, row: Session) =>
      sql('insert into sessions values (?, ?, ?, ?, ?)').run(tokenHash, row.account, row.csrf, row.created, row.seen),
    session: (tokenHash: string) =>
      sql('select * from sessions where token_hash = ?').get(tokenHash) as Session | undefined,
    touchSession: (tokenHash: string, seen: number) =>
      sql('update sessions set seen = ? where token_hash = ?').run(seen, tokenHash),
    endSession: (tokenHash: string) => sql('delete from sessions where token_hash = ?').run(tokenHash),
    /** Counts one more wrong date for an invitation; the count with it. */
    wrongDate: (invitation: string) =>
      sql(
        'insert into wrong_dates values (?, 1) on conflict (invitation) do update set count = count + 1 returning count',
      )
        .pluck()
        .get(invitation) as number,
    /** Appends to the audit chain; ids only. */
    audit(at: number, what: string) {
      const last =
        (sql('select hash from audit order by number desc limit 1').pluck().get() as string | undefined) ?? ''
      sql('insert into audit(at, what, hash) values (?, ?, ?)').run(at, what, hashOf(`${last} ${at} ${what}`))
    },
  }
}
