/** Paying by a link without signing in, saved cards, and the receipt that is mailed: what each says, to whom, and what it leaves out. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { linkPath } from '../../src/bridges/email/links.ts'
import type { Mail, Mailer } from '../../src/bridges/email/mailer.ts'
import { mintUlid } from '../../src/replica/ids.ts'
import { foldAccess } from '../../src/replica/kinds/access.ts'
import { cents } from '../../src/replica/kinds/money.ts'
import { foldPayments, type Payments } from '../../src/replica/kinds/payments.ts'
import { serveCardSandbox, type ServedSandbox } from '../../src/server/card-sandbox-page.ts'
import { emailLinksApp } from '../../src/server/email/email-links-app.ts'
import {
  browserOf,
  heldClock,
  openPortalWorld,
  secretsOf,
  type Browser,
  type Known,
  type PortalWorld,
} from './world.ts'

const hmacKey = new Uint8Array(32).fill(9)
const mails: Mail[] = []
const mailer: Mailer = { deliver: async () => null, send: (mail) => void mails.push(mail), settled: async () => {}, close: async () => {} } // prettier-ignore
let card: ServedSandbox
let world: PortalWorld
let ann: Known
let anybody: Browser
beforeAll(async () => {
  card = await serveCardSandbox({ port: 0, clock: heldClock(), secretKey: 'sk_test_1', webhookSecret: 'whsec_0' })
  card.sandbox.setDelivery('lost')
  world = await openPortalWorld({ mailer }, undefined, card.url)
  ann = world.known['ann']!
  const app = emailLinksApp({
    practice: (id) => (id === ann.practice ? { replica: ann.replica, hmacKey } : undefined),
    nameOf: async () => ({ practice: ann.practiceName, phone: ann.phone }),
    pay: { cashier: world.cashier!, origin: () => 'https://portal.example', audit: world.store.audit },
    secure: false,
    clock: world.clock,
    log: (line) => void world.log.push(line),
  })
  anybody = browserOf(app, '203.0.113.200')
})
afterAll(async () => {
  await world.close()
  await card.close()
})
beforeEach(() => void mails.splice(0))

const known = async (): Promise<Payments> => foldPayments(await ann.replica.entries('payments', ann.patient))
const words = 'Deposit for your rhinoplasty'
/** The office asks for a payment; the path of its link. */
async function asks(minor: number): Promise<{ request: string; path: string }> {
  const request = mintUlid(world.clock)
  const { at: _, ...facts } = (await ann.replica.head('patients', ann.patient))!.facts
  const by = { role: 'staff' as const, id: 's', initials: 'J.D.' }
  await ann.replica.change([{ collection: 'payments', key: ann.patient, facts, add: { [request]: { kind: 'requested', at: world.clock.now(), by, amount: cents(minor), due: null, words } } }]) // prettier-ignore
  return { request, path: linkPath(hmacKey, 'pay', { practice: ann.practice, patient: ann.patient, message: request }) }
}
/** The fields of the form that pays a part of what is owed: the page has one for each request too, in whichever order. */
async function ownAmount(browser: Browser): Promise<{ csrf: string; id: string }> {
  const { csrf, id } = await browser.hidden('/pay', '/pay')
  return { csrf: csrf!, id: id! }
}
const sessionOf = (payment: string) => [...card.sandbox.objects.sessions.values()].find((one) => one.metadata['payment'] === payment)! // prettier-ignore

