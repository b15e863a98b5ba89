/**
 * Paying: what is owed, an amount or a request of the office, and on to the processor's own page. No page of ours has a field
 * for a card, and the policy of every page lets none be shown. What is paid is said by the processor, never by a browser
 * that comes back.
 */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { Cashier } from '../../bridges/payments/cashier.ts'
import { ProcessorFault } from '../../bridges/payments/gateway.ts'
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import { entryIdSchema, ulidSchema } from '../../replica/kinds/kind.ts'
import { amountIn, plainAmount, inSchedCurrency, type Money } from '../../replica/kinds/money.ts'
import { foldPayments, type Payment, type PaymentRequest } from '../../replica/kinds/payments.ts'
import type { AuditTrail } from '../audit-sqlite.ts'
import { button, field, form, oneButton } from '../look/form.ts'
import { nothing, type Content, type Html } from '../look/html.ts'
import { empty, faultNotice, notice } from '../look/notice.ts'
import { page } from '../look/page.ts'
import type { Reader } from '../look/reader.ts'
import { badge, card, facts, list, timeline, type Moment } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import type { Entering } from './entering.ts'
import { frameOf, problem } from './frame.ts'
import { asOf } from './home.ts'
import { owedBy, paymentsOf, sameToday, type Owed } from './owed.ts'
import { byOf, deedOf, factsOf, practiceOf, type PortalEnv, type Viewer } from './viewer.ts'

const paySchema = v.object({
  id: ulidSchema,
  amount: v.optional(v.pipe(v.string(), v.maxLength(30)), ''),
  request: v.optional(entryIdSchema),
  again: v.optional(v.literal('yes')),
})

