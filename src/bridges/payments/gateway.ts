/**
 * What the portal needs of a card processor, in its own words: a hosted page to pay on, how a payment stands, refunds, and
 * what moved on the account. `stripe-gateway.ts` is the one there is. What goes to the processor is ids of ours, amounts
 * and the practice's display name: no patient, no procedure.
 */
import type { DisputeState, RefundState } from '../../replica/kinds/payments.ts'
import type { Money } from '../../replica/kinds/money.ts'

/** A page of the processor on which a payment is made. */
export interface Checkout {
  readonly session: string
  readonly url: string
  /** After this nobody can pay there; milliseconds UTC. */
  readonly until: number
}
export interface CheckoutWish {
  readonly practice: string
  readonly payment: string
  readonly amount: Money
  /** The practice's display name: the only words that the processor is given. */
  readonly name: string
  readonly language: string
  /** Where the processor sends the browser after paying, and after giving up. */
  readonly paidTo: string
  readonly backTo: string
  readonly until: number
  /** Who pays, as the processor knows them: it offers their saved cards, and to save another. */
  readonly payer?: string | undefined
  /** Tells one try from another: the same answers the same. */
  readonly key: string
}

/** A card that somebody saved at the processor; no more of it is known here. */
export interface SavedCard {
  readonly id: string
  readonly brand: string
  readonly last4: string
  /** `12/31`. */
  readonly expires: string
}

/** How a payment stands at the processor; amounts as they are there. */
export interface Snapshot {
  /** `open`: nobody has paid; `pending`: paid by a method that takes days. */
  readonly state: 'open' | 'pending' | 'paid' | 'expired' | 'failed'
  readonly paid: {
    readonly transaction: string
    readonly amount: Money
    readonly brand: string | null
    readonly last4: string | null
    readonly authorization: string | null
  } | null
  readonly refunds: readonly {
    readonly refund: string
    /** The wish of ours that it answers. */
    readonly asked: string | null
    readonly amount: Money
    readonly state: RefundState
  }[]
  readonly disputes: readonly {
    readonly dispute: string
    readonly amount: Money
    readonly state: DisputeState
    readonly movements: readonly {
      readonly id: string
      readonly moved: 'withdrawn' | 'reinstated'
      readonly amount: Money
    }[]
  }[]
}

/** One movement on the processor's account. Fees are beside it, never mixed in. */
export interface Movement {
  readonly id: string
  readonly at: number
  readonly what: 'payment' | 'refund' | 'refund failed' | 'dispute' | 'dispute reversal' | 'other'
  /** Signed: what came in is more than nothing. */
  readonly amount: Money
  readonly fee: number
  /** The processor's id of the payment; null where it is of none. */
  readonly transaction: string | null
  /** Of a payment, our mark on it: the practice that it is for. */
  readonly practice: string | null
}

export interface Gateway {
  /** Makes the page; asked again with the same key it gives the same one. */
  begin(wish: CheckoutWish): Promise<Checkout>
  /** The page that was made for a payment since `from` (milliseconds UTC), where it is not known whether one was. */
  findCheckout(payment: string, from: number): Promise<Checkout | undefined>
  /** How a payment stands, by its page or, once it was paid, by its transaction. */
  look(of: { readonly session: string } | { readonly transaction: string }): Promise<Snapshot>
  /** Gives money back; asked again with the same key it is the same refund. */
  refund(wish: { readonly transaction: string; readonly asked: string; readonly amount: Money; readonly key: string }): Promise<void>
  /** The processor's id of somebody who pays, known there by our ids alone: the one that there is, or a new one. */
  payer(of: { readonly practice: string; readonly account: string; readonly key: string }): Promise<string>
  /** The cards that a payer saved; undefined where the processor knows the payer no more. */
  cards(payer: string): Promise<readonly SavedCard[] | undefined>
  /** Takes a saved card away, for good; one that is gone already is no fault. */
  removeCard(card: string): Promise<void>
  /** Removes somebody who pays, with their cards: the one of that id, and whoever is known by our ids. Who is gone already is no fault. */
  removePayer(of: { readonly practice: string; readonly account: string; readonly payer: string | undefined }): Promise<void>
  /** Our payment that a transaction of the processor is of; undefined where it is of none. */
  paymentOf(transaction: string): Promise<{ readonly payment: string; readonly practice: string } | undefined>
  /** What moved on the account from `from` up to and without `until`, milliseconds UTC. */
  movements(from: number, until: number): AsyncIterable<Movement>
} // prettier-ignore

/**
 * A call that did not do what it should. `transient`: it was not done, and may be tried again. `ambiguous`: it may have
 * been done, and is to be looked up. `permanent`: the processor will not do it. The message names no datum of a person.
 */
export class ProcessorFault extends Error {
  override readonly name = 'ProcessorFault'
  readonly kind: 'transient' | 'ambiguous' | 'permanent'
  /** The processor gave an answer, which it repeats for the key of that call. */
  readonly isAnswer: boolean
  constructor(kind: ProcessorFault['kind'], message: string, options: ErrorOptions & { isAnswer?: boolean } = {}) {
    super(message, options)
    this.kind = kind
    this.isAnswer = options.isAnswer ?? false
  }
}
