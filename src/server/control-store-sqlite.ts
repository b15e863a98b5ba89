/**
 * The portal's own records beside the replicas: practices, sites with their enrolment codes, devices, accounts, sessions
 * and the audit trail. Secrets are sealed by the master key, tokens and codes kept as hashes. One process has it open.
 */
import Database from 'better-sqlite3'
import { createHash, createHmac } from 'node:crypto'
import type { Clock } from '../replica/clock.ts'
import type { Sealer } from '../replica/sealing.ts'
import { StoreRefused } from '../replica/store.ts'
import { statementsOf } from '../replica/sqlite-statements.ts'
import { accountTables } from './accounts-sqlite.ts'
import { auditTrail } from './audit-sqlite.ts'
import { draftTable } from './drafts-sqlite.ts'
import { secretsOf } from './secrets-sqlite.ts'
import { sessionTable } from './sessions-sqlite.ts'
import type { Language } from './words/language.ts'

export interface Practice { readonly id: string; readonly name: string; readonly zone: string; readonly replica: string } // prettier-ignore
export interface SiteRow { readonly id: string; readonly practice: string; readonly name: string; readonly heard_at: number | null; readonly retired_at: number | null } // prettier-ignore
export interface Account { readonly id: string; readonly name: string | null; readonly password: string | null } // prettier-ignore
export interface Patient { readonly practice: string; readonly patient: string } // prettier-ignore
/** Which browser took an invitation, by the hash of its cookie, for which account and patient. */
export interface Claim extends Patient { readonly browser: string; readonly account: string; readonly at: number } // prettier-ignore
export type ControlStore = ReturnType<typeof openControlStore>

/** The addresses remembered of an account. */
const addressesKept = 20

