/** Paying at the portal: what may be paid and by whom, that no page of ours can hold a card field, and which notices of the processor are heard. */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintUlid } from '../../src/replica/ids.ts'
import { cents } from '../../src/replica/kinds/money.ts'
import { foldPayments, type PaymentEntry } from '../../src/replica/kinds/payments.ts'
import { serveCardSandbox, type ServedSandbox } from '../../src/server/card-sandbox-page.ts'
import { browserOf, openPortalWorld, type Browser, type PortalWorld } from './world.ts'

let card: ServedSandbox
let world: PortalWorld
let ann: Browser
beforeAll(async () => {
  card = await serveCardSandbox({ port: 0, clock: { ...(await import('./world.ts')).heldClock() }, secretKey: 'sk_test_1', webhookSecret: 'whsec_0' }) // prettier-ignore
  card.sandbox.setDelivery('lost')
  world = await openPortalWorld({}, undefined, card.url)
  const { replica, patient } = world.known['ann']!
  await replica.change([{ collection: 'patients', key: patient, set: { balanceDueCents: 8_000 }, at: world.clock.now() }]) // prettier-ignore
  await world.indexed()
  ann = await world.signedIn('ann')
})
afterAll(async () => {
  await world.close()
  await card.close()
})
const known = async () => foldPayments(await world.known['ann']!.replica.entries('payments', world.known['ann']!.patient)) // prettier-ignore
const add = async (entries: Record<string, PaymentEntry>): Promise<void> => {
  const { replica, patient } = world.known['ann']!
  const { at: _, ...facts } = (await replica.head('patients', patient))!.facts
  await replica.change([{ collection: 'payments', key: patient, facts, add: entries }])
  await world.indexed()
}
const asked = (words: string, minor: number): Record<string, PaymentEntry> => ({ [mintUlid(world.clock)]: { kind: 'requested', at: world.clock.now(), by: { role: 'staff', id: 's', initials: 'JD' }, amount: cents(minor), due: '2026-12-01', words } }) // prettier-ignore

describe('the page Pay', () => {
  it('says what is owed and as of when, and suggests it', async () => {
    const { text } = await ann.get('/pay')
    expect(text).toContain('$80.00')
    expect(text).toContain('Office data as of')
    expect(text).toContain('value="80.00"')
    expect((await ann.get('/')).text).toContain('Pay your balance of $80.00')
  })

  it.each(['0.99', '80.01', 'all of it', '', '-5', '1e3'])('takes no amount of “%s”, and says why', async (amount) => {
    const { status, text } = await ann.submit('/pay', '/pay', { amount })
    expect(status).toBe(400)
    expect(text).toContain('From $1.00 to $80.00')
    expect(text).toContain('aria-invalid="true"')
    expect((await known()).payments).toEqual([])
  })

  it('takes a request of the office at its amount, once, and not one that was taken back', async () => {
    const [first, second] = [asked('Your visit in December', 12_345), asked('Something else', 500)]
    await add({ ...first, ...second })
    const [request] = Object.keys(first)
    const { text } = await ann.get('/pay')
    expect(text).toContain('Your visit in December')
    const fields = { ...(await ann.hidden('/pay', '/pay')), request: request! }
    const answer = await ann.post('/pay', { ...fields, amount: '1.00' })
    expect(answer.headers.get('location')).toMatch(/^\/pay\/[0-9A-Z]{26}$/)
    expect((await ann.post('/pay', fields)).headers.get('location')).toBe(answer.headers.get('location'))
    expect((await known()).payments).toMatchObject([{ amount: cents(12_345), request }])
    expect(card.sandbox.objects.sessions.size).toBe(1)
    expect(card.sandbox.recorded.map((one) => one.body).join()).not.toMatch(/December|visit|Annalise|Quillfeather/)
    const [other] = Object.keys(second)
    await add({ w: { kind: 'request withdrawn', at: world.clock.now(), by: { role: 'staff', id: 's' }, request: other! } }) // prettier-ignore
    expect((await ann.post('/pay', { ...(await ann.hidden('/pay', '/pay')), request: other! })).status).toBe(409)
  })

  it('believes no browser that comes back without having paid, and the processor when it has', async () => {
    const { location } = Object.fromEntries((await ann.submit('/pay', '/pay', { amount: '25' })).headers)
    const back = `${location}?back=paid`
    expect((await ann.get(back)).text).toContain('Not paid yet')
    card.sandbox.pay([...card.sandbox.objects.sessions.values()].at(-1)!, 'card')
    const { text } = await ann.get(back)
    expect(text).toContain('Paid, waiting for the office')
    expect(text).toContain('Visa ending in 4242')
    expect(text).toContain('Receipt')
  })

  it('[Y6] [F18] asks before the same is paid again within a day, and keeps whether it was paid again or left', async () => {
    await world.indexed()
    const question = await ann.submit('/pay', '/pay', { amount: '25.00' })
    expect(question.status).toBe(200)
    expect(question.text).toMatch(/You paid \$25\.00 on .*Pay again\?/)
    const { hiddenOf } = await import('./world.ts')
    expect((await ann.post('/pay/left', hiddenOf(question.text, '/pay/left'))).headers.get('location')).toBe('/pay?said=left') // prettier-ignore
    expect((await ann.post('/pay', hiddenOf(question.text, '/pay'))).status).toBe(303)
    const deeds = world.store.audit.rows().map((row) => row.event.did)
    for (const did of ['same payment noticed', 'same payment left', 'same payment allowed', 'payment begun'])
      expect(deeds).toContain(did)
    world.clock.advance(25 * 3_600_000)
    const later = await world.signedIn('ann')
    expect((await later.submit('/pay', '/pay', { amount: '25.00' })).status).toBe(303)
  })

  it('says that nothing was charged where the processor does not answer', async () => {
    card.sandbox.failNext('before', 'before')
    const later = await world.signedIn('ann')
    const answer = await later.submit('/pay', '/pay', { amount: '31' })
    expect([answer.status, answer.text]).toEqual([503, expect.stringContaining('Nothing was charged.')])
  })

  it('is for the patient and whoever may pay for them', async () => {
    const guardian = browserOf(world.app, '203.0.113.77')
    const { path } = await world.grant('ann', { name: 'Gwen Guardian', relationship: 'representative', scope: ['messages'], from: '2026-11-23', to: null }) // prettier-ignore
    await guardian.post(path, { date: world.known['ann']!.birthDate })
    expect((await guardian.get('/pay')).status).toBe(403)
    expect((await guardian.get('/messages')).text).not.toContain('href="/pay"')
  })

  it('no page can hold a card field: nothing of another origin is loaded or framed, and forms go nowhere else', async () => {
    const later = await world.signedIn('ann')
    for (const path of ['/', '/pay']) {
      const { text, headers } = await later.get(path)
      const policy = headers.get('content-security-policy')!
      for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "form-action 'self'"])
        expect(policy).toContain(part)
      expect(policy).not.toMatch(/frame-src|https?:|stripe|unsafe/)
      expect(text).not.toMatch(/<iframe|autocomplete="cc-|name="(card|cvc|number|expir)/)
    }
  })
})

