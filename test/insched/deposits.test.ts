/** Payments in InSched: one deposit each, for ever; what moves afterwards stands on that deposit; what staff do is seen. */
import { describe, expect, it } from 'vitest'
import { cents } from '../../src/replica/kinds/money.ts'
import { foldPayments, type Payment, type PaymentEntry } from '../../src/replica/kinds/payments.ts'
import { clock, ulid } from '../replica/world.ts'
import { factsAt, openOffice, start, type Office } from './office.ts'

const portal = { role: 'portal' as const, id: 'p' }
const deposits = (office: Office) => office.staff.prepare('select deposit_id, patient_id, amount_cents, refunded_cents, voided_cents, card_last4, authorization_code, transaction_id from deposits where transaction_id is not null order by deposit_id').all() as Record<string, unknown>[] // prettier-ignore

async function say(office: Office, add: Record<string, PaymentEntry>, patient = 1): Promise<void> {
  const key = (await office.bridge.documentOf('patients', patient))!
  await office.replica.change([{ collection: 'payments', key, facts: await factsAt(office.replica, 'patients', key), add }]) // prettier-ignore
  await office.bridge.written()
}
const paid = (payment: string, transaction: string, minor = 5_000): Record<string, PaymentEntry> => ({
  [payment]: { kind: 'started', at: clock.now(), by: { role: 'patient', id: 'a', name: 'Pat' }, amount: cents(minor) },
  [`paid:${payment}`]: { kind: 'paid', at: clock.now(), by: portal, payment, amount: cents(minor), transaction, brand: 'visa', last4: '4242', authorization: 'A1' }, // prettier-ignore
})
const refunded = (payment: string, refund: string, minor: number, state: 'done' | 'failed' = 'done'): Record<string, PaymentEntry> => ({ [`refunded:${refund}:${state}`]: { kind: 'refunded', at: clock.now(), by: portal, payment, refund, amount: cents(minor), state } }) // prettier-ignore
async function known(office: Office, id: string): Promise<Payment> {
  const key = (await office.bridge.documentOf('patients', 1))!
  return foldPayments(await office.replica.entries('payments', key)).payments.find((one) => one.id === id)!
}