/** SHA-256 in hex: how tokens and codes are kept. */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** Opens the file; throws StoreRefused where another portal has it. */
export function openControlStore(file: string, master: Sealer, clock: Clock) {
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
    create table if not exists practices(id text primary key, name text not null, zone text not null, replica text not null);
    create table if not exists sites(id text primary key, practice text not null, name text not null, code_hash text, code_until integer, heard_at integer, retired_at integer);
    create table if not exists devices(replica text primary key, site text not null unique, public_key text not null, certificate text not null, revoked_at integer);
    create table if not exists stations(site text primary key, token_hash text not null unique);
    create table if not exists accounts(id text primary key, name text unique, password text);
    create table if not exists account_patients(account text not null, practice text not null, patient text not null, primary key (account, practice, patient));
    create index if not exists account_patients_patient on account_patients(practice, patient);
    create table if not exists account_addresses(account text not null, address text not null, seen_at integer not null, primary key (account, address));
    create table if not exists account_languages(account text primary key, language text not null);
    create table if not exists wrong_dates(invitation text primary key, count integer not null);
    create table if not exists claims(invitation text primary key, browser text not null, account text not null, at integer not null, practice text not null, patient text not null);`)
  const secret = secretsOf(db, master)
  const keyOf = (name: string): Buffer =>
    Buffer.from(
      secret(name, () => Buffer.from(clock.bytes(32)).toString('base64')),
      'base64',
    )
  const addressKey = keyOf('address key')
  // An address says where a person is: kept as a hash that only this portal can make.
  const addressHash = (address: string): string => createHmac('sha256', addressKey).update(address).digest('hex')
  const audit = auditTrail(db, { key: keyOf('audit key'), clock })
  const sql = statementsOf(db)
  return {
    secret,
    sessions: sessionTable(db),
    drafts: draftTable(db, { master, clock }),
    ...accountTables(db, { key: keyOf('account key'), master, clock }),
    audit,
    close() {
      audit.close()
      db.close()
    },
    practices: () => sql('select * from practices order by id').all() as Practice[],
    practice: (id: string) => sql('select * from practices where id = ?').get(id) as Practice | undefined,
    addPractice: (row: Practice) =>
      sql('insert into practices values (?, ?, ?, ?)').run(row.id, row.name, row.zone, row.replica),
    sites: () => sql('select id, practice, name, heard_at, retired_at from sites order by id').all() as SiteRow[],
    site: (id: string) =>
      sql('select id, practice, name, heard_at, retired_at from sites where id = ?').get(id) as SiteRow | undefined,
    addSite: (row: { id: string; practice: string; name: string; codeHash: string | null; until: number }) =>
      sql('insert into sites values (?, ?, ?, ?, ?, null, null)').run(
        row.id,
        row.practice,
        row.name,
        row.codeHash,
        row.until,
      ),
    siteOfCode: (codeHash: string) =>
      sql('select * from sites where code_hash = ?').get(codeHash) as (SiteRow & { code_until: number }) | undefined,
    /** Until when the enrolment code of a site that is not retired holds, milliseconds UTC; null where it has none. */
    codeUntil: (site: string) =>
      (sql('select code_until from sites where id = ? and code_hash is not null').pluck().get(site) as number | undefined) ?? null, // prettier-ignore
    heard: (site: string, at: number) => sql('update sites set heard_at = ? where id = ?').run(at, site),
    device: (site: string) =>
      sql('select * from devices where site = ?').get(site) as
        { replica: string; public_key: string; certificate: string; revoked_at: number | null } | undefined,
    addDevice: (row: { replica: string; site: string; publicKey: string; certificate: string }) =>
      sql('insert into devices values (?, ?, ?, ?, null)').run(row.replica, row.site, row.publicKey, row.certificate),
    /** Sites without an agent, by the hash of the token that each sends. */
    stations: () => sql('select site from stations order by site').pluck().all() as string[],
    stationOf: (tokenHash: string) =>
      sql('select site from stations where token_hash = ?').pluck().get(tokenHash) as string | undefined,
    /** Sets the token of a station; the one before is worth nothing from then on. */
    setStationToken: (site: string, tokenHash: string) =>
      sql('insert into stations values (?, ?) on conflict (site) do update set token_hash = excluded.token_hash').run(site, tokenHash), // prettier-ignore
    revokeDevice: (site: string, at: number) =>
      sql('update devices set revoked_at = coalesce(revoked_at, ?) where site = ?').run(at, site).changes === 1,
    retireSite: (site: string, at: number) =>
      sql('update sites set retired_at = coalesce(retired_at, ?), code_hash = null where id = ?').run(at, site),
    account: (id: string) => sql('select * from accounts where id = ?').get(id) as Account | undefined,
    accountNamed: (name: string) => sql('select * from accounts where name = ?').get(name) as Account | undefined,
    /** Sets name and password; `from`: the account that had the name so far and loses both. */
    setPassword: db.transaction((id: string, name: string, password: string, from?: string) => {
      if (from !== undefined) sql('update accounts set name = null, password = null where id = ?').run(from)
      sql('update accounts set name = ?, password = ? where id = ?').run(name, password, id)
    }),
    /** The language that an account chose to read in. */
    languageOf: (account: string) =>
      sql('select language from account_languages where account = ?').pluck().get(account) as Language | undefined,
    setLanguage: (account: string, language: Language) =>
      sql('insert or replace into account_languages values (?, ?)').run(account, language),
    patientsOf: (account: string) =>
      sql('select practice, patient from account_patients where account = ? order by rowid').all(account) as Patient[],
    /** The accounts that were ever given a patient. */
    accountsOf: (practice: string, patient: string) =>
      sql('select account from account_patients where practice = ? and patient = ?').pluck().all(practice, patient) as string[], // prettier-ignore
    /** Who took the invitation of this token hash. */
    claim: (invitation: string) =>
      sql('select * from claims where invitation = ?').get(invitation) as Claim | undefined,
    /** Takes an invitation: makes the account where it is new, with the patient among its patients. */
    takeInvitation: db.transaction((invitation: string, claim: Claim) => {
      const { browser, account, at, practice, patient } = claim
      sql('insert or ignore into accounts values (?, null, null)').run(account)
      sql('insert or ignore into account_patients values (?, ?, ?)').run(account, practice, patient)
      sql('insert or replace into claims values (?, ?, ?, ?, ?, ?)').run(
        invitation,
        browser,
        account,
        at,
        practice,
        patient,
      )
    }),
    /** Counts one more date for an invitation; the count with it. */
    countDate: (invitation: string) =>
      sql(
        'insert into wrong_dates values (?, 1) on conflict (invitation) do update set count = count + 1 returning count',
      )
        .pluck()
        .get(invitation) as number,
    /** Whether the account signed in from this address before. */
    knowsAddress: (account: string, address: string) =>
      sql('select 1 from account_addresses where account = ? and address = ?').get(account, addressHash(address)) !==
      undefined,
    rememberAddress: db.transaction((account: string, address: string) => {
      sql('insert or replace into account_addresses values (?, ?, ?)').run(account, addressHash(address), clock.now())
      sql(
        'delete from account_addresses where account = ? and address not in (select address from account_addresses where account = ? order by seen_at desc limit ?)',
      ).run(account, account, addressesKept)
    }),
  }
}
