/**
 * Three accounts of the same money, compared: what moved at the card processor, what the portal says of each payment, and
 * the deposits as they stand in InSched. A pure function: each difference is named once, with what to do. What is on its
 * way (paid, refunded or disputed within the last day, and not in InSched yet) is counted apart, and is no difference.
 */
import { sumOf, type Money } from '../../replica/kinds/money.ts'
import type { Payment } from '../../replica/kinds/payments.ts'
import type { Movement } from './gateway.ts'

export const differenceKinds = [
  'unknown here',
  'unknown at the processor',
  'paid differs',
  'refunds differ',
  'disputes differ',
  'not posted',
  'deposit deleted',
  'deposit differs',
] as const
export type DifferenceKind = (typeof differenceKinds)[number]

export interface Difference {
  readonly kind: DifferenceKind
  /** Our payment; null where only the processor knows it. */
  readonly payment: string | null
  /** The payments document; null where only the processor knows it. */
  readonly patient: string | null
  readonly transaction: string | null
  /** What is missing or too much, in minor units of `currency`. */
  readonly amount: number
  readonly currency: string
  readonly todo: string
}
export interface Reconciliation {
  /** Milliseconds UTC: of payments that moved from here on. */
  readonly from: number
  readonly until: number
  /** Minor units; what the processor moved, fees apart. */
  readonly processor: { readonly payments: number; readonly refunds: number; readonly disputes: number; readonly fees: number; readonly others: number } // prettier-ignore
  readonly portal: { readonly payments: number; readonly refunds: number; readonly disputes: number }
  /** What stands in InSched of these payments: amounts less what was refunded and voided. */
  readonly deposits: { readonly count: number; readonly net: number }
  /** Paid, and not yet written into InSched. */
  readonly notPosted: { readonly count: number; readonly amount: number }
  readonly differences: readonly Difference[]
}
export interface OwnPayment { readonly patient: string; readonly payment: Payment } // prettier-ignore

/** For so long a payment may be on its way to InSched. */
const onItsWay = 24 * 3_600_000

const todos: Readonly<Record<DifferenceKind, string>> = {
  'unknown here': 'The processor has a payment with our mark that the portal does not have. Find whose it is at the processor; if it is nobody’s, refund it there.', // prettier-ignore
  'unknown at the processor': 'The portal says that this was paid, and the processor’s account has no such movement. Ask the processor before anything is given back.', // prettier-ignore
  'paid differs': 'The amount at the processor is another one. Look at the payment there; the processor’s account is right.', // prettier-ignore
  'refunds differ': 'What was refunded at the processor is not what the portal says. Look at the payment there.',
  'disputes differ': 'What the processor holds because of a dispute is not what the portal says. Look at the dispute there.', // prettier-ignore
  'not posted': 'This was paid more than a day ago and has no deposit in InSched. See whether the office is online, and look at the reviews.', // prettier-ignore
  'deposit deleted': 'The deposit was deleted in InSched, and is not brought back. Enter it again by hand with this transaction ID, or refund the payment.', // prettier-ignore
  'deposit differs': 'Amount, Refunded or Voided Amount of the deposit is not what the payment comes to. Put it right in InSched.', // prettier-ignore
}

