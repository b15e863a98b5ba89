/**
 * Payments of one patient: what staff ask for and wish (entries of the site), what the card processor did (entries of the
 * portal), and what stands in InSched (the site's writer). What is known of a payment is a fold by rank, never by clock:
 * paid stays paid, a refund that failed has failed, whatever arrives late, twice or from another replica. No card number
 * has a field here.
 */
import * as v from 'valibot'
import { dateSchema } from './access.ts'
import { entryIdSchema, inOrder, keySchema, saidSchema, ulidSchema, type By, type Entry } from './kind.ts'
import { moneySchema, sumOf, type Money } from './money.ts'

/** An id of the processor. */
const theirIdSchema = v.pipe(v.string(), v.minLength(1), v.maxLength(255))
const centsSchema = v.pipe(v.number(), v.integer(), v.minValue(0))
const reasonSchema = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(500))
const depositSchema = {
  ...saidSchema,
  payment: ulidSchema,
  /** The deposit's id in InSched. */
  deposit: v.pipe(v.number(), v.integer(), v.minValue(1)),
  transaction: theirIdSchema,
  /** The row of InSched's audit trail that it stood so after: the greatest one holds. */
  rank: v.pipe(v.number(), v.integer(), v.minValue(0)),
}

export const refundStates = ['pending', 'done', 'failed'] as const
export type RefundState = (typeof refundStates)[number]
/** From the first word to the last one: what was lost may be won by an appeal. */
export const disputeStates = ['inquiry', 'inquiry answered', 'inquiry closed', 'open', 'answered', 'lost', 'appealed', 'won'] as const // prettier-ignore
export type DisputeState = (typeof disputeStates)[number]
export const endedReasons = ['expired', 'failed', 'not begun'] as const
export type EndedReason = (typeof endedReasons)[number]

export const paymentSchema = v.variant('kind', [
  v.object({
    kind: v.literal('requested'),
    ...saidSchema,
    amount: moneySchema,
    due: v.nullable(dateSchema),
    /** What it is for, in words fit for the patient; they go to no processor. */
    words: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)),
    /** The plan that it is a deposit for. */
    plan: v.optional(keySchema),
  }),
  v.object({ kind: v.literal('request withdrawn'), ...saidSchema, request: entryIdSchema }),
  v.object({ kind: v.literal('refund asked'), ...saidSchema, payment: ulidSchema, amount: moneySchema, reason: reasonSchema }), // prettier-ignore
  v.object({ kind: v.literal('assigned'), ...saidSchema, payment: ulidSchema, to: keySchema, reason: reasonSchema }),
  v.object({ kind: v.literal('posted'), ...saidSchema, payment: ulidSchema, deposit: depositSchema.deposit, transaction: theirIdSchema }), // prettier-ignore
  v.object({ kind: v.literal('deposit seen'), ...depositSchema, amount: centsSchema, refunded: centsSchema, voided: centsSchema }), // prettier-ignore
  v.object({ kind: v.literal('deposit deleted'), ...depositSchema }),
  /** Its id is the payment's. */
  v.object({
    kind: v.literal('started'),
    ...saidSchema,
    amount: moneySchema,
    /** The request that it answers. */
    request: v.optional(entryIdSchema),
  }),
  v.object({ kind: v.literal('pending'), ...saidSchema, payment: ulidSchema }),
  v.object({ kind: v.literal('ended'), ...saidSchema, payment: ulidSchema, why: v.picklist(endedReasons) }),
  v.object({
    kind: v.literal('paid'),
    ...saidSchema,
    payment: ulidSchema,
    amount: moneySchema,
    /** The processor's id of the payment: the transaction ID of the deposit (DOM-11). */
    transaction: theirIdSchema,
    brand: v.nullable(v.pipe(v.string(), v.maxLength(40))),
    last4: v.nullable(v.pipe(v.string(), v.regex(/^\d{4}$/))),
    authorization: v.nullable(v.pipe(v.string(), v.maxLength(40))),
  }),
  v.object({
    kind: v.literal('refunded'),
    ...saidSchema,
    payment: ulidSchema,
    /** The processor's id of the refund. */
    refund: theirIdSchema,
    /** What asked for it; none where it was made at the processor. */
    asked: v.optional(entryIdSchema),
    amount: moneySchema,
    state: v.picklist(refundStates),
  }),
  /** The processor did not take the wish: no refund was made. */
  v.object({ kind: v.literal('refund refused'), ...saidSchema, asked: entryIdSchema, why: reasonSchema }),
  v.object({
    kind: v.literal('disputed'),
    ...saidSchema,
    payment: ulidSchema,
    dispute: theirIdSchema,
    amount: moneySchema,
    state: v.picklist(disputeStates),
  }),
  v.object({
    kind: v.literal('dispute money'),
    ...saidSchema,
    payment: ulidSchema,
    dispute: theirIdSchema,
    /** The processor's id of the movement on the account. */
    movement: theirIdSchema,
    amount: moneySchema,
    moved: v.picklist(['withdrawn', 'reinstated']),
  }),
])
export type PaymentEntry = v.InferOutput<typeof paymentSchema>
type Said<K extends PaymentEntry['kind']> = Entry<Extract<PaymentEntry, { kind: K }>>

