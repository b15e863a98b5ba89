/**
 * What an account signs in with beside its password: a confirmed email, passkeys, and codes that were emailed; and the
 * wrong tries at it. Addresses are sealed and found by a keyed hash; codes are kept as keyed hashes and used once.
 */
import type Database from 'better-sqlite3'
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../replica/clock.ts'
import type { Sealer } from '../replica/sealing.ts'
import { statementsOf } from '../replica/sqlite-statements.ts'

export interface Passkey {
  readonly id: string
  readonly account: string
  /** COSE, base64url. */
  readonly public_key: string
  readonly counter: number
  /** Browser and device where it was made. */
  readonly agent: string
  readonly made_at: number
  readonly used_at: number | null
}
/** What a code is for: it is good for nothing else. */
export type CodeFor = 'sign in' | 'again' | 'email'
export interface WrongTries { readonly count: number; readonly last_at: number; readonly told_at: number | null } // prettier-ignore
export type Accounts = ReturnType<typeof accountTables>

/** How long a code holds, and how many may be tried (ASVS 6.5.5, 6.6.3). */
export const codeLasts = 10 * 60_000
const codeTries = 5

export function accountTables(db: Database.Database, options: { key: Uint8Array; master: Sealer; clock: Clock }) {
  const { key, master, clock } = options
  db.exec(`
    create table if not exists account_emails(account text primary key, hash text not null unique, sealed blob not null);
    create table if not exists passkeys(id text primary key, account text not null, public_key text not null, counter integer not null, agent text not null, made_at integer not null, used_at integer);
    create table if not exists emailed_codes(browser text not null, purpose text not null, account text, code text not null, until integer not null, tries integer not null, asked text not null, email blob, primary key (browser, purpose));
    create table if not exists wrong_tries(account text primary key, count integer not null, last_at integer not null, told_at integer);`)
  const hash = (...parts: readonly string[]): string =>
    createHmac('sha256', key).update(JSON.stringify(parts)).digest('hex')
  const sql = statementsOf(db)
  const seal = (text: string, context: string): Uint8Array => master.seal(Buffer.from(text), context)
  const open = (sealed: Uint8Array, context: string): string => Buffer.from(master.open(sealed, context)).toString()
  const plain = (email: string): string => email.trim().toLowerCase()

  interface CodeRow { account: string | null; code: string; until: number; tries: number; email: Uint8Array | null } // prettier-ignore
  return {
    /** The confirmed email of an account. */
    emailOf(account: string): string | undefined {
      const sealed = sql('select sealed from account_emails where account = ?').pluck().get(account)
      return sealed ? open(sealed as Uint8Array, `email ${account}`) : undefined
    },
    accountOfEmail: (email: string) =>
      sql('select account from account_emails where hash = ?')
        .pluck()
        .get(hash('email', plain(email))) as string | undefined,
    /** Confirms an email for an account; false where another account has it. */
    setEmail: db.transaction((account: string, email: string): boolean => {
      const held = sql('select account from account_emails where hash = ?')
        .pluck()
        .get(hash('email', plain(email)))
      if (held !== undefined && held !== account) return false
      sql('insert or replace into account_emails values (?, ?, ?)').run(
        account,
        hash('email', plain(email)),
        seal(plain(email), `email ${account}`),
      )
      return true
    }),

    passkeys: (account: string) =>
      sql('select * from passkeys where account = ? order by made_at').all(account) as Passkey[],
    passkey: (id: string) => sql('select * from passkeys where id = ?').get(id) as Passkey | undefined,
    addPasskey: (row: Omit<Passkey, 'made_at' | 'used_at'>) =>
      sql('insert into passkeys values (?, ?, ?, ?, ?, ?, null)').run(row.id, row.account, row.public_key, row.counter, row.agent, clock.now()), // prettier-ignore
    usedPasskey: (id: string, counter: number) =>
      sql('update passkeys set counter = ?, used_at = ? where id = ?').run(counter, clock.now(), id),
    removePasskey: (account: string, id: string) =>
      sql('delete from passkeys where account = ? and id = ?').run(account, id).changes === 1,

    /**
     * A new code of 6 digits for a browser; an earlier one for the same is over. Without an account it is made all the
     * same, so that nobody learns by it which addresses are known: it never fits. `asked`: the name that was written;
     * `email`: the address that it confirms.
     */
    mintCode: db.transaction(
      (browser: string, purpose: CodeFor, account: string | undefined, asked: string, email?: string) => {
        sql('delete from emailed_codes where until < ?').run(clock.now())
        const code = sixDigits(clock)
        const sealed = email === undefined ? null : seal(plain(email), `code ${browser}`)
        sql('insert or replace into emailed_codes values (?, ?, ?, ?, ?, 0, ?, ?)').run(
          browser,
          purpose,
          account ?? null,
          hash('code', browser, code),
          clock.now() + codeLasts,
          hash('asked', plain(asked)),
          sealed,
        )
        return code
      },
    ),
    /** Whose code it is, which is used up by it; undefined where it does not fit, was used, is over or was tried too often. */
    useCode: db.transaction((browser: string, purpose: CodeFor, code: string) => {
      const where = 'where browser = ? and purpose = ?'
      // Counted before it is looked at.
      sql(`update emailed_codes set tries = tries + 1 ${where}`).run(browser, purpose)
      const row = sql(`select * from emailed_codes ${where}`).get(browser, purpose) as CodeRow | undefined
      if (!row || row.until < clock.now() || row.tries > codeTries) return undefined
      const fits = timingSafeEqual(Buffer.from(row.code), Buffer.from(hash('code', browser, code)))
      if (!fits || row.account === null) return undefined
      sql(`delete from emailed_codes ${where}`).run(browser, purpose)
      return { account: row.account, ...(row.email ? { email: open(row.email, `code ${browser}`) } : {}) }
    }),
    /** What the code of a browser was asked for, known or not: its tries are counted by that, and alike. */
    askedFor: (browser: string, purpose: CodeFor) =>
      sql('select account, asked from emailed_codes where browser = ? and purpose = ?').get(browser, purpose) as
        { readonly account: string | null; readonly asked: string } | undefined,

    /** One more wrong try at an account; how many since its person last saw the notice of them. */
    wrongTry: (account: string) =>
      sql(
        'insert into wrong_tries values (?, 1, ?, null) on conflict (account) do update set count = count + 1, last_at = excluded.last_at returning count, last_at, told_at',
      ).get(account, clock.now()) as WrongTries,
    wrongTries: (account: string) =>
      sql('select count, last_at, told_at from wrong_tries where account = ?').get(account) as WrongTries | undefined,
    toldOfTries: (account: string) =>
      sql('update wrong_tries set told_at = ? where account = ?').run(clock.now(), account),
    seenTries: (account: string) => sql('delete from wrong_tries where account = ?').run(account),
  }
}

/** `000000` to `999999`, each as likely. */
function sixDigits(clock: Clock): string {
  for (;;) {
    const drawn = Buffer.from(clock.bytes(4)).readUInt32BE()
    // The rest of 2^32 would make low numbers likelier.
    if (drawn < 4_294_000_000) return String(drawn % 1_000_000).padStart(6, '0')
  }
}