export function payPages(options: {
  readonly cashier: Cashier | undefined
  readonly entering: Entering
  readonly clock: Clock
  readonly audit: AuditTrail
}): Hono<PortalEnv> {
  const { entering, clock, audit } = options
  const app = new Hono<PortalEnv>()
  const cashierFor = ({ practice, takes }: Viewer): Cashier | undefined => (takes('payments') && options.cashier?.takes(practice) ? options.cashier : undefined) // prettier-ignore
  const none = async (c: Context<PortalEnv>): Promise<Response> => c.html(await problem(c, c.get('reader').words.problems.noPage), 404) // prettier-ignore

  app.get('/pay', async (c) => {
    audit.noted(deedOf(c.get('viewer'), 'viewed', 'pay'))
    return c.html(await payPage(c))
  })

  app.post('/pay', async (c) => {
    const viewer = c.get('viewer')
    const { pay } = c.get('reader').words
    const cashier = cashierFor(viewer)
    const given = v.safeParse(paySchema, await formOf(c))
    if (!cashier || !given.success) return c.html(await problem(c, pay.notTaken), 400)
    const { id, request: asked, again } = given.output
    const payments = await paymentsOf(viewer)
    // A form that is sent twice is one payment.
    if (payments.some((one) => one.id === id)) return c.redirect(`/pay/${id}`, 303)
    const owed = await owedBy(viewer)
    const request = asked === undefined ? undefined : owed.requests.find((one) => one.id === asked)
    if (asked !== undefined && !request) return c.html(await problem(c, pay.requestOver), 409)
    const amount = request?.amount ?? amountIn(given.output.amount, inSchedCurrency)
    if (!request && !isWithin(owed, amount)) return c.html(await payPage(c, given.output.amount), 400)
    const same = sameToday(payments, amount!, clock.now())
    if (same && again === undefined) {
      audit.record(deedOf(viewer, 'same payment noticed', [id, same.id]))
      return c.html(await askAgain(c, { id, amount: amount!, request }, same))
    }
    if (same) audit.record(deedOf(viewer, 'same payment allowed', [id, same.id]))
    const at = `${entering.originOf(c)}/pay/${id}`
    try {
      await cashier.begin({
        practice: viewer.practice,
        patient: viewer.patient,
        facts: await factsOf(viewer.replica, 'patients', viewer.patient),
        payment: id,
        by: await byOf(viewer),
        amount: amount!,
        ...(request ? { request: request.id } : {}),
        account: viewer.account,
        name: pay.toProcessor((await practiceOf(viewer)).practiceName ?? c.get('reader').words.frame.portal),
        language: c.get('reader').language,
        paidTo: `${at}?back=paid`,
        backTo: at,
      })
    } catch (error) {
      if (!(error instanceof ProcessorFault)) throw error
      return c.html(await problem(c, pay.notReached), 503)
    }
    audit.record(deedOf(viewer, 'payment begun', id))
    return c.redirect(`/pay/${id}`, 303)
  })

  /** The answer "no" to whether the same was meant: it is kept that it was given. */
  app.post('/pay/left', async (c) => {
    const id = v.safeParse(ulidSchema, (await formOf(c))?.['id'])
    audit.record(deedOf(c.get('viewer'), 'same payment left', id.success ? id.output : undefined))
    return c.redirect('/pay?said=left', 303)
  })

  app.get('/pay/:payment', async (c) => {
    const viewer = c.get('viewer')
    const id = c.req.param('payment')
    const known = async (): Promise<Payment | undefined> => (await paymentsOf(viewer)).find((one) => one.id === id)
    const found = await known()
    if (!found) return none(c)
    if (c.req.query('back') === 'paid' && found.state !== 'paid') {
      try {
        await cashierFor(viewer)?.attend(id)
      } catch (error) {
        // It does not answer now. The page says what is known; a notice or the clock will bring the rest.
        if (!(error instanceof ProcessorFault)) throw error
      }
    }
    audit.noted(deedOf(viewer, 'viewed', ['payment', id]))
    const payment = foldedNow(await viewer.replica.entries('payments', viewer.patient), id) ?? found
    return c.html(await paymentPage(c, payment))
  })

  async function payPage(c: Context<PortalEnv>, wrong?: string): Promise<string> {
    const viewer = c.get('viewer')
    const reader = c.get('reader')
    const { pay } = reader.words
    const frame = await frameOf(c, pay.title, '/pay')
    const cashier = cashierFor(viewer)
    const owed = await owedBy(viewer)
    const payments = await paymentsOf(viewer)
    const hidden = { csrf: viewer.csrf, id: mintUlid(clock) }
    return page(frame, [
      wrong === undefined ? nothing : faultNotice(pay.notSent),
      cashier ? nothing : notice('info', pay.notOffered),
      card(
        [
          owed.balance === null ? html`<p>${pay.noBalance}</p>` : html`<p class="when">${balanceText(reader, owed.balance)}</p>`, // prettier-ignore
          cashier && owed.bounds ? amountForm(reader, owed, hidden, wrong) : nothing,
          asOf(reader, viewer, frame.zone),
        ],
        { title: pay.balance, lead: true, key: 'balance' },
      ),
      ...owed.requests.map((one) => requestCard(reader, one, cashier ? { ...hidden, id: mintUlid(clock) } : undefined)),
      cashier ? html`<p><a class="button" href="/pay/cards">${pay.cards.title}</a></p>` : nothing,
      payments.length === 0
        ? empty(pay.none, pay.noneNext, 'list')
        : card(list(payments.map((one) => lineOf(reader, one, frame.zone))), { title: pay.history, key: 'history' }),
    ])
  }

  async function askAgain(c: Context<PortalEnv>, wanted: { id: string; amount: Money; request: PaymentRequest | undefined }, same: Payment): Promise<string> {
    const viewer = c.get('viewer')
    const reader = c.get('reader')
    const { pay } = reader.words
    const frame = await frameOf(c, pay.sameTitle, '/pay')
    const { id, amount, request } = wanted
    const again = { csrf: viewer.csrf, id, again: 'yes', ...(request ? { request: request.id } : { amount: plainAmount(amount) }) }
    return page(frame, [
      card([
        html`<p><strong>${pay.same(reader.money(amount), reader.instant(same.paid?.at ?? same.at, frame.zone))}</strong></p>`,
        html`<div class="row">
          ${oneButton('/pay', pay.sameYes(reader.money(amount)), again)}
          ${oneButton('/pay/left', pay.sameNo, { csrf: viewer.csrf, id }, 'main')}
        </div>`,
      ]),
    ])
  } // prettier-ignore

  async function paymentPage(c: Context<PortalEnv>, payment: Payment): Promise<string> {
    const viewer = c.get('viewer')
    const reader = c.get('reader')
    const { pay, patient } = reader.words
    const frame = await frameOf(c, pay.of(reader.money(payment.amount)), '/pay')
    const { practiceName } = await practiceOf(viewer)
    const open = payment.state === 'started' ? options.cashier?.open(payment.id) : undefined
    const { paid } = payment
    const when = (at: number): string => reader.instant(at, frame.zone)
    return page({ ...frame, back: { href: '/pay', text: pay.title } }, [
      open
        ? card([html`<p>${pay.goOnWhy}</p>`, html`<p><a class="button main" href="${open.url}" rel="noreferrer">${pay.goOn(reader.money(payment.amount))}</a></p>`, html`<p class="soft small">${pay.goOnUntil(when(open.until))}</p>`], { lead: true }) // prettier-ignore
        : nothing,
      card(timeline(momentsOf(reader, payment, when, viewer.office.connected)), { title: pay.state, key: 'state' }),
      paid
        ? card(
            [
              html`<p class="soft small">${pay.print}</p>`,
              facts([
                [pay.amount, reader.money(paid.amount)],
                [pay.paidTo, practiceName ?? reader.words.frame.portal],
                [pay.paidOn, when(paid.at)],
                ...(paid.last4 ? [[pay.card, cardInWords(reader, paid)] as const] : []),
                [pay.number, payment.id],
              ]),
            ],
            { title: pay.receipt },
          )
        : nothing,
      payment.state === 'ended' || (payment.state === 'started' && !open)
        ? html`<p><a class="button" href="/pay">${patient.menu.pay}</a></p>`
        : nothing,
    ])
  }
  return app
}

