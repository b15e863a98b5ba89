/**
 * Payments as deposits of InSched (DOM-11): one deposit for each payment, unapplied, unique by its transaction ID for ever,
 * also when staff deleted it. What moved money afterwards sets Refunded and Voided Amount on that deposit, once for each
 * move, so that what staff write there later stands. A payment that was another patient's is reversed on the one deposit
 * and made anew as another, never edited. What stands in InSched is told as it was seen.
 */
import { derivedUlid } from '../../replica/ids.ts'
import type { By } from '../../replica/kinds/kind.ts'
import { foldPayments, type Payment, type PaymentEntry } from '../../replica/kinds/payments.ts'
import { inSchedCurrency, plainAmount } from '../../replica/kinds/money.ts'
import type { DocumentHead, Edit } from '../../replica/replica-face.ts'
import { wallClockOf } from '../../mirror/wall-clock.ts'
import type { KeptDeposit } from './agent-rows.ts'
import type { DepositRow } from './deposit-tables.ts'
import type { Changes, Reads } from './insched.ts'
import type { AuditRow, PatientRow } from './rows.ts'
import type { WriterParts } from './writer-parts.ts'

type Told = Record<string, PaymentEntry>
/** What a deposit is to hold. */
interface Amounts { readonly amount: number; readonly refunded: number; readonly voided: number } // prettier-ignore

/** Refunded is what went back to the card, Voided what the processor holds because of a dispute. */
const amountsOf = (payment: Payment): Amounts => ({ amount: payment.amount.minor, refunded: payment.refunded.minor, voided: payment.withdrawn.minor }) // prettier-ignore

/** The effect that sets what the moves so far come to. */
const movesEffect = ({ id, moves }: Payment): string => `deposit moves:${id}:${derivedUlid(...moves)}`
const assignEffect = (assigned: string): string => `deposit assigned:${assigned}`
const depositEffect = ({ paid }: Payment): string => `deposit:${paid!.transaction}`
/** The first deposit has the processor's id; one that was made anew for another patient names that it is a later one. */
const transactionOf = ({ paid, assigned }: Payment): string => paid!.transaction + (assigned.length > 0 ? `#${assigned.length}` : '') // prettier-ignore

/** The effects by which a payment came to its deposits, as far as the document says that it did. */
export function toldEffects(payment: Payment): string[] {
  const { paid, assigned, deposits, moves } = payment
  if (!paid) return []
  const now = deposits.find((one) => one.transaction === transactionOf(payment))
  return [
    depositEffect(payment),
    ...(now && assigned.length > 0 ? [assignEffect(assigned.at(-1)!.id)] : []),
    // Of a deposit that staff deleted nothing is set any more.
    ...(now?.amounts && moves.length > 0 ? [movesEffect(payment)] : []),
  ]
}

/** Whether the document says how a deposit stood last. */
const isTold = ({ deposits }: Payment, kept: KeptDeposit): boolean => deposits.some((one) => one.deposit === kept.deposit_id && one.rank >= kept.rank) // prettier-ignore

/** What is said of deposits as they stand in InSched. */
export function depositsSeen(clock: { now(): number }, by: By) {
  const entryOf = (kept: KeptDeposit, row: DepositRow | undefined, rank: number): Told => {
    const { deposit_id: deposit, transaction_id: transaction, payment } = kept
    const said = { at: clock.now(), by, payment, deposit, transaction, rank }
    if (!row) return { [`deposit deleted:${deposit}`]: { kind: 'deposit deleted', ...said } }
    const [amount, refunded, voided] = [row.amount_cents, row.refunded_cents ?? 0, row.voided_cents ?? 0]
    return { [`deposit seen:${deposit}:${rank}:${amount}:${refunded}:${voided}`]: { kind: 'deposit seen', ...said, amount, refunded, voided } } // prettier-ignore
  }
  const now = async (reads: Reads, kept: KeptDeposit, rank: number): Promise<Edit> => ({ collection: 'payments', key: kept.document, add: entryOf(kept, await reads.deposit(kept.deposit_id), rank) }) // prettier-ignore
  return {
    entryOf,
    /** What others did to deposits of ours, from their rows of the feed. */
    async told(reads: Reads, rows: readonly AuditRow[]): Promise<{ readonly edits: Edit[]; readonly ranks: readonly (readonly [number, number])[] }> {
      const edits: Edit[] = []
      const ranks: (readonly [number, number])[] = []
      for (const [id, audit] of new Map(rows.map((row) => [Number(row.row_id), row.audit_id]))) {
        const kept = await reads.keptDeposit(id)
        if (!kept) continue
        const rank = Math.max(audit, kept.rank)
        edits.push(await now(reads, kept, rank))
        ranks.push([id, rank])
      }
      return { edits, ranks }
    },
    /** All deposits of ours, for a replica that was told nothing. */
    all: async (reads: Reads): Promise<Edit[]> => {
      const edits: Edit[] = []
      for (const kept of await reads.keptDeposits()) edits.push(await now(reads, kept, kept.rank))
      return edits
    },
  }
} // prettier-ignore