describe('a payment', () => {
  it('[DOM-11] [F16] is one deposit, unapplied, with last 4, authorization code and transaction ID, and is reported posted with its id', async () => {
    const office = await openOffice()
    const payment = ulid()
    await say(office, paid(payment, 'pi_1'))
    await say(office, paid(payment, 'pi_1'))
    expect(deposits(office)).toEqual([
      { deposit_id: expect.any(Number), patient_id: 1, amount_cents: 5_000, refunded_cents: 0, voided_cents: 0, card_last4: '4242', authorization_code: 'A1', transaction_id: 'pi_1' }, // prettier-ignore
    ])
    const one = await known(office, payment)
    expect(one.posted).toMatchObject({ deposit: deposits(office)[0]!['deposit_id'] })
    expect(one.deposits).toMatchObject([{ amounts: { amount: 5_000, refunded: 0, voided: 0 } }])
    const audit = office.staff.prepare("select initials, checkpoint from audit_trail where table_name = 'deposits'").all() // prettier-ignore
    expect(audit).toEqual([{ initials: 'PC', checkpoint: 'deposit:pi_1' }])
  })

  it('[DOM-11] a refund and a dispute set Refunded and Voided Amount on that deposit, once each, and what staff write later stands', async () => {
    const office = await openOffice()
    const payment = ulid()
    await say(office, paid(payment, 'pi_1'))
    await say(office, refunded(payment, 're_1', 700))
    expect(deposits(office)).toMatchObject([{ amount_cents: 5_000, refunded_cents: 700, voided_cents: 0 }])
    office.staff.exec('update deposits set refunded_cents = 650')
    await say(office, refunded(payment, 're_1', 700))
    expect(deposits(office)).toMatchObject([{ refunded_cents: 650 }])
    await office.bridge.readNow()
    expect((await known(office, payment)).deposits[0]!.amounts).toMatchObject({ refunded: 650 })
    await say(office, refunded(payment, 're_1', 700, 'failed'))
    expect(deposits(office)).toMatchObject([{ refunded_cents: 0 }])
    const held = { at: clock.now(), by: portal, payment, dispute: 'dp', amount: cents(5_000) }
    await say(office, { d1: { kind: 'dispute money', ...held, movement: 't1', moved: 'withdrawn' } })
    expect(deposits(office)).toMatchObject([{ voided_cents: 5_000 }])
    await say(office, { d2: { kind: 'dispute money', ...held, movement: 't2', moved: 'reinstated' } })
    expect(deposits(office)).toMatchObject([{ voided_cents: 0 }])
    expect((await known(office, payment)).deposits[0]!.amounts).toEqual({ amount: 5_000, refunded: 0, voided: 0 })
  })

  it('[DOM-11] a deposit that staff deleted is not brought back, also by a bridge that begins anew, and that it is gone is told', async () => {
    const office = await openOffice()
    const payment = ulid()
    await say(office, paid(payment, 'pi_1'))
    office.staff.exec('delete from deposits')
    await say(office, refunded(payment, 're_1', 700))
    await office.bridge.readNow()
    await office.bridge.stop()
    const again = { ...office, bridge: await start(office.file, office.replica) }
    await say(again, refunded(payment, 're_2', 100))
    expect(deposits(office)).toEqual([])
    expect((await known(again, payment)).deposits).toMatchObject([{ amounts: null }])
    await again.bridge.stop()
  })

  it('staff who entered the deposit by hand under its transaction ID have posted it: there is no second one', async () => {
    const office = await openOffice()
    const payment = ulid()
    office.staff.exec("insert into deposits(patient_id, amount_cents, transaction_id) values (1, 5000, 'pi_1'), (2, 5000, 'pi_2')") // prettier-ignore
    await say(office, { ...paid(payment, 'pi_1'), ...refunded(payment, 're_1', 200) })
    expect(deposits(office)).toMatchObject([{ transaction_id: 'pi_1', refunded_cents: 200 }, {}])
    await say(office, paid(ulid(), 'pi_2'))
    expect(deposits(office)).toHaveLength(2)
    const reviews = await Promise.all((await office.replica.list('reviews')).map((head) => office.replica.entries('reviews', head.key))) // prettier-ignore
    expect(reviews.flat()).toMatchObject([{ about: 'payment not posted' }])
    expect((await known(office, payment)).posted).not.toBeNull()
  })

  it('[DOM-16] [F19] of a patient who is not in InSched any more becomes a review item; assigned to another, it is that one’s', async () => {
    const office = await openOffice()
    const payment = ulid()
    const key = (await office.bridge.documentOf('patients', 1))!
    const [facts, right] = [
      await factsAt(office.replica, 'patients', key),
      (await office.bridge.documentOf('patients', 2))!,
    ]
    office.staff.exec('delete from patients where patient_id = 1')
    await office.bridge.readNow()
    await office.replica.change([{ collection: 'payments', key, facts, add: paid(payment, 'pi_1') }])
    await office.bridge.written()
    expect(deposits(office)).toEqual([])
    const about = (await Promise.all((await office.replica.list('reviews')).map((head) => office.replica.entries('reviews', head.key)))).flat() // prettier-ignore
    expect(about).toMatchObject([{ about: 'payment not posted', patient: key }])
    const assigned: PaymentEntry = { kind: 'assigned', at: clock.now(), by: { role: 'staff', id: 's' }, payment, to: right, reason: 'A brother' } // prettier-ignore
    await office.replica.change([{ collection: 'payments', key, add: { [ulid()]: assigned } }])
    await office.bridge.written()
    expect(deposits(office)).toMatchObject([{ patient_id: 2, amount_cents: 5_000, transaction_id: 'pi_1#1' }])
  })

  it('[F16] of the wrong patient is reversed and made anew for the right one, never edited', async () => {
    const office = await openOffice()
    const payment = ulid()
    await say(office, { ...paid(payment, 'pi_1'), ...refunded(payment, 're_1', 1_000) })
    const to = (await office.bridge.documentOf('patients', 2))!
    const assigned: PaymentEntry = { kind: 'assigned', at: clock.now(), by: { role: 'staff', id: 's' }, payment, to, reason: 'It was for the brother' } // prettier-ignore
    const id = ulid()
    await say(office, { [id]: assigned })
    await say(office, { [id]: assigned })
    await say(office, refunded(payment, 're_2', 500))
    expect(deposits(office)).toMatchObject([
      { patient_id: 1, amount_cents: 5_000, refunded_cents: 0, voided_cents: 5_000, transaction_id: 'pi_1' },
      { patient_id: 2, amount_cents: 5_000, refunded_cents: 1_500, voided_cents: 0, transaction_id: 'pi_1#1' },
    ])
    expect((await known(office, payment)).deposits).toHaveLength(2)
  })

  it('in another currency is not written as dollars: a person sees it', async () => {
    const office = await openOffice()
    const payment = ulid()
    const add = paid(payment, 'pi_1')
    await say(office, { [payment]: { ...add[payment]!, amount: { minor: 5_000, currency: 'eur' } } as PaymentEntry, [`paid:${payment}`]: { ...add[`paid:${payment}`]!, amount: { minor: 5_000, currency: 'eur' } } as PaymentEntry }) // prettier-ignore
    expect(deposits(office)).toEqual([])
    expect(await office.replica.count('reviews')).toBe(1)
  })
})