/** `ours`: all payments of the practice; `movements`: all of the account from `from` on, whose payments are those compared. */
export function reconcile(given: {
  readonly movements: readonly Movement[]
  readonly ours: readonly OwnPayment[]
  /** Transactions of the account that carry our mark, whether the portal has them or not. */
  readonly marked: ReadonlySet<string>
  /** What InSched has of a transaction whose payment is not here any more, since its patient was erased; undefined: nothing that is known. */
  readonly kept: (transaction: string) => number | undefined
  readonly from: number
  readonly until: number
}): Reconciliation {
  const { movements, ours, from, until } = given
  const byTransaction = Map.groupBy(movements, (one) => one.transaction)
  const known = new Map(ours.flatMap((one) => (one.payment.paid ? [[one.payment.paid.transaction, one] as const] : [])))
  const sum = (list: readonly Movement[], ...what: Movement['what'][]): number => list.reduce((all, one) => all + (what.includes(one.what) ? one.amount.minor : 0), 0) // prettier-ignore
  const moved = (list: readonly Movement[]): number => sum(list, 'payment', 'refund', 'refund failed', 'dispute', 'dispute reversal') // prettier-ignore
  // What was erased with its patient is no difference while it comes to what InSched has.
  const isSettled = (id: string): boolean => !known.has(id) && given.kept(id) === moved(byTransaction.get(id) ?? [])
  const marked = new Set([...given.marked].filter((id) => !isSettled(id)))
  // Of a payment whose own movement is older, not all movements are here.
  const whole = new Set([...byTransaction].flatMap(([id, list]) => (id !== null && list.some((one) => one.what === 'payment') ? [id] : []))) // prettier-ignore
  const differences: Difference[] = []
  const differ = (kind: DifferenceKind, amount: Money, of: { transaction?: string | undefined; own?: OwnPayment | undefined }): void =>
    void differences.push({ kind, payment: of.own?.payment.id ?? null, patient: of.own?.patient ?? null, transaction: of.transaction ?? of.own?.payment.paid?.transaction ?? null, amount: amount.minor, currency: amount.currency, todo: todos[kind] }) // prettier-ignore
  const moneyIn = (payment: Payment, minor: number): Money => ({ minor, currency: payment.amount.currency })

  for (const id of whole) {
    const list = byTransaction.get(id)!
    const own = known.get(id)
    const paid = sum(list, 'payment')
    if (!own) {
      if (marked.has(id)) differ('unknown here', { minor: paid, currency: list[0]!.amount.currency }, { transaction: id }) // prettier-ignore
      continue
    }
    const { payment } = own
    const gaps = [
      ['paid differs', paid - payment.amount.minor],
      ['refunds differ', sum(list, 'refund', 'refund failed') + payment.refunded.minor],
      ['disputes differ', sum(list, 'dispute', 'dispute reversal') + payment.withdrawn.minor],
    ] as const
    for (const [kind, gap] of gaps) if (gap !== 0) differ(kind, moneyIn(payment, gap), { own })
  }
  const compared = ours.filter(({ payment }) => payment.paid && (payment.movedAt >= from || whole.has(payment.paid.transaction))) // prettier-ignore
  for (const own of compared) {
    const { payment } = own
    const { transaction, at } = payment.paid!
    // The portal heard of it within the time whose movements are here, so the processor's should be among them.
    if (at >= from + onItsWay && !byTransaction.has(transaction)) differ('unknown at the processor', payment.amount, { own }) // prettier-ignore
    depositGap(own)
  }
  function depositGap(own: OwnPayment): void {
    const { payment } = own
    const late = until - payment.movedAt > onItsWay
    if (!payment.posted) return void (late && differ('not posted', payment.amount, { own }))
    const seen = payment.deposits.filter((one) => one.amounts !== null)
    if (payment.deposits.length > 0 && seen.length === 0) return differ('deposit deleted', payment.amount, { own }) // prettier-ignore
    const gap = netOf(seen) - expectedOf(payment)
    if (gap !== 0 && (late || !isOnItsWay(payment))) differ('deposit differs', moneyIn(payment, gap), { own })
  }

  const { currency } = movements[0]?.amount ?? compared[0]?.payment.amount ?? { currency: 'usd' }
  const total = (pick: (payment: Payment) => Money): number => sumOf(compared.map(({ payment }) => pick(payment)).filter((one) => one.currency === currency), currency).minor // prettier-ignore
  const isOurs = (one: Movement): boolean => one.transaction !== null && (known.has(one.transaction) || marked.has(one.transaction)) // prettier-ignore
  const own = movements.filter(isOurs)
  const unposted = compared.filter(({ payment }) => !payment.posted)
  const standing = compared.flatMap(({ payment }) => payment.deposits.filter((one) => one.amounts !== null))
  return {
    from,
    until,
    processor: {
      payments: sum(own, 'payment'),
      refunds: sum(own, 'refund', 'refund failed'),
      disputes: sum(own, 'dispute', 'dispute reversal'),
      fees: own.reduce((all, one) => all + one.fee, 0),
      others: movements.filter((one) => !isOurs(one)).length,
    },
    portal: {
      payments: total((one) => one.amount),
      refunds: -total((one) => one.refunded) || 0,
      disputes: -total((one) => one.withdrawn) || 0,
    },
    deposits: { count: standing.length, net: netOf(standing) },
    notPosted: { count: unposted.length, amount: unposted.reduce((all, one) => all + one.payment.amount.minor, 0) },
    differences,
  }
}

/** What a deposit of the payment should come to. */
function expectedOf({ amount, refunded, withdrawn }: Payment): number {
  return amount.minor - refunded.minor - withdrawn.minor
}

/** Whether the deposits stand as they did before the newest move: InSched has not been told of it yet. */
function isOnItsWay(payment: Payment): boolean {
  return payment.moves.length > 0 && payment.deposits.every((one) => one.amounts !== null)
}

/** What the deposits of a payment come to in InSched, minor units; null where none stands. */
export function standsAt(payment: Payment): number | null {
  const seen = payment.deposits.filter((one) => one.amounts !== null)
  return seen.length === 0 ? null : netOf(seen)
}

function netOf(list: readonly Payment['deposits'][number][]): number {
  return list.reduce((all, { amounts }) => all + (amounts ? amounts.amount - amounts.refunded - amounts.voided : 0), 0)
}
