/**
 * The card sandbox on a port of this machine: the processor's API, the page on which a patient pays, and a desk from which
 * whoever tries things out refunds, disputes, and says what becomes of the notices. No field of it takes a card number.
 */
import { Hono } from 'hono'
import { html } from 'hono/html'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { deserialize, serialize } from 'node:v8'
import { cardSandbox, deliveries, type CardSandbox, type Delivery } from '../bridges/payments/card-sandbox.ts'
import type { SandboxContents, Session } from '../bridges/payments/sandbox-objects.ts'
import type { Clock } from '../replica/clock.ts'
import { cents } from '../replica/kinds/money.ts'
import { servePageScript, pageScript } from './browser-script.ts'
import { closeServer, listen } from './listen.ts'
import { button, form, oneButton, select } from './look/form.ts'
import { pageHeaders } from './look/headers.ts'
import { nothing, type Html } from './look/html.ts'
import { empty } from './look/notice.ts'
import { page } from './look/page.ts'
import { choicePath, reading, takeChoice, type ReaderEnv } from './look/reader.ts'
import { badge, card, facts } from './look/show.ts'
import { serveStylesheet, stylesheet } from './look/stylesheet.ts'
import { formOf, ownFormsOnly } from './own-forms.ts'

export interface ServedSandbox {
  readonly sandbox: CardSandbox
  readonly url: string
  close(): Promise<void>
}

/** Serves a sandbox; where its notices go is said later. With `file` what was paid is kept there when it ends, and is there again. */
export async function serveCardSandbox(options: { readonly port: number; readonly clock: Clock; readonly secretKey: string; readonly webhookSecret: string; readonly file?: string }): Promise<ServedSandbox> {
  const { port, file, ...rest } = options
  const contents = file !== undefined && existsSync(file) ? (deserialize(readFileSync(file)) as SandboxContents) : undefined
  const sandbox = cardSandbox({ ...rest, webhookUrl: null, pageUrl: '' }, contents)
  const { server, url } = await listen(sandboxApp(sandbox).fetch, { port, host: '127.0.0.1' })
  sandbox.options.pageUrl = url
  return {
    sandbox,
    url,
    async close() {
      sandbox.close()
      const { sessions, charges, movements, customers } = sandbox.objects
      if (file !== undefined) writeFileSync(file, serialize({ sessions, charges, movements, customers } satisfies SandboxContents))
      await closeServer(server)
    },
  }
} // prettier-ignore

function sandboxApp(sandbox: CardSandbox): Hono<ReaderEnv> {
  const app = new Hono<ReaderEnv>()
  app.use(async (c, next) =>
    /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(c.req.header('host') ?? '') ? next() : c.text('This is for this machine.', 421),
  ) // prettier-ignore
  app.all('/v1/*', async (c) => {
    const { pathname, search } = new URL(c.req.url)
    const answer = sandbox.api({
      method: c.req.method,
      path: pathname,
      query: search.slice(1),
      body: c.req.method === 'POST' ? await c.req.text() : '',
      authorization: c.req.header('authorization'),
      key: c.req.header('idempotency-key'),
    })
    // As a connection that breaks before the answer: what came is not what was announced.
    if (!answer) return new Response('{', { status: 200, headers: { 'content-type': 'application/json' } })
    return c.json(answer.body as never, answer.status as 200)
  })
  app.use(pageHeaders(false))
  app.use(reading({ name: 'card-', secure: false }))
  app.get(stylesheet.path, serveStylesheet)
  app.get(pageScript.path, servePageScript)
  app.use(ownFormsOnly(undefined, (c) => c.text('This form came from another site.', 403)))
  app.post(choicePath, takeChoice({ name: 'card-', secure: false }))
  const frame = (c: { get: (name: 'reader') => ReaderEnv['Variables']['reader'] }, title: string) => ({ reader: c.get('reader'), title, practice: 'Card sandbox' }) // prettier-ignore

  app.get('/checkout/:session', async (c) => {
    const session = sandbox.objects.sessions.get(c.req.param('session'))
    if (!session) return c.text('There is no such page.', 404)
    return c.html(await page(frame(c, 'Pay by card'), checkoutCard(session, c.get('reader').money(cents(session.amount))))) // prettier-ignore
  })
  app.post('/checkout/:session', async (c) => {
    const session = sandbox.objects.sessions.get(c.req.param('session'))
    const how = (await formOf(c))?.['how']
    if (!session) return c.text('There is no such page.', 404)
    if (how !== 'card' && how !== 'bank' && how !== 'save') return c.redirect(`/checkout/${session.id}`, 303)
    sandbox.pay(session, how === 'bank' ? 'bank' : 'card', how === 'save')
    return c.html(await page(frame(c, 'Thank you'), card([html`<p>The payment is made. Nothing was charged: this is a sandbox.</p>`, html`<p><a class="button main" href="${session.paidTo}">Back to the practice</a></p>`]))) // prettier-ignore
  })
  app.get('/', (c) => {
    const reader = c.get('reader')
    const sessions = [...sandbox.objects.sessions.values()].toReversed()
    const shown = sessions.length === 0 ? [empty('Nothing was paid yet.', 'What patients pay appears here; no money moves.', 'list')] : sessions.map((one) => deskCard(one, reader.money(cents(one.amount)))) // prettier-ignore
    const how = form('/delivery', {}, [
      select({ name: 'how', label: 'What becomes of its notices', value: sandbox.delivery() }, deliveries.map((one) => ({ value: one, label: one }))), // prettier-ignore
      button('Set'),
    ])
    const wait = sandbox.held.length > 0 ? oneButton('/deliver', `Deliver ${sandbox.held.length} held`, {}) : nothing
    return c.html(page(frame(c, 'Card sandbox'), [card([how, wait], { title: 'Notices' }), ...shown]))
  })
  app.post('/delivery', async (c) => {
    const how = (await formOf(c))?.['how']
    if (deliveries.includes(how as Delivery)) sandbox.setDelivery(how as Delivery)
    return c.redirect('/', 303)
  })
  app.post('/deliver', async (c) => {
    await sandbox.deliverHeld()
    return c.redirect('/', 303)
  })
  app.post('/desk/:session/:what', (c) => {
    const session = sandbox.objects.sessions.get(c.req.param('session'))
    if (session) atTheDesk(sandbox, session, c.req.param('what'))
    return c.redirect('/', 303)
  })
  return app
}

