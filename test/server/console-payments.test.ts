/** Payments at the console: what waits and what is posted, requests, refunds with a fresh code where they are large, whose a payment is, and the bookkeeper's file. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintUlid } from '../../src/replica/ids.ts'
import { cents } from '../../src/replica/kinds/money.ts'
import { foldPayments, type PaymentEntry } from '../../src/replica/kinds/payments.ts'
import { openDeskWorld, type DeskWorld } from './desk-world.ts'

let world: DeskWorld
beforeAll(async () => void (world = await openDeskWorld()))
afterAll(() => world.close())

const keyOf = async (patient: number): Promise<string> => (await world.site.bridge.documentOf('patients', patient))!
const atPortal = async (patient = 1) => foldPayments(await world.atPortal.entries('payments', await keyOf(patient)))
/** What the portal says of a payment by card. */
async function paid(minor: number, patient = 1): Promise<string> {
  const payment = mintUlid(world.clock)
  const key = await keyOf(patient)
  const { at: _, ...facts } = (await world.atPortal.head('patients', key))!.facts
  const said: Record<string, PaymentEntry> = {
    [payment]: { kind: 'started', at: Date.now(), by: { role: 'patient', id: 'a', name: '=Pat, the payer' }, amount: cents(minor) }, // prettier-ignore
    [`paid:${payment}`]: { kind: 'paid', at: Date.now(), by: { role: 'portal', id: 'p' }, payment, amount: cents(minor), transaction: `pi_${payment}`, brand: 'visa', last4: '4242', authorization: 'A1' }, // prettier-ignore
  }
  await world.atPortal.change([{ collection: 'payments', key, facts, add: said }])
  await expect.poll(async () => (await atPortal(patient)).payments.find((one) => one.id === payment)?.posted).not.toBeNull() // prettier-ignore
  await expect.poll(async () => (await world.site.payment(payment))?.payment.posted).not.toBeNull()
  return payment
}
const deposits = () => world.insched.prepare('select patient_id, amount_cents, refunded_cents, voided_cents, transaction_id from deposits where transaction_id is not null order by deposit_id').all() // prettier-ignore

