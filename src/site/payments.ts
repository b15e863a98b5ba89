/**
 * Payments as a site deals with them: what was paid and how far it came, what the office asks for, and its wishes to give
 * money back or to assign a payment to another patient. A wish is an entry; the portal and the writer do what it says.
 */
import type { InSchedBridge } from '../bridges/insched/bridge.ts'
import type { Clock } from '../replica/clock.ts'
import type { Facts } from '../replica/collections.ts'
import { mintUlid } from '../replica/ids.ts'
import type { PatientFields } from '../replica/kinds/fields.ts'
import type { By } from '../replica/kinds/kind.ts'
import { plainAmount, sumOf, type Money } from '../replica/kinds/money.ts'
import { foldPayments, type Payment, type PaymentEntry, type PaymentRequest } from '../replica/kinds/payments.ts'
import type { Follower, IndexRow, Replica } from '../replica/replica-face.ts'
import type {
  PatientName,
  PaymentBox,
  PaymentOfSite,
  PlanOfPatient,
  RequestOfSite,
} from '../server/console/site-views.ts'
import { newestFirst } from './newest-first.ts'

const most = 300

/** What is left of a payment to be given back, wishes that are under way taken off. */
function leftOf({ paid, refunds, withdrawn, amount }: Payment): Money {
  const gone = refunds.filter((one) => one.state !== 'refused' && one.state !== 'failed').map((one) => one.amount)
  const left = paid ? amount.minor - sumOf(gone, amount.currency).minor - withdrawn.minor : 0
  return { minor: Math.max(0, left), currency: amount.currency }
}

