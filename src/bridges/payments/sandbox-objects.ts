/** The objects of the card sandbox: pages, payments, refunds, disputes and the movements on the account, with their JSON as Stripe's API gives it. */
import type { Clock } from '../../replica/clock.ts'

export interface Session {
  readonly id: string
  readonly created: number
  readonly until: number
  readonly amount: number
  readonly currency: string
  readonly name: string
  readonly metadata: Readonly<Record<string, string>>
  readonly paidTo: string
  readonly backTo: string
  /** Who pays, where the practice says so; what is saved is theirs. */
  readonly customer: Customer | null
  /** Whether its page offers to save the card. */
  readonly offersToSave: boolean
  status: 'open' | 'complete' | 'expired'
  charge: Charge | null
}
/** Somebody who pays, by our mark alone, and the cards that they saved. */
export interface Customer { readonly id: string; readonly created: number; readonly metadata: Readonly<Record<string, string>>; readonly cards: { readonly id: string; readonly created: number }[]; deleted?: boolean } // prettier-ignore
export interface Charge {
  readonly id: string
  readonly created: number
  readonly amount: number
  readonly currency: string
  readonly metadata: Readonly<Record<string, string>>
  readonly method: 'card' | 'bank'
  status: 'processing' | 'succeeded' | 'requires_payment_method'
  readonly refunds: SandboxRefund[]
  readonly disputes: SandboxDispute[]
}
export interface SandboxRefund { readonly id: string; readonly created: number; readonly charge: Charge; readonly amount: number; readonly metadata: Readonly<Record<string, string>>; status: 'succeeded' | 'failed' } // prettier-ignore
export interface SandboxDispute { readonly id: string; readonly created: number; readonly charge: Charge; readonly amount: number; readonly movements: SandboxMovement[]; status: 'needs_response' | 'won' | 'lost' } // prettier-ignore
export interface SandboxMovement {
  readonly id: string
  readonly created: number
  readonly amount: number
  readonly fee: number
  readonly currency: string
  readonly category: string
  readonly charge: Charge
}

/** 2.9 % and 30 cents, as a card costs. */
const feeOf = (amount: number): number => Math.round(amount * 0.029) + 30
const disputeFee = 1_500

/** What a sandbox has in it: it can be kept and given again. */
export interface SandboxContents { readonly sessions: Map<string, Session>; readonly charges: Map<string, Charge>; readonly movements: SandboxMovement[]; readonly customers: Map<string, Customer> } // prettier-ignore

