/**
 * A card processor for trying things out: it speaks the parts of Stripe's API that we use, keeps what was paid in memory,
 * and sends signed notices that can be late, doubled, out of order or lost on purpose. It takes no card number: whoever is
 * on its page says how the payment goes. It is asked by `server/card-sandbox-page.ts`, which puts it on a port.
 */
import { createHmac } from 'node:crypto'
import type { Clock } from '../../replica/clock.ts'
import {
  sandboxObjects,
  type Charge,
  type Customer,
  type SandboxContents,
  type SandboxDispute,
  type SandboxRefund,
  type Session,
} from './sandbox-objects.ts'

/** A request as it came, for a test to look at. */
export interface Recorded { readonly method: string; readonly path: string; readonly body: string } // prettier-ignore
export interface ApiAnswer { readonly status: number; readonly body: object } // prettier-ignore
export interface SandboxEvent { readonly id: string; readonly type: string; readonly body: string } // prettier-ignore
/** What becomes of notices: `held` waits until it is delivered by hand. */
export const deliveries = ['at once', 'late', 'twice', 'out of order', 'lost', 'held'] as const
export type Delivery = (typeof deliveries)[number]

export interface CardSandboxOptions {
  readonly clock: Clock
  readonly secretKey: string
  readonly webhookSecret: string
  /** Where notices go; null: nowhere. */
  webhookUrl: string | null
  /** Where its pages are. */
  pageUrl: string
}
export type CardSandbox = ReturnType<typeof cardSandbox>

const late = 5_000
/** Of what a failed call leaves behind: nothing, or all but its answer. */
export type Failing = 'before' | 'after' | 'no answer'

