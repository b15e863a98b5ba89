/**
 * What the portal has begun at the card processor: a row is claimed before each call and settled after it, so that what a
 * crash or a lost answer leaves open is known and looked up. It outlives the processor's idempotency keys. Ids, times and
 * states, and what each payment stands at in InSched, which is still known when its patient was erased: the rest of the
 * amounts, and people, are in the replicas.
 */
import Database from 'better-sqlite3'
import { statementsOf } from '../../replica/sqlite-statements.ts'
import type { Notice } from './stripe-notices.ts'

export interface Begun {
  readonly payment: string
  readonly practice: string
  /** The payments document; null where only the processor has named it so far. */
  readonly patient: string | null
  readonly begun_at: number
  /** The page of the processor, once it is known. */
  readonly session: string | null
  readonly url: string | null
  /** Until when it can be paid; also where the page is not known. */
  readonly until: number
  readonly transaction_id: string | null
  /** Which try at making the page it is. */
  readonly attempt: number
  /** When it is to be looked at next; null: when something is heard of it. */
  readonly due_at: number | null
  readonly failures: number
  readonly problem: string | null
}
/** An account that is to be removed at the processor: `looked` is how often that was done, and why it was not. */
export interface Leaving { readonly practice: string; readonly account: string; readonly looked: number; readonly failures: number } // prettier-ignore
export interface HeldNotice { readonly event: string; readonly practice: string; readonly payment: string | null; readonly transaction_id: string | null } // prettier-ignore
export type PaymentLedger = ReturnType<typeof openPaymentLedger>