/** Makes the deposits of a patient's payments. */
export function depositWriter(parts: WriterParts & { readonly by: By; readonly zone: (now: Reads) => Promise<string> }) {
  const { replica, insched, clock, by, upToDate, apply, isDone, patientRow, review } = parts
  const { entryOf } = depositsSeen(clock, by)

  const posted = (payment: Payment, deposit: number, transaction: string): Told => ({
    [`posted:${payment.id}`]: { kind: 'posted', at: clock.now(), by, payment: payment.id, deposit, transaction },
  })
  const notPosted = (head: DocumentHead, payment: Payment, why: string, todo: string): Edit[] => [
    review('payment not posted', {
      key: derivedUlid('payment not posted', payment.id, why),
      patient: head.facts.patient,
      event: null,
      why: `${plainAmount(payment.amount)} ${payment.amount.currency.toUpperCase()} was paid by card (${payment.paid!.transaction}). ${why}`,
      todo,
    }),
  ]
  const saidOf = (head: DocumentHead, add: Told): Edit[] => [{ collection: 'payments', key: head.key, add }]
  /** What a deposit of ours says now, in words that are the same whenever they are said. */
  const stands = async (now: Reads, kept: KeptDeposit): Promise<Told> => entryOf(kept, await now.deposit(kept.deposit_id), kept.rank)
  const addEffects = async (change: Changes, effects: readonly string[]): Promise<void> => {
    for (const effect of effects)
      if (!(await isDone(change, effect))) await change.addEffect(effect, new Date(clock.now()).toISOString())
  }

  /** The plan that the payment is a deposit for; null where it is for none, or the plan is not here any more. */
  const planOf = async (now: Reads, { plan }: Payment): Promise<number | null> => {
    const identity = plan === null ? undefined : await now.identity(plan)
    return identity && identity.gone === 0 ? identity.local_id : null
  }
  const make = async (change: Changes, head: DocumentHead, payment: Payment, patient: PatientRow): Promise<KeptDeposit> => {
    const { paid, at } = payment
    const transaction = transactionOf(payment)
    const { amount, refunded, voided } = amountsOf(payment)
    const zone = await parts.zone(change)
    const method = paid!.last4 ? 'Credit Card' : 'Online'
    const deposit = await change.addDeposit({
      patient_id: patient.patient_id,
      deposited_on: wallClockOf(paid!.at, zone).slice(0, 10),
      amount_cents: amount,
      refunded_cents: refunded,
      voided_cents: voided,
      card_last4: paid!.last4,
      authorization_code: paid!.authorization,
      transaction_id: transaction,
      plan_id: await planOf(change, payment),
      payment_method: paid!.brand ? `${method} (${paid!.brand})` : method,
      description: `Patient portal, paid ${wallClockOf(at, zone).replace('T', ' ')}`,
      paid_by: payment.by.name ?? '',
    })
    return keep(change, head, payment, deposit, transaction)
  }
  const keep = async (change: Changes, head: DocumentHead, payment: Payment, deposit: number, transaction: string): Promise<KeptDeposit> => {
    const rank = await change.lastAuditId()
    const kept = { deposit_id: deposit, transaction_id: transaction, payment: payment.id, document: head.key, current: 1, rank }
    await change.keepDeposit(kept)
    return kept
  }
  /** What a deposit holds is another now: its rank grows, whether or not the feed has deposits. */
  const set = async (change: Changes, kept: KeptDeposit, refunded: number, voided: number): Promise<KeptDeposit> => {
    await change.setDeposit(kept.deposit_id, refunded, voided)
    const rank = Math.max(await change.lastAuditId(), kept.rank + 1)
    await change.seenDeposit(kept.deposit_id, rank)
    return { ...kept, rank }
  }

  /** The first time: a deposit, unless staff entered it by hand under this transaction ID. */
  const post = async (change: Changes, head: DocumentHead, payment: Payment): Promise<Edit[]> => {
    const patient = await patientRow(change, payment.assigned.at(-1)?.to ?? head.facts.patient)
    if (patient === 'held') return []
    if (!patient)
      return notPosted(head, payment, 'The patient is not, or no longer, in this InSched database, so no deposit was made.', 'Assign the payment to the right patient under Payments.')
    const transaction = transactionOf(payment)
    const byHand = await change.depositWith(transaction)
    if (byHand && (byHand.patient_id !== patient.patient_id || byHand.amount_cents !== payment.amount.minor))
      return notPosted(head, payment, `Deposit ${byHand.deposit_id} has this transaction ID, but is of another patient or another amount.`, 'Put that deposit right in InSched, or assign the payment under Payments.')
    let kept: KeptDeposit | undefined
    await apply(change, depositEffect(payment), async () => {
      kept = byHand ? await keep(change, head, payment, byHand.deposit_id, transaction) : await make(change, head, payment, patient)
    })
    // A deposit that is new holds what moved so far; one that staff made is given it after.
    await addEffects(change, [...payment.assigned.map((one) => assignEffect(one.id)), ...(byHand ? [] : [movesEffect(payment)])])
    return saidOf(head, { ...posted(payment, kept!.deposit_id, transaction), ...(await stands(change, kept!)) })
  }

  /** It was another patient's: the deposit is reversed, and one is made anew for the right one. */
  const assign = async (change: Changes, head: DocumentHead, payment: Payment, kept: KeptDeposit): Promise<Edit[]> => {
    const last = payment.assigned.at(-1)!
    const patient = await patientRow(change, last.to)
    if (patient === 'held') return []
    if (!patient)
      return notPosted(head, payment, 'It was assigned to a patient who is not, or no longer, in this InSched database.', 'Assign it to another patient under Payments.')
    const row = await change.deposit(kept.deposit_id)
    const now: KeptDeposit[] = []
    await apply(change, assignEffect(last.id), async () => {
      if (row) now.push(await set(change, kept, 0, row.amount_cents))
      await change.formerDeposit(kept.deposit_id)
      // Of a deposit that staff deleted nothing is made again.
      if (row) now.push(await make(change, head, payment, patient))
    })
    await addEffects(change, [...payment.assigned.slice(0, -1).map((one) => assignEffect(one.id)), movesEffect(payment)])
    let told: Told = {}
    for (const one of now) told = { ...told, ...(await stands(change, one)) }
    return saidOf(head, told)
  }

  /** Money has moved since: the deposit says so, once. */
  const move = async (change: Changes, head: DocumentHead, payment: Payment, kept: KeptDeposit): Promise<Edit[]> => {
    if (!(await change.deposit(kept.deposit_id))) return saidOf(head, await stands(change, kept))
    const { refunded, voided } = amountsOf(payment)
    let now = kept
    await apply(change, movesEffect(payment), async () => {
      now = await set(change, kept, refunded, voided)
    })
    return saidOf(head, await stands(change, now))
  }

  const settle = async (change: Changes, head: DocumentHead, payment: Payment): Promise<Edit[]> => {
    if (parts.may.deposits !== true) return notPosted(head, payment, 'The mapping of this database lets the agent write no deposits.', 'Enter it in InSched by hand.')
    if (payment.amount.currency !== inSchedCurrency)
      return notPosted(head, payment, 'InSched holds dollars, so no deposit was made.', 'Enter it in InSched by hand.')
    if (!(await isDone(change, depositEffect(payment)))) return post(change, head, payment)
    const kept = await change.currentDeposit(payment.id)
    if (!kept) return []
    const last = payment.assigned.at(-1)
    // After a crash between the two: it is there, and was not said.
    const again = payment.posted ? [] : saidOf(head, { ...posted(payment, kept.deposit_id, kept.transaction_id), ...(await stands(change, kept)) })
    if (last && !(await isDone(change, assignEffect(last.id)))) return [...again, ...(await assign(change, head, payment, kept))]
    if (payment.moves.length > 0 && !(await isDone(change, movesEffect(payment)))) return [...again, ...(await move(change, head, payment, kept))]
    return again.length > 0 || isTold(payment, kept) ? again : saidOf(head, await stands(change, kept))
  }

  /** Whether nothing is left to do for a payment that was paid. */
  const isSettled = async (now: Reads, payment: Payment): Promise<boolean> => {
    const last = payment.assigned.at(-1)
    if (!payment.posted || !(await isDone(now, depositEffect(payment)))) return false
    if (last && !(await isDone(now, assignEffect(last.id)))) return false
    const kept = await now.currentDeposit(payment.id)
    if (kept && !isTold(payment, kept)) return false
    return payment.moves.length === 0 || !kept || (await isDone(now, movesEffect(payment))) || !(await now.deposit(kept.deposit_id))
  }

  return async (head: DocumentHead): Promise<void> => {
    const { payments } = foldPayments(await replica.entries('payments', head.key))
    for (const payment of payments.toReversed()) {
      if (!payment.paid || (await isSettled(insched, payment))) continue
      const edits = await upToDate((change) => settle(change, head, payment))
      if (edits.length > 0) await replica.change(edits)
    }
  }
} // prettier-ignore
