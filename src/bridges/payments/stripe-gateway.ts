/**
 * Stripe as the card processor, through its SDK: hosted Checkout alone (no card datum passes through us), our own ids as
 * metadata, our own idempotency keys, no retry of the SDK's own: what failed is judged here and tried again by the cashier.
 */
import { Stripe } from 'stripe'
import type { DisputeState, RefundState } from '../../replica/kinds/payments.ts'
import type { Money } from '../../replica/kinds/money.ts'
import { ProcessorFault, type Gateway, type Movement, type Snapshot } from './gateway.ts'

export interface StripeAccount {
  readonly secretKey: string
  /** Secrets of the webhook; several while one takes the place of another. */
  readonly webhookSecrets: readonly string[]
  /** Where the API is; Stripe's own by default. */
  readonly apiBase?: string | undefined
}

const patience = 20_000
const loopback = /^(localhost|127\.0\.0\.1|\[::1\])$/

/** The gateway of one practice's account; throws a sentence where the address of the API is none. */
export function stripeGateway({ secretKey, apiBase }: StripeAccount): Gateway {
  const stripe = new Stripe(secretKey, {
    ...baseOf(apiBase),
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: patience,
  })
  return {
    async begin({ practice, payment, amount, name, language, paidTo, backTo, until, payer, key }) {
      const metadata = { payment, practice }
      const session = await asked(() =>
        stripe.checkout.sessions.create(
          {
            mode: 'payment',
            submit_type: 'pay',
            client_reference_id: payment,
            metadata,
            payment_intent_data: { metadata },
            line_items: [{ quantity: 1, price_data: { currency: amount.currency, unit_amount: amount.minor, product_data: { name } } }], // prettier-ignore
            success_url: paidTo,
            cancel_url: backTo,
            expires_at: Math.floor(until / 1_000),
            locale: language === 'es' ? 'es' : 'en',
            ...(payer === undefined ? {} : { customer: payer, saved_payment_method_options: { payment_method_save: 'enabled' as const } }), // prettier-ignore
          },
          { idempotencyKey: key },
        ),
      )
      if (!session.url) throw new ProcessorFault('permanent', 'The card processor made a page without an address.')
      return { session: session.id, url: session.url, until: session.expires_at * 1_000 }
    },
    async findCheckout(payment, from) {
      // What is created at the same second counts too; the clocks of two machines differ by less than a minute.
      const created = { gte: Math.floor(from / 1_000) - 60 }
      return asked(async () => {
        for await (const one of stripe.checkout.sessions.list({ created, limit: 100 }))
          if (one.metadata?.['payment'] === payment && one.url)
            return { session: one.id, url: one.url, until: one.expires_at * 1_000 }
        return undefined
      })
    },
    look: (of) => asked(() => ('session' in of ? snapshotOf(stripe, of.session) : paidOf(stripe, of.transaction))),
    async refund({ transaction, asked: wish, amount, key }) {
      await asked(() =>
        stripe.refunds.create(
          { payment_intent: transaction, amount: amount.minor, reason: 'requested_by_customer', metadata: { asked: wish } }, // prettier-ignore
          { idempotencyKey: key },
        ),
      )
    },
    payer: ({ practice, account, key }) =>
      asked(async () => {
        const metadata = marksOf(practice, account)
        const [known] = (await stripe.customers.search({ query: queryOf(metadata), limit: 1 })).data
        return (known ?? (await stripe.customers.create({ metadata }, { idempotencyKey: key }))).id // prettier-ignore
      }),
    cards: (payer) =>
      unlessMissing(async () => {
        const all = await stripe.paymentMethods.list({ customer: payer, type: 'card', limit: 100 })
        // What was saved for this purpose alone: the payer said yes to it on the processor's page.
        return all.data.flatMap(
          ({ id, card, allow_redisplay }) =>
          card && allow_redisplay === 'always' ? [{ id, brand: card.brand, last4: card.last4, expires: `${String(card.exp_month).padStart(2, '0')}/${String(card.exp_year).slice(-2)}` }] : [], // prettier-ignore
        )
      }),
    async removeCard(card) {
      await unlessMissing(() => stripe.paymentMethods.detach(card))
    },
    async removePayer({ practice, account, payer }) {
      // One whose making had no answer has no id here, and two may have been made.
      const query = queryOf(marksOf(practice, account))
      const found = await asked(() =>
        stripe.customers.search({ query, limit: 100 }).autoPagingToArray({ limit: 1_000 }),
      )
      const ids = new Set([...(payer === undefined ? [] : [payer]), ...found.map((one) => one.id)])
      for (const id of ids) await unlessMissing(() => stripe.customers.del(id))
    },
    paymentOf: (transaction) =>
      asked(async () => {
        const { payment, practice } = (await stripe.paymentIntents.retrieve(transaction)).metadata
        return payment !== undefined && practice !== undefined ? { payment, practice } : undefined
      }),
    async *movements(from, until) {
      const created = { gte: Math.floor(from / 1_000), lt: Math.floor(until / 1_000) }
      try {
        for await (const one of stripe.balanceTransactions.list({ created, limit: 100, expand: ['data.source'] })) yield movementOf(one) // prettier-ignore
      } catch (error) {
        throw faultOf(error)
      }
    },
  }
}