describe('the link of a payment request', () => {
  it('[Y3] [Y4] shows the amount and the practice to whoever has it, and nothing of the patient or of what it is for', async () => {
    const { path } = await asks(12_300)
    const { status, text } = await anybody.get(path)
    expect(status).toBe(200)
    expect(text).toContain('$123.00')
    expect(text).toContain(ann.practiceName)
    for (const secret of [...secretsOf(ann), words, 'rhinoplasty', 'J.D.']) expect(text).not.toContain(secret)
    // Opening it begins nothing: programs that look at mails open links.
    expect((await known()).payments).toEqual([])
  })

  it('is paid on the page of the processor, once, and is over then', async () => {
    const { request, path } = await asks(4_200)
    expect((await anybody.post(path, {})).headers.get('location')).toBe(path)
    // Pressed by two who have it, it is one payment on one page.
    await anybody.post(path, {})
    const payments = (await known()).payments.filter((one) => one.request === request)
    expect(payments).toHaveLength(1)
    const begun = world.store.audit.rows().filter(({ event }) => event.did === 'payment begun' && event.of?.includes(payments[0]!.id) === true) // prettier-ignore
    expect(begun.map(({ event }) => event.by)).toEqual([undefined])
    const session = sessionOf(payments[0]!.id)
    expect((await anybody.get(path)).text).toContain(`/checkout/${session.id}`)
    expect(session.paidTo).toBe(`https://portal.example${path}?back=paid`)
    expect((await anybody.get(`${path}?back=paid`)).text).not.toContain('Thank you')
    card.sandbox.pay(session, 'card')
    expect((await anybody.get(`${path}?back=paid`)).text).toContain('$42.00 was paid. Thank you.')
    await anybody.post(path, {})
    expect((await known()).payments.filter((one) => one.request === request)).toHaveLength(1)
    expect((await known()).requests.find((one) => one.id === request)).toMatchObject({ state: 'paid' })
  })

  it('[Y6] asks before the same amount is paid again within a day, and keeps what was answered', async () => {
    const [first, second] = [await asks(7_700), await asks(7_700)]
    await anybody.post(first.path, {})
    card.sandbox.pay(sessionOf((await known()).payments.find((one) => one.request === first.request)!.id), 'card')
    await anybody.get(`${first.path}?back=paid`)
    const begun = async () => (await known()).payments.filter((one) => one.request === second.request).length
    const { text } = await anybody.post(second.path, {})
    expect(text).toContain('$77.00 was paid to this office on')
    await anybody.post(second.path, { again: 'no' })
    expect(await begun()).toBe(0)
    await anybody.post(second.path, { again: 'yes' })
    expect(await begun()).toBe(1)
    const deeds = world.store.audit.rows().flatMap(({ event }) => (event.of?.includes(second.request) === true ? [event.did] : [])) // prettier-ignore
    expect(deeds).toEqual(['same payment noticed', 'same payment left', 'same payment allowed'])
  })

  it('that was made elsewhere, altered, or is for what was taken back, pays nothing', async () => {
    const { request, path } = await asks(900)
    const other = await asks(901)
    const altered = path.replace(request, other.request)
    expect((await anybody.get(altered)).status).toBe(404)
    expect((await anybody.post(altered, {})).status).toBe(404)
    expect((await anybody.get(linkPath(new Uint8Array(32), 'pay', { practice: ann.practice, patient: ann.patient, message: request }))).status).toBe(404) // prettier-ignore
    // A link to confirm or to stop is no link to pay.
    expect((await anybody.get(linkPath(hmacKey, 'stop', { practice: ann.practice, patient: ann.patient, message: request }).replace('/stop/', '/pay/'))).status).toBe(404) // prettier-ignore
    await ann.replica.change([{ collection: 'payments', key: ann.patient, add: { w: { kind: 'request withdrawn', at: world.clock.now(), by: { role: 'staff', id: 's' }, request } } }]) // prettier-ignore
    expect((await anybody.get(path)).status).toBe(410)
    expect((await anybody.post(path, {})).status).toBe(410)
    expect((await known()).payments.filter((one) => one.request === request)).toEqual([])
  })
})