/** A payment as the document says it now: the index may be a moment older. */
function foldedNow(entries: Parameters<typeof foldPayments>[0], id: string): Payment | undefined {
  return foldPayments(entries).payments.find((one) => one.id === id)
}

function isWithin({ bounds }: Owed, amount: Money | undefined): boolean {
  return amount !== undefined && bounds !== null && amount.minor >= bounds.least.minor && amount.minor <= bounds.most.minor // prettier-ignore
}

function balanceText(reader: Reader, balance: Money): string {
  const { pay } = reader.words
  if (balance.minor < 0) return pay.inFavour(reader.money({ ...balance, minor: -balance.minor }))
  return balance.minor === 0 ? pay.nothingOwed : reader.money(balance)
}

function amountForm(reader: Reader, { balance, bounds }: Owed, hidden: Record<string, string>, wrong?: string): Html {
  const { pay } = reader.words
  const most = bounds!.most
  const suggested = balance !== null && balance.minor >= bounds!.least.minor ? plainAmount(balance) : ''
  const between = pay.between(reader.money(bounds!.least), reader.money(most))
  return form('/pay', hidden, [
    field({ name: 'amount', label: pay.howMuch, hint: between, value: wrong ?? suggested, fault: wrong === undefined ? undefined : pay.wrongAmount(between), more: { inputmode: 'decimal', autocomplete: 'off', maxlength: 30 } }), // prettier-ignore
    html`<p class="soft small">${pay.whatNext}</p>`,
    button(pay.goToPay, 'main'),
  ])
}

function requestCard(reader: Reader, one: PaymentRequest, hidden: Record<string, string> | undefined): Html {
  const { pay } = reader.words
  return card(
    [
      html`<p>${one.words}</p>`,
      facts([[pay.amount, reader.money(one.amount)], ...(one.due ? [[pay.due, reader.day(one.due)] as const] : [])]),
      hidden ? oneButton('/pay', pay.payRequest(reader.money(one.amount)), { ...hidden, request: one.id }, 'main') : nothing, // prettier-ignore
    ],
    { title: pay.asked, eyebrow: pay.askedBy, key: `request-${one.id}` },
  )
}

function lineOf(reader: Reader, payment: Payment, zone: string): Content {
  const { tone, words } = stateOf(reader, payment)
  return html`<div class="row apart" data-key="${payment.id}" data-say="${words}">
    <a href="/pay/${payment.id}"
      ><strong>${reader.money(payment.amount)}</strong>, ${reader.instant(payment.paid?.at ?? payment.at, zone)}</a
    >
    ${badge(tone, words)}
  </div>`
}

/** How a payment stands, in the words of a patient. */
function stateOf({ words }: Reader, payment: Payment): { tone: 'good' | 'wait' | 'plain' | 'warn'; words: string } {
  const { states } = words.pay
  if (payment.state === 'started') return { tone: 'plain', words: states.started }
  if (payment.state === 'pending') return { tone: 'wait', words: states.pending }
  if (payment.state === 'ended') return { tone: 'warn', words: states.ended }
  if (payment.refunded.minor >= payment.amount.minor) return { tone: 'plain', words: states.refunded }
  return payment.posted ? { tone: 'good', words: states.posted } : { tone: 'wait', words: states.waiting }
}

/** A card as its owner knows it. */
export function cardInWords({ words }: Reader, { brand, last4 }: { readonly brand: string | null; readonly last4: string | null }): string {
  return words.pay.endingIn(brand === null ? '' : `${brand.charAt(0).toUpperCase()}${brand.slice(1)}`, last4 ?? '').trim()
} // prettier-ignore

function momentsOf(reader: Reader, payment: Payment, when: (at: number) => string, isConnected: boolean): Moment[] {
  const { pay } = reader.words
  const { paid, posted, state } = payment
  const begun: Moment = { state: 'done', title: pay.begun, detail: when(payment.at) }
  if (state === 'started') return [begun, { state: 'now', title: pay.states.started, detail: pay.notYetPaid }]
  if (state === 'ended') return [begun, { state: 'bad', title: pay.states.ended, detail: pay.nothingCharged }]
  if (state === 'pending') return [begun, { state: 'now', title: pay.states.pending, detail: pay.pendingWhy }]
  const back = payment.refunds
    .filter((one) => one.state === 'done' || one.state === 'pending')
    .map((one): Moment => ({ state: one.state === 'done' ? 'done' : 'now', title: pay.refunded(reader.money(one.amount)), detail: when(one.at) })) // prettier-ignore
  return [
    begun,
    { state: 'done', title: pay.paid, detail: when(paid!.at) },
    posted
      ? { state: 'done', title: pay.states.posted, detail: when(posted.at) }
      : { state: 'now', title: pay.states.waiting, detail: isConnected ? pay.waitingWhy : pay.offlineWhy },
    ...back,
    ...(payment.withdrawn.minor > 0 ? [{ state: 'now' as const, title: pay.disputed, detail: pay.disputedWhy }] : []),
  ]
}