async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw faultOf(error)
  }
}

/** The same; undefined where what it is about is not, or no more, at the processor. */
async function unlessMissing<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_missing') return undefined
    throw faultOf(error)
  }
}

/** By what somebody who pays is known at the processor. */
function marksOf(practice: string, account: string): Record<string, string> {
  return { payer: account, practice }
}

function queryOf(marks: Readonly<Record<string, string>>): string {
  return Object.entries(marks).map(([name, value]) => `metadata['${name}']:'${value}'`).join(' AND ') // prettier-ignore
}

/** What a failed call was. The SDK's own message may repeat what was sent: only its type and code are kept. */
function faultOf(error: unknown): unknown {
  if (!(error instanceof Stripe.errors.StripeError)) return error
  const code = [error.type, error.code].filter(Boolean).join(' ')
  const said = `The card processor answered: ${code}${error.statusCode === undefined ? '' : ` (${error.statusCode})`}.`
  // 409: the same call is under way. A key that was taken away is for a person to put right, and to be tried again then.
  if (error instanceof Stripe.errors.StripeRateLimitError || error.statusCode === 401 || error.statusCode === 403 || error.statusCode === 409)
    return new ProcessorFault('transient', said, { cause: error }) // prettier-ignore
  if (error instanceof Stripe.errors.StripeConnectionError || error instanceof Stripe.errors.StripeAPIError || (error.statusCode ?? 500) >= 500)
    return new ProcessorFault('ambiguous', said, { cause: error, isAnswer: error.statusCode !== undefined }) // prettier-ignore
  return new ProcessorFault('permanent', said, { cause: error })
}

async function snapshotOf(stripe: Stripe, id: string): Promise<Snapshot> {
  const session = await stripe.checkout.sessions.retrieve(id, { expand: ['payment_intent.latest_charge'] })
  const intent = typeof session.payment_intent === 'object' ? session.payment_intent : null
  if (intent?.status !== 'succeeded') {
    const pending = session.status === 'complete' && session.payment_status !== 'paid'
    // A method that takes days has failed: the intent waits for another one, on a page that nobody can open any more.
    const failed = intent?.status === 'canceled' || (pending && intent?.status === 'requires_payment_method')
    const state = failed ? 'failed' : pending ? 'pending' : session.status === 'expired' ? 'expired' : 'open'
    return { state, paid: null, refunds: [], disputes: [] }
  }
  return paidSnapshot(stripe, intent)
}