export interface PaymentRequest {
  readonly id: string
  readonly at: number
  readonly by: By
  readonly amount: Money
  readonly due: string | null
  readonly words: string
  readonly plan: string | null
  readonly state: 'open' | 'pending' | 'paid' | 'withdrawn'
}
export interface Refund {
  /** The wish's entry, or the processor's id where nobody asked for it here. */
  readonly id: string
  readonly at: number
  readonly amount: Money
  readonly reason: string | null
  readonly by: By | null
  readonly refund: string | null
  readonly state: 'asked' | 'refused' | RefundState
}
export interface Dispute {
  readonly dispute: string
  readonly at: number
  readonly amount: Money
  readonly state: DisputeState
  /** What the processor holds of it now. */
  readonly withdrawn: Money
}
export interface DepositSeen {
  readonly deposit: number
  readonly transaction: string
  readonly rank: number
  /** As it stood last; null: it was deleted in InSched. */
  readonly amounts: { readonly amount: number; readonly refunded: number; readonly voided: number } | null
}
export type PaymentState = 'started' | 'pending' | 'ended' | 'paid'

export interface Payment {
  readonly id: string
  /** When it began, or what is known first of it. */
  readonly at: number
  readonly by: By
  readonly amount: Money
  readonly request: string | null
  /** The plan that it is a deposit for, as the request says. */
  readonly plan: string | null
  readonly state: PaymentState
  readonly ended: EndedReason | null
  readonly paid: Pick<Said<'paid'>, 'at' | 'amount' | 'transaction' | 'brand' | 'last4' | 'authorization'> | null
  readonly refunds: readonly Refund[]
  /** What went back by refunds that were done. */
  readonly refunded: Money
  readonly disputes: readonly Dispute[]
  /** What the processor holds because of disputes. */
  readonly withdrawn: Money
  /** What moved money after it was paid, as words that only become more: what a deposit was set by. */
  readonly moves: readonly string[]
  /** When it was paid or moved last, as far as it was said here; 0: never. */
  readonly movedAt: number
  readonly posted: { readonly deposit: number; readonly at: number } | null
  /** The deposits in InSched that were made of it, as they were seen last. */
  readonly deposits: readonly DepositSeen[]
  /** Whose it was said to be, one after the other. */
  readonly assigned: readonly { readonly id: string; readonly to: string }[]
}
export interface Payments {
  readonly requests: readonly PaymentRequest[]
  /** The newest first. */
  readonly payments: readonly Payment[]
}