describe('saved cards', () => {
  const stripes = () => card.sandbox.recorded.slice()
  it('[Y5] are at the processor alone: who pays is known there by our ids, sees brand and last 4 here after showing who they are, and takes a card away', async () => {
    const browser = await world.signedIn('ann')
    const form = await ownAmount(browser)
    await ann.replica.change([{ collection: 'patients', key: ann.patient, set: { balanceDueCents: 8_000 }, at: world.clock.now() }]) // prettier-ignore
    await world.indexed()
    const asked = stripes().length
    expect((await browser.post('/pay', { ...form, amount: '21.00' })).status).toBe(303)
    const session = sessionOf(form.id)
    expect(session).toMatchObject({ offersToSave: true, customer: { metadata: { practice: ann.practice } } })
    const sent = decodeURIComponent(stripes().slice(asked).map((one) => `${one.path} ${one.body}`).join('\n')) // prettier-ignore
    for (const secret of secretsOf(ann)) expect(sent).not.toContain(secret)
    card.sandbox.pay(session, 'card', true)
    await world.cashier!.attend(form.id)
    // Without an address or a password there is nothing to show who one is by: the session is enough.
    const { text } = await browser.get('/pay/cards')
    expect(text).toContain('Visa ending in 4242')
    expect(text).toContain('Expires 12/31')
    // Another account has other cards, and cannot take this one away.
    const bob = await world.signedIn(Object.values(world.known).find((one) => one.practice === ann.practice && one.key !== 'ann')!.key) // prettier-ignore
    expect((await bob.get('/pay/cards')).text).toContain('You have saved no card')
    const saved = session.customer!.cards[0]!.id
    await bob.post('/pay/cards/remove', { ...(await bob.hidden('/', '/sign-out')), card: saved })
    expect(session.customer!.cards).toHaveLength(1)
    expect((await browser.submit('/pay/cards', '/pay/cards/remove')).headers.get('location')).toBe('/pay/cards?said=cardRemoved') // prettier-ignore
    expect(session.customer!.cards).toEqual([])
    expect((await browser.get('/pay/cards')).text).toContain('You have saved no card')
  })

  it('[Y5] the next payment is by the same payer, and one that the processor has forgotten is made anew', async () => {
    const browser = await world.signedIn('ann')
    const pays = async (amount: string) => {
      const form = await ownAmount(browser)
      const answer = await browser.post('/pay', { ...form, amount })
      return { status: answer.status, id: form.id }
    }
    const first = sessionOf((await pays('3.00')).id).customer!
    expect(sessionOf((await pays('4.00')).id).customer!.id).toBe(first.id)
    card.sandbox.objects.customers.clear()
    expect((await pays('5.00')).status).toBe(503)
    const { status, id } = await pays('6.00')
    expect(status).toBe(303)
    expect(sessionOf(id).customer!.id).not.toBe(first.id)
  })

  it('[Y5] are shown only after a fresh proof to who has a way to give one', async () => {
    const browser = await world.signedIn('ann')
    const { accounts } = foldAccess(await ann.replica.entries('access', ann.patient))
    accounts.forEach((account, i) => world.store.setEmail(account, `ann${i}@example.com`))
    world.clock.advance(6 * 60_000)
    expect((await browser.get('/pay/cards')).headers.get('location')).toBe('/again?to=pay/cards')
    expect((await browser.get('/again?to=pay/cards')).text).toContain('value="pay/cards"')
  })
})

describe('a receipt', () => {
  it('[Y12] is mailed once to the confirmed address of who paid, with amount, day, practice, last 4 and our number, and no word of what for', async () => {
    const browser = await world.signedIn('ann')
    const [account] = foldAccess(await ann.replica.entries('access', ann.patient)).accounts.slice(-1) as [string]
    world.store.setEmail(account, 'ann.confirmed@example.com')
    const { request } = await asks(5_500)
    await world.indexed()
    const { csrf, id } = await ownAmount(browser)
    await browser.post('/pay', { csrf, id, request })
    card.sandbox.pay(sessionOf(id), 'card')
    await world.cashier!.attend(id)
    await world.cashier!.attend(id)
    expect(mails).toHaveLength(1)
    const [{ to, from, subject, text }] = mails as [Mail]
    expect([to, from, subject]).toEqual(['ann.confirmed@example.com', ann.practiceName, `Your receipt from ${ann.practiceName}`]) // prettier-ignore
    expect(text).toContain('Amount: $55.00')
    expect(text).toContain(`Our number: ${id}`)
    expect(text).toMatch(/ending in 4242/)
    for (const secret of [ann.firstName, ann.lastName, ann.birthDate, ann.event, ann.plan, words, 'rhinoplasty']) expect(text + subject).not.toContain(secret) // prettier-ignore
  })

  it('[Y12] is mailed to nobody where the address was not confirmed, and not long after', async () => {
    const bob = Object.values(world.known).find((one) => one.practice === ann.practice && one.key !== 'ann')!
    const browser = await world.signedIn(bob.key)
    await bob.replica.change([{ collection: 'patients', key: bob.patient, set: { balanceDueCents: 8_000 }, at: world.clock.now() }]) // prettier-ignore
    await world.indexed()
    const form = await ownAmount(browser)
    await browser.post('/pay', { ...form, amount: '12.00' })
    card.sandbox.pay(sessionOf(form.id), 'card')
    await world.cashier!.attend(form.id)
    expect(mails).toEqual([])
  })
})