async function paidOf(stripe: Stripe, transaction: string): Promise<Snapshot> {
  return paidSnapshot(stripe, await stripe.paymentIntents.retrieve(transaction, { expand: ['latest_charge'] }))
}

async function paidSnapshot(stripe: Stripe, intent: Stripe.PaymentIntent): Promise<Snapshot> {
  const charge = typeof intent.latest_charge === 'object' ? intent.latest_charge : null
  const card = charge?.payment_method_details?.card
  const [refunds, disputes] = await Promise.all([
    stripe.refunds.list({ payment_intent: intent.id, limit: 100 }).autoPagingToArray({ limit: 1_000 }),
    stripe.disputes.list({ payment_intent: intent.id, limit: 100 }).autoPagingToArray({ limit: 1_000 }),
  ])
  return {
    state: 'paid',
    paid: {
      transaction: intent.id,
      amount: moneyOf(intent.amount_received, intent.currency),
      brand: card?.brand ?? null,
      last4: card?.last4 ?? null,
      authorization: charge?.authorization_code ?? card?.authorization_code ?? null,
    },
    refunds: refunds.map((one) => ({
      refund: one.id,
      asked: one.metadata?.['asked'] ?? null,
      amount: moneyOf(one.amount, one.currency),
      state: refundStateOf(one.status),
    })),
    disputes: disputes.map((one) => ({
      dispute: one.id,
      amount: moneyOf(one.amount, one.currency),
      state: disputeStateOf[one.status] ?? 'open',
      movements: one.balance_transactions.map(({ id: movement, amount, currency }) => ({
        id: movement,
        moved: amount < 0 ? ('withdrawn' as const) : ('reinstated' as const),
        amount: moneyOf(Math.abs(amount), currency),
      })),
    })),
  }
}

function moneyOf(minor: number, currency: string): Money {
  return { minor, currency }
}

function refundStateOf(status: string | null): RefundState {
  if (status === 'succeeded') return 'done'
  return status === 'failed' || status === 'canceled' ? 'failed' : 'pending'
}

const disputeStateOf: Readonly<Partial<Record<string, DisputeState>>> = {
  warning_needs_response: 'inquiry',
  warning_under_review: 'inquiry answered',
  warning_closed: 'inquiry closed',
  prevented: 'inquiry closed',
  needs_response: 'open',
  under_review: 'answered',
  lost: 'lost',
  appeal_needs_response: 'appealed',
  appeal_under_review: 'appealed',
  won: 'won',
}

const whatMoved: Readonly<Partial<Record<string, Movement['what']>>> = { charge: 'payment', refund: 'refund', refund_failure: 'refund failed', dispute: 'dispute', dispute_reversal: 'dispute reversal' } // prettier-ignore

function movementOf(one: Stripe.BalanceTransaction): Movement {
  const source = one.source as { payment_intent?: string | { id: string } | null; metadata?: Record<string, string> | null } | string | null // prettier-ignore
  const of = typeof source === 'object' ? source?.payment_intent : null
  return {
    id: one.id,
    at: one.created * 1_000,
    what: whatMoved[one.reporting_category] ?? 'other',
    amount: moneyOf(one.amount, one.currency),
    fee: one.fee,
    transaction: typeof of === 'string' ? of : (of?.id ?? null),
    practice: (typeof source === 'object' ? source?.metadata?.['practice'] : null) ?? null,
  }
}

/** The SDK's words for an address; plain http is for this machine. */
function baseOf(text: string | undefined): { host?: string; port?: string; protocol?: 'http' | 'https' } {
  if (text === undefined) return {}
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain = url?.protocol === 'http:' && loopback.test(url.hostname)
  if (!url || (url.protocol !== 'https:' && !plain) || url.pathname !== '/')
    throw new Error(`The address of the card processor is written like https://api.stripe.com, not ${text}.`)
  return { host: url.hostname, port: url.port || (plain ? '80' : '443'), protocol: plain ? 'http' : 'https' }
}