export function sandboxObjects(clock: Clock, pageUrl: () => string, contents?: SandboxContents) {
  const empty: SandboxContents = { sessions: new Map(), charges: new Map(), movements: [], customers: new Map() }
  const { sessions, charges, movements, customers } = { ...empty, ...contents }
  const now = (): number => Math.floor(clock.now() / 1_000)
  const idOf = (prefix: string): string => `${prefix}_${Buffer.from(clock.bytes(9)).toString('hex')}`
  const move = (charge: Charge, category: string, amount: number, fee = 0): SandboxMovement => {
    const made = { id: idOf('txn'), created: now(), amount, fee, currency: charge.currency, category, charge }
    movements.push(made)
    return made
  }
  const metadataIn = (given: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(given).flatMap(([name, value]) => { const key = /^metadata\[(\w+)\]$/.exec(name)?.[1]; return key === undefined ? [] : [[key, value]] })) // prettier-ignore

  const chargeObject = (one: Charge): object => ({
    id: one.id.replace('pi_', 'ch_'),
    object: 'charge',
    payment_intent: one.id,
    amount: one.amount,
    currency: one.currency,
    metadata: one.metadata,
    authorization_code: one.method === 'card' ? one.id.slice(-6).toUpperCase() : null,
    payment_method_details: one.method === 'card' ? { type: 'card', card: { brand: 'visa', last4: '4242' } } : { type: 'us_bank_account' }, // prettier-ignore
  })
  const intent = (one: Charge): object => ({
    id: one.id,
    object: 'payment_intent',
    status: one.status,
    amount: one.amount,
    amount_received: one.status === 'succeeded' ? one.amount : 0,
    currency: one.currency,
    metadata: one.metadata,
    latest_charge: chargeObject(one),
  })
  const movementObject = (one: SandboxMovement) => ({
    id: one.id,
    object: 'balance_transaction',
    created: one.created,
    amount: one.amount,
    fee: one.fee,
    net: one.amount - one.fee,
    currency: one.currency,
    reporting_category: one.category,
    source: { id: one.charge.id, object: 'charge', payment_intent: one.charge.id, metadata: one.category === 'charge' ? one.charge.metadata : {} }, // prettier-ignore
  })
  return {
    sessions,
    charges,
    movements,
    customers,
    idOf,
    chargeObject,
    intent,
    movementObject,
    begin(given: Readonly<Record<string, string>>): Session {
      const price = 'line_items[0][price_data]'
      const session: Session = {
        id: idOf('cs_test'),
        created: now(),
        until: Number(given['expires_at']) * 1_000,
        amount: Number(given[`${price}[unit_amount]`]),
        currency: given[`${price}[currency]`] ?? 'usd',
        name: given[`${price}[product_data][name]`] ?? '',
        metadata: metadataIn(given),
        paidTo: given['success_url'] ?? '/',
        backTo: given['cancel_url'] ?? '/',
        customer: customers.get(given['customer'] ?? '') ?? null,
        offersToSave: given['saved_payment_method_options[payment_method_save]'] === 'enabled',
        status: 'open',
        charge: null,
      }
      sessions.set(session.id, session)
      return session
    },
    session: (one: Session) => ({
      id: one.id,
      object: 'checkout.session',
      created: one.created,
      url: `${pageUrl()}/checkout/${one.id}`,
      expires_at: Math.floor(one.until / 1_000),
      status: one.status === 'open' && one.until <= clock.now() ? ('expired' as const) : one.status,
      payment_status: one.charge?.status === 'succeeded' ? 'paid' : 'unpaid',
      payment_intent: one.charge ? intent(one.charge) : null,
      metadata: one.metadata,
    }),
    pay(session: Session, method: Charge['method']): Charge {
      const charge: Charge = { id: idOf('pi'), created: now(), amount: session.amount, currency: session.currency, metadata: session.metadata, method, status: 'processing', refunds: [], disputes: [] } // prettier-ignore
      charges.set(charge.id, charge)
      session.status = 'complete'
      session.charge = charge
      return charge
    },
    addCustomer(given: Readonly<Record<string, string>>): Customer {
      const customer: Customer = { id: idOf('cus'), created: now(), metadata: metadataIn(given), cards: [] }
      customers.set(customer.id, customer)
      return customer
    },
    /** Of who was deleted no more than that is said. */
    customerObject: ({ id, created, metadata, deleted }: Customer): object => (deleted ? { id, object: 'customer', deleted } : { id, object: 'customer', created, metadata }), // prettier-ignore
    /** Deletes somebody with their cards; the object as it was, undefined where there is nobody. */
    deleteCustomer(id: string): object | undefined {
      const customer = customers.get(id)
      if (!customer || customer.deleted) return undefined
      const { created, metadata } = customer
      customer.deleted = true
      customer.cards.length = 0
      return { id, object: 'customer', created, metadata }
    },
    saveCard: ({ cards }: Customer): void => void cards.push({ id: idOf('pm'), created: now() }),
    cardObject: ({ id: customer }: Customer, { id, created }: Customer['cards'][number]) => ({ id, object: 'payment_method', type: 'card', created, customer, allow_redisplay: 'always', card: { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2031 } }), // prettier-ignore
    settle(charge: Charge): void {
      charge.status = 'succeeded'
      move(charge, 'charge', charge.amount, feeOf(charge.amount))
    },
    refund(charge: Charge, amount: number, given: Readonly<Record<string, string>>): SandboxRefund {
      const refund: SandboxRefund = { id: idOf('re'), created: now(), charge, amount, metadata: metadataIn(given), status: 'succeeded' } // prettier-ignore
      charge.refunds.push(refund)
      move(charge, 'refund', -amount)
      return refund
    },
    refundObject: (one: SandboxRefund) => ({ id: one.id, object: 'refund', created: one.created, amount: one.amount, currency: one.charge.currency, payment_intent: one.charge.id, metadata: one.metadata, status: one.status }), // prettier-ignore
    failRefund(refund: SandboxRefund): boolean {
      if (refund.status === 'failed') return false
      refund.status = 'failed'
      move(refund.charge, 'refund_failure', refund.amount)
      return true
    },
    dispute(charge: Charge): SandboxDispute {
      const gone = charge.refunds.reduce((sum, one) => sum + (one.status === 'failed' ? 0 : one.amount), 0)
      const amount = charge.amount - gone
      if (amount <= 0 || charge.disputes.length > 0) throw new Error('There is nothing left to dispute.')
      const dispute: SandboxDispute = { id: idOf('dp'), created: now(), charge, amount, status: 'needs_response', movements: [] } // prettier-ignore
      dispute.movements.push(move(charge, 'dispute', -amount, disputeFee))
      charge.disputes.push(dispute)
      return dispute
    },
    disputeObject: (one: SandboxDispute) => ({ id: one.id, object: 'dispute', created: one.created, amount: one.amount, currency: one.charge.currency, payment_intent: one.charge.id, status: one.status, balance_transactions: one.movements.map(movementObject) }), // prettier-ignore
    closeDispute(dispute: SandboxDispute, how: 'won' | 'lost'): boolean {
      if (dispute.status !== 'needs_response') return false
      dispute.status = how
      if (how === 'won') dispute.movements.push(move(dispute.charge, 'dispute_reversal', dispute.amount))
      return true
    },
  }
}