function checkoutCard(session: Session, amount: string): Html {
  const over = session.status !== 'open'
  return card(
    [
      html`<p class="when">${amount}</p>`,
      html`<p>${session.name}</p>`,
      over
        ? html`<p>This page is over.</p>`
        : html`<div class="row">
            ${oneButton(`/checkout/${session.id}`, 'Pay by card (Visa ending in 4242)', { how: 'card' }, 'main')}
            ${session.customer && session.offersToSave ? oneButton(`/checkout/${session.id}`, 'Pay by card and save it', { how: 'save' }) : nothing}
            ${session.customer && session.customer.cards.length > 0 ? oneButton(`/checkout/${session.id}`, 'Pay by the saved card (Visa ending in 4242)', { how: 'card' }) : nothing}
            ${oneButton(`/checkout/${session.id}`, 'Pay by bank transfer (takes days)', { how: 'bank' })}
          </div>`,
      html`<p><a href="${session.backTo}">Go back without paying</a></p>`,
    ],
    { lead: true },
  )
}

/** What somebody can do to a payment at the processor, by what it is now. */
function deskCard(session: Session, amount: string): Html {
  const { charge } = session
  const button = (what: string, label: string): Html => oneButton(`/desk/${session.id}/${what}`, label, {})
  const [dispute] = charge?.disputes ?? []
  const gone = charge?.refunds.reduce((sum, one) => sum + (one.status === 'failed' ? 0 : one.amount), 0) ?? 0
  const last = charge?.refunds.findLast((one) => one.status === 'succeeded')
  const ways = [
    session.status === 'open' ? button('expire', 'Let it expire') : nothing,
    charge?.status === 'processing' ? [button('come', 'The transfer comes in'), button('fail', 'The transfer fails')] : nothing, // prettier-ignore
    charge?.status === 'succeeded' && !dispute && gone < charge.amount ? [button('refund', 'Refund half'), button('dispute', 'The cardholder disputes it')] : nothing, // prettier-ignore
    last ? button('refund-fails', 'The refund fails') : nothing,
    dispute?.status === 'needs_response' ? [button('won', 'The dispute is won'), button('lost', 'The dispute is lost')] : nothing, // prettier-ignore
  ]
  return card(
    [
      facts([
        ['State', badge('plain', charge?.status ?? session.status)],
        ['Payment', session.metadata['payment'] ?? ''],
        ['Transaction', charge?.id ?? ''],
      ]),
      html`<div class="row">${ways}</div>`,
    ],
    { title: amount },
  )
}

function atTheDesk(sandbox: CardSandbox, session: Session, what: string): void {
  const { charge } = session
  const dispute = charge?.disputes[0]
  const refund = charge?.refunds.findLast((one) => one.status === 'succeeded')
  if (what === 'expire') sandbox.expire(session)
  if (charge?.status === 'processing' && (what === 'come' || what === 'fail')) sandbox.settleBank(charge, what)
  if (charge?.status === 'succeeded' && what === 'refund') sandbox.refund(charge, Math.ceil(charge.amount / 2))
  if (charge?.status === 'succeeded' && what === 'dispute' && !dispute) sandbox.dispute(charge)
  if (refund && what === 'refund-fails') sandbox.failRefund(refund)
  if (dispute && (what === 'won' || what === 'lost')) sandbox.closeDispute(dispute, what)
}