describe('at the console a payment', () => {
  it('[F20] is under Posted with its deposit, and nothing waits', async () => {
    const payment = await paid(5_000)
    expect((await world.admin.get('/payments')).text).toContain('Nothing waits for InSched.')
    const { text } = await world.admin.get('/payments?box=posted')
    expect(text).toContain('$50.00')
    expect(text).toContain(`pi_${payment}`)
    const one = await world.admin.get(`/payments/${payment}`)
    expect(one.text).toContain('4242')
  })

  it('is refunded in part by who may, with a reason, and never more than is left', async () => {
    const payment = await paid(6_000)
    const page = `/payments/${payment}`
    expect((await world.admin.submit(page, '/payments/refund', { amount: '60.01', reason: 'Too much' })).status).toBe(400) // prettier-ignore
    expect((await world.admin.submit(page, '/payments/refund', { amount: '10', reason: '' })).status).toBe(400)
    expect((await world.admin.submit(page, '/payments/refund', { amount: '10', reason: 'Paid twice' })).status).toBe(303) // prettier-ignore
    await expect.poll(async () => (await atPortal()).payments.find((one) => one.id === payment)!.refunds).toMatchObject([{ state: 'asked', amount: cents(1_000), reason: 'Paid twice', by: { initials: 'JD' } }]) // prettier-ignore
    await expect.poll(async () => (await world.admin.get(page)).text).toContain('At most $50.00 is left.')
    expect((await world.admin.get('/payments?box=refunds')).text).toContain(payment)
  })

  it('that is large is refunded only with a fresh code of the authenticator app', async () => {
    const payment = await paid(90_000)
    const page = `/payments/${payment}`
    const asked = { amount: '500', reason: 'Canceled' }
    expect((await world.admin.submit(page, '/payments/refund', asked)).status).toBe(401)
    expect((await world.admin.submit(page, '/payments/refund', { ...asked, code: '123456' })).status).toBe(401)
    world.clock.advance(60_000)
    const code = world.authenticator.code()
    expect((await world.admin.submit(page, '/payments/refund', { ...asked, code })).status).toBe(303)
    await expect.poll(async () => (await world.site.payment(payment))!.left.minor).toBe(40_000)
  })

  it('of the wrong patient is assigned: reversed on the one, made anew for the other', async () => {
    const payment = await paid(7_000)
    const page = `/payments/${payment}`
    expect((await world.admin.submit(page, '/payments/assign', { patient: '99999', reason: 'x' })).status).toBe(404)
    expect((await world.admin.submit(page, '/payments/assign', { patient: '2', reason: 'The brother paid' })).status).toBe(303) // prettier-ignore
    await expect.poll(deposits).toContainEqual({ patient_id: 2, amount_cents: 7_000, refunded_cents: 0, voided_cents: 0, transaction_id: `pi_${payment}#1` }) // prettier-ignore
    expect(deposits()).toContainEqual({ patient_id: 1, amount_cents: 7_000, refunded_cents: 0, voided_cents: 7_000, transaction_id: `pi_${payment}` }) // prettier-ignore
  })

  it('is asked for with an amount, a day and words, and the wish is taken back while nobody has paid', async () => {
    const page = '/payments?box=requests'
    const wish = { patient: '1', amount: '125', due: '2031-01-15', words: 'Your visit in January' }
    expect((await world.admin.submit(page, '/payments/request', { ...wish, amount: '' })).status).toBe(400)
    expect((await world.admin.submit(page, '/payments/request', wish)).headers.get('location')).toContain('said=asked')
    await expect.poll(async () => (await atPortal()).requests).toMatchObject([{ state: 'open', amount: cents(12_500), due: '2031-01-15', words: 'Your visit in January' }]) // prettier-ignore
    await expect.poll(async () => (await world.admin.get(page)).text).toContain('Your visit in January')
    expect((await world.admin.submit(page, '/payments/withdraw')).status).toBe(303)
    await expect.poll(async () => (await atPortal()).requests[0]!.state).toBe('withdrawn')
  })

  it('[O1] stands in Recent Communications with its refunds, by a filter of its own', async () => {
    const { text } = await world.admin.submit('/recent', '/recent', { channel: 'payment' })
    const rows = [...text.matchAll(/<tr[\s\S]*?<\/tr>/g)].map(([row]) => row.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')) // prettier-ignore
    expect(rows.some((row) => /Payment In 1 Payment of \d+\.\d\d USD Written/.test(row))).toBe(true)
    expect(rows.some((row) => / Payment Out 1 Refund of 10\.00 USD /.test(row))).toBe(true)
    expect(rows.some((row) => / (Portal|Text|Email) (In|Out) /.test(row))).toBe(false)
  })

  it('stands in the bookkeeper’s file, without a name and with nothing that a spreadsheet runs', async () => {
    const { text, headers } = await world.admin.submit('/payments', '/payments/export')
    expect(headers.get('content-disposition')).toContain('payments.csv')
    const lines = text.trim().split('\r\n')
    expect(lines[0]).toContain('paid_at,patient,amount,refunded')
    expect(lines).toHaveLength(5)
    expect(lines[1]).toMatch(/^20\d\d-.*,1,\d+\.\d\d,0\.00,0\.00,usd,posted,4242,A1,pi_/)
    expect(text).not.toContain('payer')
    const deeds = world.staff.audit.rows().map((row) => row.event.did)
    for (const did of [
      'payments exported',
      'refund asked',
      'payment assigned',
      'payment requested',
      'payment request withdrawn',
      'proved again',
      'wrong second factor',
    ])
      // prettier-ignore
      expect(deeds).toContain(did)
  })
})