/** What is known of a patient's payments; the same on every replica, whatever the order and however often it was said. */
export function foldPayments(entries: readonly Entry<PaymentEntry>[]): Payments {
  const ordered = entries.toSorted(inOrder)
  const all = <K extends PaymentEntry['kind']>(kind: K): Said<K>[] => {
    const found = new Map<string, Said<K>>()
    for (const entry of ordered) if (entry.kind === kind && !found.has(entry.id)) found.set(entry.id, entry as Said<K>)
    return [...found.values()]
  }
  const said = {
    paid: all('paid'),
    pending: all('pending'),
    ended: all('ended'),
    refunded: all('refunded'),
    asked: all('refund asked'),
    refused: all('refund refused'),
    disputed: all('disputed'),
    money: all('dispute money'),
    posted: all('posted'),
    assigned: all('assigned'),
    deposits: [...all('deposit seen'), ...all('deposit deleted')],
  }
  // What was paid is known also where its start was lost with a copy that was put back.
  const begun = new Map<string, Said<'started'> | Said<'paid'>>()
  for (const one of said.paid) if (!begun.has(one.payment)) begun.set(one.payment, one)
  for (const one of all('started')) begun.set(one.id, one)
  const requested = all('requested')
  const planOf = new Map(requested.map((one) => [one.id, one.plan ?? null]))
  const payments = [...begun].map(([id, first]) => paymentOf(id, first, said, planOf))
  const withdrawn = new Set(all('request withdrawn').map((one) => one.request))
  const requests = requested.map(({ id, at, by, amount, due, words, plan }): PaymentRequest => {
    const answers = payments.filter((one) => one.request === id)
    const state = answers.some((one) => one.state === 'paid')
      ? 'paid'
      : withdrawn.has(id)
        ? 'withdrawn'
        : answers.some((one) => one.state === 'pending')
          ? 'pending'
          : 'open'
    return { id, at, by, amount, due, words, plan: plan ?? null, state }
  })
  return { requests, payments: payments.toSorted((a, b) => inOrder(b, a)) }
}

interface AllSaid {
  readonly paid: readonly Said<'paid'>[]
  readonly pending: readonly Said<'pending'>[]
  readonly ended: readonly Said<'ended'>[]
  readonly refunded: readonly Said<'refunded'>[]
  readonly asked: readonly Said<'refund asked'>[]
  readonly refused: readonly Said<'refund refused'>[]
  readonly disputed: readonly Said<'disputed'>[]
  readonly money: readonly Said<'dispute money'>[]
  readonly posted: readonly Said<'posted'>[]
  readonly assigned: readonly Said<'assigned'>[]
  readonly deposits: readonly (Said<'deposit seen'> | Said<'deposit deleted'>)[]
}

function paymentOf(
  id: string,
  first: Said<'started'> | Said<'paid'>,
  said: AllSaid,
  planOf: ReadonlyMap<string, string | null>,
): Payment {
  const ofThis = <T extends { payment: string }>(list: readonly T[]): T[] => list.filter((one) => one.payment === id)
  const paid = ofThis(said.paid)[0] ?? null
  const ended = ofThis(said.ended)[0]
  const posted = ofThis(said.posted)[0]
  const { currency } = paid?.amount ?? first.amount
  const refunds = refundsOf(ofThis(said.asked), ofThis(said.refunded), said.refused)
  const money = ofThis(said.money)
  const disputes = disputesOf(ofThis(said.disputed), money)
  const done = ofThis(said.refunded).filter((one) => one.state !== 'pending')
  const request = first.kind === 'started' ? (first.request ?? null) : null
  return {
    id,
    at: first.at,
    by: first.by,
    amount: paid?.amount ?? first.amount,
    request,
    plan: request === null ? null : (planOf.get(request) ?? null),
    state: paid ? 'paid' : ended ? 'ended' : ofThis(said.pending).length > 0 ? 'pending' : 'started',
    ended: paid ? null : (ended?.why ?? null),
    paid: paid && { at: paid.at, amount: paid.amount, transaction: paid.transaction, brand: paid.brand, last4: paid.last4, authorization: paid.authorization }, // prettier-ignore
    refunds,
    refunded: sumOf(refunds.filter((one) => one.state === 'done').map((one) => one.amount), currency), // prettier-ignore
    disputes,
    withdrawn: sumOf(disputes.map((one) => one.withdrawn), currency), // prettier-ignore
    moves: [...new Set([...done.map((one) => `${one.refund} ${one.state}`), ...money.map((one) => one.movement)])].toSorted(), // prettier-ignore
    movedAt: Math.max(0, paid?.at ?? 0, ...[...done, ...money].map((one) => one.at)),
    posted: posted ? { deposit: posted.deposit, at: posted.at } : null,
    deposits: depositsOf(ofThis(said.deposits)),
    assigned: ofThis(said.assigned).map((one) => ({ id: one.id, to: one.to })),
  }
}

