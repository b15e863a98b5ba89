/**
 * Paying without signing in: whoever has the link of a payment request sees its amount and the practice, and nothing of the
 * patient or of what it is for, and goes on to the page of the card processor. Opening the link begins nothing.
 */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import { isOurLink, linkPath, type LinkOf } from '../../bridges/email/links.ts'
import type { Cashier } from '../../bridges/payments/cashier.ts'
import { ProcessorFault } from '../../bridges/payments/gateway.ts'
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import { foldPayments, type Payment, type PaymentRequest } from '../../replica/kinds/payments.ts'
import type { Replica } from '../../replica/replica-face.ts'
import type { AuditTrail, Deed } from '../audit-sqlite.ts'
import { button, form, oneButton } from '../look/form.ts'
import type { Html } from '../look/html.ts'
import { faultNotice, notice } from '../look/notice.ts'
import { page, type Frame } from '../look/page.ts'
import { problemPage } from '../look/problem-page.ts'
import type { ReaderEnv } from '../look/reader.ts'
import { card } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { sameToday } from '../portal/owed.ts'

interface PayLinks {
  readonly practice: (id: string) => { readonly replica: Replica; readonly hmacKey: Uint8Array } | undefined
  readonly cashier: Cashier
  /** The origin that people see. */
  readonly origin: () => string
  readonly frameOf: (c: Context<ReaderEnv>, practice?: string) => Promise<Omit<Frame, 'title'>>
  readonly unknown: (c: Context<ReaderEnv>) => Promise<Response>
  readonly audit: Pick<AuditTrail, 'record'>
  readonly clock: Clock
}
interface Found { readonly of: LinkOf; readonly at: string; readonly replica: Replica; readonly request: PaymentRequest; readonly payments: readonly Payment[]; readonly all: readonly Payment[] } // prettier-ignore

export function payLinkPages({ practice: practiceOf, cashier, origin, frameOf, unknown, audit, clock }: PayLinks): Hono<ReaderEnv> {
  const app = new Hono<ReaderEnv>()

  /** What a link is about as it stands now; undefined where it was not made here, or its request is not here. */
  const find = async (c: Context<ReaderEnv>): Promise<Found | undefined> => {
    const { practice = '', patient = '', message = '', mac = '' } = c.req.param() as Record<string, string>
    const kept = practiceOf(practice)
    const of = { practice, patient, message }
    if (!kept || !isOurLink(kept.hmacKey, 'pay', of, mac)) return undefined
    const { requests, payments } = foldPayments(await kept.replica.entries('payments', patient))
    const request = requests.find((one) => one.id === message)
    const at = `${origin()}${linkPath(kept.hmacKey, 'pay', of)}`
    return request && { of, at, replica: kept.replica, request, payments: payments.filter((one) => one.request === message), all: payments } // prettier-ignore
  }
  const shown = async (c: Context<ReaderEnv>, { of, request, payments }: Found, fault?: string): Promise<Response> => {
    const reader = c.get('reader')
    const { pay } = reader.words
    const frame = { ...(await frameOf(c, of.practice)), title: pay.of(reader.money(request.amount)) }
    if (request.state === 'withdrawn' || (request.state === 'open' && !cashier.takes(of.practice)))
      return c.html(await problemPage(frame, pay.requestOver), 410)
    const open = payments.flatMap((one) => (one.state === 'started' ? (cashier.open(one.id) ?? []) : []))[0]
    const inside: Readonly<Record<Exclude<PaymentRequest['state'], 'withdrawn'>, () => Html>> = {
      paid: () => notice('good', pay.linkPaid(reader.money(request.amount))),
      pending: () => notice('info', pay.states.pending, html`<p>${pay.pendingWhy}</p>`),
      open: () =>
        open
          ? card([html`<p>${pay.goOnWhy}</p>`, html`<p><a class="button main" href="${open.url}" rel="noreferrer">${pay.goOn(reader.money(request.amount))}</a></p>`]) // prettier-ignore
          : card([html`<p>${pay.whatNext}</p>`, form(new URL(c.req.url).pathname, {}, button(pay.payRequest(reader.money(request.amount)), 'main'))]), // prettier-ignore
    }
    return c.html(await page(frame, [faultNotice(fault), inside[request.state]()]), fault === undefined ? 200 : 503) // prettier-ignore
  }

  /** The same amount was paid a while ago: was this one meant? */
  const question = async (c: Context<ReaderEnv>, { of, replica, request }: Found, same: Payment): Promise<Response> => {
    const reader = c.get('reader')
    const { pay } = reader.words
    const { zone = 'UTC' } = ((await replica.index({ view: 'practice', limit: 1 }))[0]?.body ?? {}) as { zone?: string }
    const amount = reader.money(request.amount)
    const { pathname } = new URL(c.req.url)
    const inside = card([
      html`<p><strong>${pay.sameByLink(amount, reader.instant(same.paid?.at ?? same.at, zone))}</strong></p>`,
      html`<div class="row">${oneButton(pathname, pay.sameYes(amount), { again: 'yes' })} ${oneButton(pathname, pay.sameNo, { again: 'no' }, 'main')}</div>`,
    ])
    return c.html(await page({ ...(await frameOf(c, of.practice)), title: pay.sameTitle }, inside))
  }
  const path = '/email/:practice/pay/:patient/:message/:mac'
  app.get(path, async (c) => {
    const found = await find(c)
    if (!found) return unknown(c)
    if (c.req.query('back') !== 'paid' || found.request.state !== 'open') return shown(c, found)
    try {
      for (const one of found.payments) if (one.state === 'started') await cashier.attend(one.id)
    } catch (error) {
      // It does not answer now. The page says what is known; a notice or the clock will bring the rest.
      if (!(error instanceof ProcessorFault)) throw error
    }
    return shown(c, (await find(c))!)
  })
  app.post(path, async (c) => {
    const found = await find(c)
    if (!found) return unknown(c)
    const { of, at, replica, request, payments, all } = found
    const isBegun = payments.some((one) => one.state === 'started' && cashier.open(one.id) !== undefined)
    if (request.state !== 'open' || isBegun || !cashier.takes(of.practice)) return shown(c, found)
    const again = (await formOf(c))?.['again']
    const same = sameToday(all, request.amount, clock.now())
    const noted = (did: Deed): void => audit.record({ did, practice: of.practice, patient: of.patient, of: [request.id, same!.id] })
    if (same && again === 'no') {
      noted('same payment left')
      return shown(c, found)
    }
    if (same) noted(again === 'yes' ? 'same payment allowed' : 'same payment noticed')
    if (same && again !== 'yes') return question(c, found, same)
    const { practice: name } = await frameOf(c, of.practice)
    const reader = c.get('reader')
    const { at: _, ...facts } = (await replica.head('payments', of.patient))!.facts
    const payment = mintUlid(clock)
    try {
      await cashier.begin({
        practice: of.practice,
        patient: of.patient,
        facts,
        payment,
        by: { role: 'patient', id: request.id, name: 'Payment link' },
        amount: request.amount,
        request: request.id,
        name: reader.words.pay.toProcessor(name),
        language: reader.language,
        paidTo: `${at}?back=paid`,
        backTo: at,
      })
    } catch (error) {
      if (!(error instanceof ProcessorFault)) throw error
      return shown(c, found, reader.words.pay.notReached.cause)
    }
    audit.record({ did: 'payment begun', practice: of.practice, patient: of.patient, of: [payment, 'by link'] })
    return c.redirect(new URL(at).pathname, 303)
  })
  return app
} // prettier-ignore