describe('a notice of the card processor', () => {
  const practiceOf = (person: string): string => world.known[person]!.practice
  const body = (more: object = {}): string => JSON.stringify({ id: `evt_${mintUlid(world.clock)}`, type: 'checkout.session.completed', data: { object: { id: 'cs_1', object: 'checkout.session', metadata: {} } }, ...more }) // prettier-ignore
  const sign = (text: string, secret: string, ago = 0): string => {
    const at = Math.floor(world.clock.now() / 1_000) - ago
    return `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${text}`).digest('hex')}`
  }
  const send = async (text: string, signature: string | undefined, practice = practiceOf('ann')) => {
    const before = world.store.audit.rows().length
    const incoming = { headers: {}, socket: { remoteAddress: '203.0.113.200' } }
    const answer = await world.app.request(`/webhooks/stripe/${practice}`, { method: 'POST', body: text, headers: { 'content-length': String(text.length), ...(signature === undefined ? {} : { 'stripe-signature': signature }) } }, { incoming }) // prettier-ignore
    return { status: answer.status, trail: world.store.audit.rows(before).map(({ event }) => [event.did, event.of]) }
  }

  it.each([
    ['unsigned', () => [body(), undefined], 400, 'unsigned'],
    ['signed in an older way', () => [body(), 't=1,v0=abc'], 400, 'unsigned'],
    ['altered', () => { const text = body(); return [text.replace('cs_1', 'cs_2'), sign(text, 'whsec_0')] }, 400, 'altered'], // prettier-ignore
    ['signed by a stranger', () => { const text = body(); return [text, sign(text, 'whsec_stranger')] }, 400, 'altered'], // prettier-ignore
    ['of another practice’s account', () => { const text = body(); return [text, sign(text, 'whsec_1')] }, 400, 'altered'], // prettier-ignore
    ['old, as one that was kept and is sent again', () => { const text = body(); return [text, sign(text, 'whsec_0', 301)] }, 400, 'old'], // prettier-ignore
    [
      'from the future',
      () => {
        const text = body()
        return [text, sign(text, 'whsec_0', -400)]
      },
      400,
      'old',
    ],
    ['oversized', () => { const text = body({ more: 'x'.repeat(300_000) }); return [text, sign(text, 'whsec_0')] }, 413, 'oversized'], // prettier-ignore
    ['signed but no notice', () => ['[]', sign('[]', 'whsec_0')], 400, 'not readable'],
    ['about another practice', () => { const text = body({ data: { object: { id: 'cs_1', object: 'checkout.session', metadata: { practice: practiceOf('dora'), payment: mintUlid(world.clock) } } } }); return [text, sign(text, 'whsec_0')] }, 400, 'another practice'], // prettier-ignore
  ] as const)('that is %s is refused, told apart in the trail, and has no effect', async (_, make, status, why) => {
    const before = card.sandbox.recorded.length
    const [text, signature] = make()
    expect(await send(text!, signature)).toEqual({ status, trail: [['payment notice refused', why]] })
    await world.cashier!.settled()
    expect(card.sandbox.recorded.length).toBe(before)
  })

  it('for a practice that takes no cards is refused', async () => {
    const text = body()
    expect(await send(text, sign(text, 'whsec_0'), mintUlid(world.clock))).toEqual({ status: 404, trail: [['payment notice refused', 'unknown practice']] }) // prettier-ignore
  })

  it('is taken by any of the secrets, and the second time changes nothing', async () => {
    for (const secret of ['whsec_0', 'whsec_old0']) {
      const text = body()
      expect(await send(text, sign(text, secret))).toEqual({ status: 200, trail: [] })
      expect((await send(text, sign(text, secret))).trail).toMatchObject([['payment notice repeated', expect.any(String)]]) // prettier-ignore
    }
  })
})