/** Of several the one of the highest rank; of one rank that which was said first. */
function highest<T>(list: readonly T[], rankOf: (one: T) => number): T | undefined {
  return list.reduce<T | undefined>((best, one) => (best === undefined || rankOf(one) > rankOf(best) ? one : best), undefined) // prettier-ignore
}

function refundsOf(
  asked: readonly Said<'refund asked'>[],
  refunded: readonly Said<'refunded'>[],
  refused: readonly Said<'refund refused'>[],
): Refund[] {
  const made = [...Map.groupBy(refunded, (one) => one.refund).values()].map((list) => highest(list, (one) => refundStates.indexOf(one.state))!) // prettier-ignore
  const wishes = new Map(asked.map((one) => [one.id, one]))
  const answered = new Set(made.map((one) => one.asked))
  return [
    ...made.map(({ at, amount, refund, asked: wish, state }): Refund => {
      const by = wish === undefined ? undefined : wishes.get(wish)
      return { id: wish ?? refund, at: by?.at ?? at, amount, reason: by?.reason ?? null, by: by?.by ?? null, refund, state } // prettier-ignore
    }),
    ...asked
      .filter((one) => !answered.has(one.id))
      .map(({ id, at, amount, reason, by }): Refund => {
        const state = refused.some((one) => one.asked === id) ? 'refused' : 'asked'
        return { id, at, amount, reason, by, refund: null, state }
      }),
  ].toSorted(inOrder)
}

function disputesOf(disputed: readonly Said<'disputed'>[], money: readonly Said<'dispute money'>[]): Dispute[] {
  const ids = new Set([...disputed, ...money].map((one) => one.dispute))
  return [...ids].toSorted().map((dispute): Dispute => {
    const moved = money.filter((one) => one.dispute === dispute)
    const states = disputed.filter((one) => one.dispute === dispute)
    const said = highest(states, (one) => disputeStates.indexOf(one.state))
    const first = states[0] ?? moved[0]!
    const movements = [...new Map(moved.map((one) => [one.movement, one])).values()]
    const held = movements.reduce((sum, one) => sum + (one.moved === 'withdrawn' ? one.amount.minor : -one.amount.minor), 0) // prettier-ignore
    return {
      dispute,
      at: first.at,
      amount: said?.amount ?? first.amount,
      state: said?.state ?? 'open',
      withdrawn: { minor: Math.max(0, held), currency: first.amount.currency },
    }
  })
}

function depositsOf(list: readonly (Said<'deposit seen'> | Said<'deposit deleted'>)[]): DepositSeen[] {
  return [...Map.groupBy(list, (one) => one.deposit)]
    .toSorted(([a], [b]) => a - b)
    .map(([deposit, states]): DepositSeen => {
      // What was deleted is not seen again: InSched gives no id twice.
      const last = highest(states, (one) => (one.kind === 'deposit deleted' ? Infinity : one.rank))!
      const amounts = last.kind === 'deposit seen' ? { amount: last.amount, refunded: last.refunded, voided: last.voided } : null // prettier-ignore
      return { deposit, transaction: last.transaction, rank: last.rank, amounts }
    })
}
