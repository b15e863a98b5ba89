/**
 * What a patient may pay, and has paid: the balance as InSched had it when it was last heard, the requests of the office, and
 * the bounds of an amount of one's own. Nothing of it is worked out here but what the documents say.
 */
import { cents, sameMoney, type Money } from '../../replica/kinds/money.ts'
import type { Payment, PaymentRequest } from '../../replica/kinds/payments.ts'
import { portalFields } from './portal-fields.ts'
import { patientOf, type Member } from './viewer.ts'

export interface Owed {
  /** Null where the office sends none. What is below nothing is in the patient's favour. */
  readonly balance: Money | null
  /** Those that are open, the soonest due first. */
  readonly requests: readonly PaymentRequest[]
  /** The bounds of an amount of one's own; null where there is nothing to pay. */
  readonly bounds: { readonly least: Money; readonly most: Money } | null
}

const aDay = 24 * 3_600_000

export async function owedBy(member: Member): Promise<Owed> {
  const { balanceDueCents } = await patientOf(member)
  const { payMinimumCents, payOverCents } = await portalFields(member)
  const rows = await member.replica.index({ view: 'payment request', patient: member.patient, state: 'open' })
  const requests = rows.map((row) => row.body as unknown as PaymentRequest)
  const most = Math.max(0, balanceDueCents ?? 0) + payOverCents
  const least = Math.min(payMinimumCents, most)
  return {
    balance: typeof balanceDueCents === 'number' ? cents(balanceDueCents) : null,
    requests: requests.toSorted((a, b) => (a.due ?? '9999').localeCompare(b.due ?? '9999') || a.at - b.at),
    bounds: least > 0 ? { least: cents(least), most: cents(most) } : null,
  }
}

/** What was begun and paid, the newest first. */
export async function paymentsOf({ replica, patient }: Member): Promise<Payment[]> {
  const rows = await replica.index({ view: 'payment', patient, descending: true })
  return rows.map((row) => row.body as unknown as Payment)
}

/** A payment of the same amount within a day that was made, or is on its way: was this one meant? */
export function sameToday(payments: readonly Payment[], amount: Money, now: number): Payment | undefined {
  return payments.find((one) => (one.state === 'paid' || one.state === 'pending') && sameMoney(one.amount, amount) && now - (one.paid?.at ?? one.at) < aDay) // prettier-ignore
}