export function paymentsOfSite(site: {
  readonly replica: Replica
  readonly bridge: InSchedBridge
  /** The follower behind the pages. */
  readonly index: Follower
  readonly nameOf: (patient: string) => Promise<PatientName>
  readonly agent: By
  readonly clock: Clock
}) {
  const { replica, bridge, index, nameOf, agent, clock } = site
  const shown = async (row: IndexRow): Promise<PaymentOfSite> => {
    const payment = row.body as unknown as Payment
    return { patient: await nameOf(row.patient!), payment, left: leftOf(payment) }
  }
  const isIn: Readonly<Record<Exclude<PaymentBox, 'requests'>, (payment: Payment) => boolean>> = {
    waiting: (one) => one.state === 'paid' && one.posted === null,
    posted: (one) => one.posted !== null,
    refunds: (one) => one.refunds.length > 0,
    disputes: (one) => one.disputes.length > 0,
  }
  /** The payment as the document says it now, with its document. */
  const found = async (id: string): Promise<{ key: string; payment: Payment }> => {
    const row = await replica.indexed('payment', id)
    const key = row?.patient
    const payment = key && foldPayments(await replica.entries('payments', key)).payments.find((one) => one.id === id)
    if (!key || !payment) throw new Error(`There is no payment ${id}. Look for it under Payments.`)
    return { key, payment }
  }
  const add = async (key: string, entry: PaymentEntry, facts?: Omit<Facts, 'at'>): Promise<string> => {
    const id = mintUlid(clock)
    await replica.change([{ collection: 'payments', key, ...(facts ? { facts } : {}), add: { [id]: entry } }])
    return id
  }
  const patientKey = async (local: number): Promise<{ key: string; facts: Omit<Facts, 'at'> }> => {
    await bridge.readNow()
    const row = await bridge.patient(local)
    const key = row && (await bridge.documentOf('patients', local))
    const head = key === undefined ? undefined : await replica.head('patients', key)
    if (!row || key === undefined || !head) throw new Error(`There is no patient ${local} in InSched. Look the number up in InSched; it is the patient_id.`) // prettier-ignore
    if (row.survivor_id !== null) throw new Error(`Patient ${local} was combined into patient ${row.survivor_id}. Use that number.`) // prettier-ignore
    const { at: _, ...facts } = head.facts
    return { key, facts }
  }

  return {
    /** The payments of a box, the newest first. */
    async payments(box: Exclude<PaymentBox, 'requests'>): Promise<PaymentOfSite[]> {
      await index.caughtUp()
      const state = box === 'waiting' || box === 'posted' ? { state: box } : {}
      const rows = await replica.index({ view: 'payment', descending: true, ...state, ...(state.state ? { limit: most } : {}) }) // prettier-ignore
      return Promise.all(rows.filter((row) => row.patient !== null && isIn[box](row.body as unknown as Payment)).slice(0, most).map(shown)) // prettier-ignore
    },
    /** How many were paid and are not in InSched yet. */
    async paymentsWaiting(): Promise<number> {
      return replica.indexCount({ view: 'payment', state: 'waiting' })
    },
    async paymentRequests(): Promise<RequestOfSite[]> {
      await index.caughtUp()
      const rows = await replica.index({ view: 'payment request', descending: true, limit: most })
      return Promise.all(rows.filter((row) => row.patient !== null).map(async (row) => ({ patient: await nameOf(row.patient!), request: row.body as unknown as PaymentRequest }))) // prettier-ignore
    },
    /** One payment; undefined where there is no such. */
    async payment(id: string): Promise<PaymentOfSite | undefined> {
      await index.caughtUp()
      const row = await replica.indexed('payment', id)
      return row && row.patient !== null ? shown(row) : undefined
    },
    /** All payments, for the bookkeeper, the newest first. */
    async *allPayments(): AsyncGenerator<PaymentOfSite> {
      await index.caughtUp()
      for await (const row of newestFirst(replica, { view: 'payment' })) if (row.patient !== null) yield shown(row)
    },
    /** The plans of a patient that have words for patients: what a deposit may be asked for. */
    async plansOf(patient: number): Promise<PlanOfPatient[]> {
      const { key } = await patientKey(patient)
      await index.caughtUp()
      const rows = await replica.index({ view: 'plan', patient: key, state: 'shown' })
      return rows.flatMap(({ id, body }) => { const { words } = body as { words: string | null }; return words ? [{ plan: id, words }] : [] })
    },
    /**
     * Asks a patient for a payment, as a deposit for a plan or not; throws a sentence where the patient could not pay: without
     * portal access and without an address to which a link to pay may be mailed.
     */
    async requestPayment(patient: number, wanted: { amount: Money; due: string | null; words: string; plan?: string | undefined }, by: By = agent): Promise<{ request: string }> {
      const { key, facts } = await patientKey(patient)
      const { email, emailConsent } = ((await replica.record('patients', key))?.fields ?? {}) as Partial<PatientFields>
      if (!facts.shown && !(email && emailConsent === true))
        throw new Error(`Patient ${patient} has no portal access, and no address that may be mailed to. Enable the portal for this patient in InSched first.`)
      const { plan, ...rest } = wanted
      if (plan !== undefined && (await replica.head('plans', plan))?.facts.patient !== key) throw new Error(`This plan is not one of patient ${patient}. Choose the plan again.`)
      return { request: await add(key, { kind: 'requested', at: clock.now(), by, ...rest, ...(plan === undefined ? {} : { plan }) }, facts) }
    },
    /** Takes back a request that nobody has paid. */
    async withdrawRequest(id: string, by: By = agent): Promise<{ request: string }> {
      const row = await replica.indexed('payment request', id)
      if (!row?.patient || (row.state !== 'open' && row.state !== 'withdrawn')) throw new Error('There is no such open request. It may have been paid.')
      await add(row.patient, { kind: 'request withdrawn', at: clock.now(), by, request: id })
      return { request: id }
    },
    /** Wishes that the portal gives back money; throws a sentence where it is more than what is left. */
    async askRefund(id: string, wanted: { amount: Money; reason: string }, by: By = agent): Promise<{ refund: string; key: string }> {
      const { key, payment } = await found(id)
      const left = leftOf(payment)
      if (wanted.amount.currency !== left.currency || wanted.amount.minor > left.minor)
        throw new Error(`At most ${plainAmount(left)} ${left.currency.toUpperCase()} of this payment can be given back.`)
      return { refund: await add(key, { kind: 'refund asked', at: clock.now(), by, payment: payment.id, ...wanted }), key }
    },
    /** Says that a payment is another patient's: the deposit is reversed and made anew, or made at all. */
    async assignPayment(id: string, patient: number, reason: string, by: By = agent): Promise<{ payment: string }> {
      const { key, payment } = await found(id)
      if (!payment.paid) throw new Error('This payment was not paid, so there is nothing to assign.')
      const to = await patientKey(patient)
      if (to.key === (payment.assigned.at(-1)?.to ?? key)) throw new Error(`The payment is patient ${patient}’s already.`)
      await add(key, { kind: 'assigned', at: clock.now(), by, payment: payment.id, to: to.key, reason })
      return { payment: id }
    },
  }
} // prettier-ignore
