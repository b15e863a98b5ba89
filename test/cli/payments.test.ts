/** The circle of a payment with real processes: a patient pays on the processor's page, and the deposit is in InSched once, whatever was down meanwhile. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveCardSandbox, type ServedSandbox } from '../../src/server/card-sandbox-page.ts'
import { systemClock } from '../../src/replica/clock.ts'
import { enrollPractice, run, signInAt, type EnrolledPractice, type Patient, type Running } from './office.ts'

let office: EnrolledPractice
let card: ServedSandbox
let portal: Running
let agent: Running
let patient: Patient
const site = () => office.sites[0]!
const deposits = () => site().insched.prepare('select patient_id, amount_cents, refunded_cents, card_last4, transaction_id from deposits where transaction_id is not null order by deposit_id').all() as { transaction_id: string; amount_cents: number }[] // prettier-ignore
const accounts = () => join(office.dir, 'accounts.json')
beforeAll(async () => {
  card = await serveCardSandbox({ port: 0, clock: systemClock, secretKey: 'sk_test_1', webhookSecret: 'whsec_1' })
  office = await enrollPractice({ sites: 1, patients: 20, prepare: (insched) => void insched.exec('update patients set balance_due_cents = 12050 where patient_id in (1, 2)') }) // prettier-ignore
  await (await office.portal.ready).kill()
  const { result } = await run('portal', 'status', '--data', office.portalDir)
  const { practiceId } = result.practices[0]
  writeFileSync(accounts(), JSON.stringify({ [practiceId]: { secretKey: 'sk_test_1', webhookSecrets: ['whsec_0', 'whsec_1'], apiBase: card.url } }), { mode: 0o600 }) // prettier-ignore
  portal = await office.launchPortal('--payments', accounts()).ready
  card.sandbox.options.webhookUrl = `${portal.url}/webhooks/stripe/${practiceId}`
  agent = await site().launch().ready
  patient = await signInAt(portal.url, site(), 1)
})
afterAll(async () => {
  await Promise.all([agent.kill(), portal.kill(), card.close()])
  site().insched.close()
})

/** Begins a payment as a patient does; the path of its page. */
async function begin(amount: string): Promise<string> {
  const { text } = await patient.submit(await patient.get('/pay'), '/pay', { amount })
  return `/pay/${session(text).metadata['payment']}`
}
const session = (page: string) => card.sandbox.objects.sessions.get(/\/checkout\/(\w+)"/.exec(page)![1]!)!

describe('a payment by card, through the command line and a browser without scripts', () => {
  it('is a deposit in InSched within seconds, and the page says “Posted by the office”', async () => {
    expect(await patient.get('/pay')).toContain('$120.50')
    const page = await begin('100.00')
    expect(await patient.get(page)).toContain('Not paid yet')
    card.sandbox.pay(session(await patient.get(page)), 'card')
    await expect.poll(deposits).toMatchObject([{ patient_id: 1, amount_cents: 10_000, card_last4: '4242' }])
    await expect.poll(() => patient.get(page)).toContain('Posted by the office')
    expect(deposits()[0]!.transaction_id).toBe([...card.sandbox.objects.charges.keys()][0])
  })

  it('while the office is offline is paid and waits for it; the deposit comes once', async () => {
    await agent.kill()
    const page = await begin('20.50')
    card.sandbox.pay(session(await patient.get(page)), 'card')
    await expect.poll(() => patient.get(page)).toContain('Paid, waiting for the office')
    expect(deposits()).toHaveLength(1)
    agent = await site().launch().ready
    await expect.poll(deposits).toMatchObject([{}, { amount_cents: 2_050 }])
    await expect.poll(() => patient.get(page)).toContain('Posted by the office')
  })

  it('whose notices are lost, with a portal that was killed, is found when the portal begins again', async () => {
    const page = await begin('7.00')
    const at = session(await patient.get(page))
    await portal.kill('SIGKILL')
    card.sandbox.setDelivery('lost')
    card.sandbox.pay(at, 'card')
    portal = await office.launchPortal('--payments', accounts()).ready
    await expect.poll(deposits).toMatchObject([{}, {}, { amount_cents: 700 }])
    card.sandbox.setDelivery('at once')
  })

  it('of the same amount within a day is asked about before it is made again', async () => {
    const { text } = await patient.submit(await patient.get('/pay'), '/pay', { amount: '7.00' })
    expect(text).toMatch(/You paid \$7\.00 on .*\. Pay again\?/)
    const left = await patient.submit(text, '/pay/left')
    expect(left.text).toContain('Nothing was paid again.')
    const again = await patient.submit(text, '/pay')
    expect(again.text).toContain('Not paid yet')
    card.sandbox.expire(session(again.text))
  })

  it('agrees at the processor, the portal and InSched, and a deposit that staff changed is named', async () => {
    const reconcile = () => run('payments', 'reconcile', '--data', office.portalDir)
    await expect.poll(async () => (await reconcile()).result?.differences).toEqual([])
    const { result } = await reconcile()
    expect(result).toMatchObject({ processor: { payments: 12_750, refunds: 0 }, portal: { payments: 12_750 }, deposits: { count: 3, net: 12_750 }, notPosted: { count: 0 } }) // prettier-ignore
    site().insched.exec('update deposits set amount_cents = 700000 where amount_cents = 700')
    await expect.poll(async () => (await reconcile()).result.differences).toMatchObject([{ kind: 'deposit differs', amount: 699_300 }]) // prettier-ignore
    const { result: reviews } = await run('reviews', '--data', site().dir)
    expect(reviews.items).toMatchObject([{ kind: 'payment difference', patient: 1 }])
    expect(portal.output()).toContain('alarm: payments of practice')
  })

  it('of a patient who is erased is known no more, and the saved card is removed at the processor, though it was away and the portal was killed', async () => {
    const other = await signInAt(portal.url, site(), 2)
    const { text } = await other.submit(await other.get('/pay'), '/pay', { amount: '30.00' })
    const at = session(text)
    card.sandbox.pay(at, 'card', true)
    await expect.poll(() => deposits().length).toBe(4)
    await expect.poll(() => other.get(`/pay/${at.metadata['payment']}`)).toContain('Posted by the office')
    expect(at.customer!.cards).toHaveLength(1)
    card.sandbox.failNext(...Array.from({ length: 20 }, () => 'before' as const))
    site().insched.exec(
      'update patients set portal_enabled = 0, text_consent = 0, email_consent = 0 where patient_id = 2',
    )
    expect((await run('patient', 'erase', '--data', site().dir, '--patient', '2')).code).toBe(0)
    const notRemoved = async () => (await run('portal', 'status', '--data', office.portalDir)).result.practices[0].cardsNotRemoved // prettier-ignore
    await expect.poll(notRemoved).toMatchObject({ count: 1, problem: expect.stringContaining('The card processor answered') }) // prettier-ignore
    expect(at.customer!.cards).toHaveLength(1)
    await portal.kill('SIGKILL')
    card.sandbox.comeBack()
    portal = await office.launchPortal('--payments', accounts()).ready
    await expect.poll(() => at.customer!.deleted).toBe(true)
    await expect.poll(notRemoved).toBeUndefined()
    // The deposit is InSched's, and what was erased is no difference of the three accounts.
    expect(deposits()).toHaveLength(4)
    const { result } = await run('payments', 'reconcile', '--data', office.portalDir)
    expect(result.differences).toMatchObject([{ kind: 'deposit differs', amount: 699_300 }])
    const born = site().insched.prepare('select birth_date from patients where patient_id = 2').pluck().get()
    const sent = card.sandbox.recorded.map((one) => `${one.path} ${decodeURIComponent(one.body)}`).join('\n')
    expect(sent).toContain('/v1/customers/search')
    expect(sent).not.toContain(born)
  })

  it('accounts that others can read, and what is no account, are refused before anything starts', async () => {
    chmodSync(accounts(), 0o644)
    const { code, sentence } = await run('portal', '--data', join(office.dir, 'other'), '--payments', accounts())
    expect([code, sentence]).toEqual([2, expect.stringContaining('chmod 600')])
    expect(sentence).not.toContain('sk_test_1')
  })
})