/** Opens the file; the portal, which has its folder for itself, is its one writer. */
export function openPaymentLedger(file: string) {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec(`
    create table if not exists payments(payment text primary key, practice text not null, patient text, begun_at integer not null, session text, url text,
      until integer not null, transaction_id text, attempt integer not null default 1, due_at integer, failures integer not null default 0, problem text);
    create index if not exists payments_due on payments(due_at) where due_at is not null;
    create index if not exists payments_transaction on payments(transaction_id);
    create table if not exists refunds(asked text primary key, payment text not null, attempt integer not null default 1, claimed_at integer not null, settled_at integer);
    create table if not exists notices(event text primary key, practice text not null, payment text, transaction_id text, at integer not null, handled integer not null default 0);
    create index if not exists notices_open on notices(handled) where handled = 0;
    create table if not exists payers(practice text not null, account text not null, payer text, attempt integer not null default 1, primary key (practice, account)) without rowid;
    create table if not exists standing(payment text primary key, net integer not null) without rowid;
    create table if not exists leaving(practice text not null, account text not null, due_at integer not null, looked integer not null default 0, failures integer not null default 0, problem text,
      primary key (practice, account)) without rowid;
    create table if not exists receipts(payment text primary key, at integer not null);
    create table if not exists reconciliations(practice text primary key, at integer not null, result text not null);`)
  const sql = statementsOf(db)
  const begun = (payment: string): Begun | undefined => sql('select * from payments where payment = ?').get(payment) as Begun | undefined // prettier-ignore
  return {
    begun,
    /** Claims a payment; of one that is known only the document is learnt. */
    claim(row: Pick<Begun, 'payment' | 'practice' | 'patient' | 'begun_at' | 'until' | 'due_at'>): Begun {
      sql('insert into payments(payment, practice, patient, begun_at, until, due_at) values (?, ?, ?, ?, ?, ?) on conflict(payment) do update set patient = coalesce(patient, excluded.patient)').run(
        row.payment, row.practice, row.patient, row.begun_at, row.until, row.due_at) // prettier-ignore
      return begun(row.payment)!
    },
    page: (payment: string, page: { session: string; url: string; until: number }) =>
      void sql('update payments set session = ?, url = ?, until = ? where payment = ?').run(page.session, page.url, page.until, payment), // prettier-ignore
    nextAttempt: (payment: string) => void sql('update payments set attempt = attempt + 1 where payment = ?').run(payment), // prettier-ignore
    transaction: (payment: string, id: string) => void sql('update payments set transaction_id = ? where payment = ?').run(id, payment), // prettier-ignore
    paymentOf: (transaction: string) => sql('select payment from payments where transaction_id = ?').pluck().get(transaction) as string | undefined, // prettier-ignore
    /** To be looked at from `at` on, or only when something is heard of it; a problem counts its failures. */
    due: (payment: string, at: number | null, problem: string | null = null) =>
      void sql('update payments set due_at = ?, problem = ?, failures = case when ? is null then 0 else failures + 1 end where payment = ?').run(at, problem, problem, payment), // prettier-ignore
    /** At once, whatever was planned; what has failed stays known. */
    dueNow: (payment: string, now: number) =>
      void sql('update payments set due_at = min(coalesce(due_at, ?), ?) where payment = ?').run(now, now, payment),
    /** All that is not over, at once: a portal that begins asks what it may have missed. */
    allDueNow: (now: number) => void sql('update payments set due_at = ? where due_at > ?').run(now, now),
    dueAt: (now: number, limit: number) => sql('select * from payments where due_at <= ? order by due_at limit ?').all(now, limit) as Begun[], // prettier-ignore
    nextDue: () => sql('select min(due_at) from payments').pluck().get() as number | null,
    problems: () => sql('select practice, count(*) as count, min(problem) as problem from payments where problem is not null group by practice').all() as { practice: string; count: number; problem: string }[], // prettier-ignore
    ofPractice: (practice: string) => sql('select * from payments where practice = ?').all(practice) as Begun[],

    /** What the deposits of a payment come to in InSched, minor units; null: there is none. */
    stands: (payment: string, net: number | null) => void (net === null
      ? sql('delete from standing where payment = ?').run(payment)
      : sql('insert into standing values (?, ?) on conflict do update set net = excluded.net where net <> excluded.net').run(payment, net)), // prettier-ignore
    standsAt: (transaction: string) => sql('select net from standing join payments using (payment) where transaction_id = ?').pluck().get(transaction) as number | undefined, // prettier-ignore

    /** Claims a refund before it is made; `isNew` where it was never tried. */
    claimRefund(asked: string, payment: string, now: number): { readonly attempt: number; readonly isNew: boolean } {
      const isNew = sql('insert or ignore into refunds(asked, payment, claimed_at) values (?, ?, ?)').run(asked, payment, now).changes === 1 // prettier-ignore
      return { attempt: sql('select attempt from refunds where asked = ?').pluck().get(asked) as number, isNew }
    },
    nextRefundAttempt: (asked: string) => void sql('update refunds set attempt = attempt + 1 where asked = ?').run(asked), // prettier-ignore
    settleRefund: (asked: string, now: number) => void sql('update refunds set settled_at = ? where asked = ?').run(now, asked), // prettier-ignore

    /** Keeps a notice; false where it was heard before. */
    hear: (practice: string, { id, payment, transaction }: Notice, now: number): boolean =>
      sql('insert or ignore into notices(event, practice, payment, transaction_id, at) values (?, ?, ?, ?, ?)').run(id, practice, payment, transaction, now).changes === 1, // prettier-ignore
    heard: () => sql('select * from notices where handled = 0 order by at').all() as HeldNotice[],
    handled: (event: string) => void sql('update notices set handled = 1 where event = ?').run(event),
    /** Claims the receipt of a payment: it is mailed at most once. */
    claimReceipt: (payment: string, now: number): boolean =>
      sql('insert or ignore into receipts values (?, ?)').run(payment, now).changes === 1,

    payerOf: (practice: string, account: string) => (sql('select payer from payers where practice = ? and account = ?').pluck().get(practice, account) ?? undefined) as string | undefined, // prettier-ignore
    /** Claims an account before the processor is told of it: which try it is. */
    claimPayer(practice: string, account: string): number {
      sql('insert or ignore into payers(practice, account) values (?, ?)').run(practice, account)
      return sql('select attempt from payers where practice = ? and account = ?').pluck().get(practice, account) as number // prettier-ignore
    },
    payer: (practice: string, account: string, payer: string) => void sql('update payers set payer = ? where practice = ? and account = ?').run(payer, practice, account), // prettier-ignore
    /** The processor knows the payer no more: the next is another try. */
    forgetPayer: (practice: string, account: string) => void sql('update payers set payer = null, attempt = attempt + 1 where practice = ? and account = ?').run(practice, account), // prettier-ignore

    isPayer: (practice: string, account: string): boolean => sql('select 1 from payers where practice = ? and account = ?').get(practice, account) !== undefined, // prettier-ignore
    /** Claims the removal of an account at the processor, due now. */
    leaves: (practice: string, account: string, now: number) =>
      void sql('insert into leaving(practice, account, due_at) values (?, ?, ?) on conflict do update set due_at = excluded.due_at, looked = 0').run(practice, account, now), // prettier-ignore
    leaving: (now: number, limit: number) => sql('select * from leaving where due_at <= ? order by due_at limit ?').all(now, limit) as Leaving[], // prettier-ignore
    nextLeaving: () => sql('select min(due_at) from leaving').pluck().get() as number | null,
    /** It was not done, and why. */
    leavesLater: (practice: string, account: string, at: number, problem: string) =>
      void sql('update leaving set due_at = ?, problem = ?, failures = failures + 1 where practice = ? and account = ?').run(at, problem, practice, account), // prettier-ignore
    /** It was done, and is looked at once more. */
    lookAgain: (practice: string, account: string, at: number) =>
      void sql('update leaving set due_at = ?, looked = looked + 1, problem = null, failures = 0 where practice = ? and account = ?').run(at, practice, account), // prettier-ignore
    /** There is nothing to remove, or no more of it. */
    stays: (practice: string, account: string) =>
      void sql('delete from leaving where practice = ? and account = ?').run(practice, account),
    /** Those whose removal has failed so far, by practice. */
    notRemoved: (practice: string) => sql('select count(*) as count, min(problem) as problem from leaving where practice = ? and problem is not null having count(*) > 0').get(practice) as { count: number; problem: string } | undefined, // prettier-ignore

    reconciled: (practice: string, at: number, result: string) =>
      void sql('insert or replace into reconciliations values (?, ?, ?)').run(practice, at, result),
    lastReconciliation: (practice: string) =>
      sql('select at, result from reconciliations where practice = ?').get(practice) as { at: number; result: string } | undefined, // prettier-ignore
    close: () => void db.close(),
  }
}