export function cardSandbox(options: CardSandboxOptions, contents?: SandboxContents) {
  const { clock, secretKey, webhookSecret } = options
  const objects = sandboxObjects(clock, () => options.pageUrl, contents)
  const recorded: Recorded[] = []
  const events: SandboxEvent[] = []
  const held: SandboxEvent[] = []
  const answered = new Map<string, { asked: string; answer: ApiAnswer }>()
  const failing: Failing[] = []
  const cancels = new Set<() => void>()
  let delivery: Delivery = 'at once'
  let searchLag = 0
  let failures = 0

  const sign = ({ body }: SandboxEvent, at = clock.now()): string => {
    const stamp = Math.floor(at / 1_000)
    return `t=${stamp},v1=${createHmac('sha256', webhookSecret).update(`${stamp}.${body}`).digest('hex')}`
  }
  const deliver = async (event: SandboxEvent): Promise<number> => {
    if (options.webhookUrl === null) return 0
    const headers = { 'content-type': 'application/json', 'stripe-signature': sign(event) }
    try {
      return (await fetch(options.webhookUrl, { method: 'POST', headers, body: event.body })).status
    } catch {
      // Nobody answers there: like the processor's own, this one counts it and goes on.
      failures++
      return 0
    }
  }
  const later = (ms: number, run: () => void): void => {
    const cancel = clock.after(ms, () => {
      cancels.delete(cancel)
      run()
    })
    cancels.add(cancel)
  }
  const send = (event: SandboxEvent): void => {
    switch (delivery) {
      case 'at once':
        void deliver(event)
        break
      case 'twice':
        void deliver(event).then(() => deliver(event))
        break
      case 'late':
        later(late, () => void deliver(event))
        break
      case 'out of order':
        // The newest first: each waits for those that come after it.
        held.push(event)
        later(late, () => void (held.length > 0 && deliver(held.pop()!)))
        break
      case 'held':
        held.push(event)
        break
      case 'lost':
        break
    }
  }
  const emit = (type: string, object: object): void => {
    const id = objects.idOf('evt')
    const created = Math.floor(clock.now() / 1_000)
    const body = JSON.stringify({ id, object: 'event', type, created, livemode: false, data: { object } })
    const event = { id, type, body }
    events.push(event)
    send(event)
  }

  const forget = (id: string): boolean => {
    const was = objects.deleteCustomer(id)
    if (was) emit('customer.deleted', was)
    return was !== undefined
  }

  const handle = (method: string, path: string, given: Readonly<Record<string, string>>): ApiAnswer => {
    const [, collection = '', id, action] = /^\/v1\/((?:checkout\/)?[a-z_]+)(?:\/([\w]+))?(?:\/([a-z]+))?$/.exec(path) ?? []
    const found = (object: object | undefined): ApiAnswer => (object ? { status: 200, body: object } : fault(404, 'resource_missing')) // prettier-ignore
    const some = (list: readonly { id: string; created: number }[]): ApiAnswer => ({ status: 200, body: pageOf(list, given) }) // prettier-ignore
    const known = (customer = ''): Customer | undefined => (objects.customers.get(customer)?.deleted ? undefined : objects.customers.get(customer)) // prettier-ignore
    switch (`${method} ${collection}`) {
      case 'POST customers':
        return { status: 200, body: objects.customerObject(objects.addCustomer(given)) }
      case 'GET customers': {
        if (id !== 'search') return found(objects.customers.has(id ?? '') ? objects.customerObject(objects.customers.get(id!)!) : undefined) // prettier-ignore
        // By marks that must all be there; what was made a moment ago may not be found yet.
        const marks = [...(given['query'] ?? '').matchAll(/metadata\['(\w+)'\]:'(\w+)'/g)]
        const isFound = (one: Customer): boolean => !one.deleted && one.created * 1_000 <= clock.now() - searchLag && marks.every(([, name, value]) => one.metadata[name!] === value) // prettier-ignore
        const data = [...objects.customers.values()].filter((one) => marks.length > 0 && isFound(one))
        return { status: 200, body: { object: 'search_result', url: path, has_more: false, next_page: null, data: data.map((one) => objects.customerObject(one)) } } // prettier-ignore
      }
      case 'DELETE customers': {
        if (!forget(id ?? '')) return fault(404, 'resource_missing')
        return { status: 200, body: objects.customerObject(objects.customers.get(id!)!) }
      }
      case 'GET payment_methods': {
        const customer = known(given['customer'])
        return customer ? some(customer.cards.map((one) => objects.cardObject(customer, one))) : fault(404, 'resource_missing') // prettier-ignore
      }
      case 'POST payment_methods': {
        const customer = [...objects.customers.values()].find(({ cards }) => cards.some((one) => one.id === id))
        const card = customer?.cards.find((one) => one.id === id)
        if (!customer || !card || action !== 'detach') return fault(404, 'resource_missing')
        customer.cards.splice(customer.cards.indexOf(card), 1)
        return { status: 200, body: { ...objects.cardObject(customer, card), customer: null } }
      }
      case 'POST checkout/sessions':
        if (given['customer'] !== undefined && !known(given['customer'])) return fault(400, 'resource_missing') // prettier-ignore
        return { status: 200, body: objects.session(objects.begin(given)) }
      case 'GET checkout/sessions':
        return id === undefined ? some([...objects.sessions.values()].map((one) => ({ ...objects.session(one), id: one.id, created: one.created }))) : found(objects.sessions.get(id) && objects.session(objects.sessions.get(id)!)) // prettier-ignore
      case 'GET payment_intents':
        return found(objects.charges.get(id ?? '') && objects.intent(objects.charges.get(id ?? '')!))
      case 'POST refunds': {
        const charge = objects.charges.get(given['payment_intent'] ?? '')
        if (!charge) return fault(404, 'resource_missing')
        if (charge.disputes.some((one) => one.status !== 'won')) return fault(400, 'charge_disputed')
        const left = charge.amount - charge.refunds.reduce((sum, one) => sum + (one.status === 'failed' ? 0 : one.amount), 0) // prettier-ignore
        const amount = Number(given['amount'] ?? left)
        if (amount > left || amount <= 0) return fault(400, left === 0 ? 'charge_already_refunded' : 'amount_too_large')
        const refund = objects.refund(charge, amount, given)
        emit('refund.created', objects.refundObject(refund))
        emit('charge.refunded', objects.chargeObject(charge))
        return { status: 200, body: objects.refundObject(refund) }
      }
      case 'GET refunds':
        return some((objects.charges.get(given['payment_intent'] ?? '')?.refunds ?? []).map((one) => objects.refundObject(one))) // prettier-ignore
      case 'GET disputes':
        return some((objects.charges.get(given['payment_intent'] ?? '')?.disputes ?? []).map((one) => objects.disputeObject(one))) // prettier-ignore
      case 'GET balance_transactions':
        return some(objects.movements.map((one) => objects.movementObject(one)))
      default:
        return fault(404, 'unknown_url')
    }
  }

  return {
    options,
    recorded,
    events,
    held,
    objects,
    /** The objects of the API, as a call of Stripe's would be answered; undefined: no answer at all. */
    api(call: { method: string; path: string; query: string; body: string; authorization: string | undefined; key: string | undefined }): ApiAnswer | undefined {
      recorded.push({ method: call.method, path: `${call.path}${call.query ? `?${call.query}` : ''}`, body: call.body })
      if (call.authorization !== `Bearer ${secretKey}`) return fault(401, 'invalid_api_key')
      const fails = call.method !== 'GET' ? failing.shift() : undefined
      const asked = `${call.path} ${call.body}`
      const before = call.key === undefined ? undefined : answered.get(call.key)
      if (before) return before.asked === asked ? before.answer : fault(400, 'idempotency_key_in_use', 'idempotency_error')
      const broken = fault(500, 'internal', 'api_error')
      const given = Object.fromEntries(new URLSearchParams(call.method === 'POST' ? call.body : call.query))
      const answer = fails === 'before' ? broken : handle(call.method, call.path, given)
      // The first result is the result of its key, a broken one too.
      const told = fails === 'after' ? broken : answer
      if (call.key !== undefined) answered.set(call.key, { asked, answer: told })
      return fails === 'no answer' ? undefined : told
    },
    /** How the next calls that change something fail, one after the other. */
    failNext: (...how: Failing[]) => void failing.push(...how),
    /** No call fails any more. */
    comeBack: () => void (failing.length = 0),
    /** The header that a notice is sent with. */
    sign,
    deliver,
    deliverHeld: async (order: (events: SandboxEvent[]) => SandboxEvent[] = (list) => list): Promise<void> => {
      for (const event of order(held.splice(0))) await deliver(event)
    },
    setDelivery: (how: Delivery) => void (delivery = how),
    delivery: () => delivery,
    /** For how long after its making somebody is not found by a search. */
    setSearchLag: (ms: number) => void (searchLag = ms),
    failures: () => failures,
    /** Somebody pays on the page: by card at once, or by a bank transfer that takes its time. */
    pay(session: Session, method: 'card' | 'bank', saves = false): void {
      if (session.status !== 'open' || session.until <= clock.now()) throw new Error('This page is over.')
      const charge = objects.pay(session, method)
      if (method === 'card') objects.settle(charge)
      if (saves && session.customer && !session.customer.deleted && session.offersToSave) objects.saveCard(session.customer)
      emit('checkout.session.completed', objects.session(session))
      if (method !== 'card') return
      emit('payment_intent.succeeded', objects.intent(charge))
      emit('charge.succeeded', objects.chargeObject(charge))
    },
    /** Somebody is deleted at the processor's own desk. */
    forget: ({ id }: Customer): boolean => forget(id),
    /** A payment by bank transfer comes in, or does not. */
    settleBank(charge: Charge, did: 'come' | 'fail'): void {
      if (charge.status !== 'processing') throw new Error('This payment is settled.')
      if (did === 'come') objects.settle(charge)
      else charge.status = 'requires_payment_method'
      const session = [...objects.sessions.values()].find((one) => one.charge === charge)!
      emit(did === 'come' ? 'checkout.session.async_payment_succeeded' : 'checkout.session.async_payment_failed', objects.session(session)) // prettier-ignore
    },
    expire(session: Session): void {
      if (session.status !== 'open') return
      session.status = 'expired'
      emit('checkout.session.expired', objects.session(session))
    },
    /** A refund made at the processor's own desk. */
    refund(charge: Charge, amount: number): SandboxRefund {
      const refund = objects.refund(charge, amount, {})
      emit('refund.created', objects.refundObject(refund))
      return refund
    },
    failRefund(refund: SandboxRefund): void {
      if (!objects.failRefund(refund)) return
      emit('refund.failed', objects.refundObject(refund))
    },
    dispute(charge: Charge): SandboxDispute {
      const dispute = objects.dispute(charge)
      emit('charge.dispute.created', objects.disputeObject(dispute))
      emit('charge.dispute.funds_withdrawn', objects.disputeObject(dispute))
      return dispute
    },
    closeDispute(dispute: SandboxDispute, how: 'won' | 'lost'): void {
      if (!objects.closeDispute(dispute, how)) return
      emit('charge.dispute.closed', objects.disputeObject(dispute))
      if (how === 'won') emit('charge.dispute.funds_reinstated', objects.disputeObject(dispute))
    },
    close(): void {
      for (const cancel of cancels) cancel()
    },
  }
} // prettier-ignore

function fault(status: number, code: string, type = 'invalid_request_error'): ApiAnswer {
  return { status, body: { error: { type, code, message: `Sandbox: ${code}` } } }
}

/** A list as the API pages it: the newest first. */
function pageOf(list: readonly { id: string; created: number }[], given: Readonly<Record<string, string>>): object {
  const from = Number(given['created[gte]'] ?? 0)
  const until = Number(given['created[lt]'] ?? Infinity)
  const all = list.filter((one) => one.created >= from && one.created < until).toReversed()
  const start = given['starting_after'] === undefined ? 0 : all.findIndex((one) => one.id === given['starting_after']) + 1 // prettier-ignore
  const limit = Number(given['limit'] ?? 10)
  return { object: 'list', url: '/v1', has_more: all.length > start + limit, data: all.slice(start, start + limit) }
}
