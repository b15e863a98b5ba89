/**
 * Payments at the console: what waits for InSched, what is posted, refunds, disputes, and what the office asks for; one
 * payment with its refunds and whose it is; and all of it as a file for the bookkeeper.
 */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import { dateSchema } from '../../replica/kinds/access.ts'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import { amountIn, inSchedCurrency, plainAmount } from '../../replica/kinds/money.ts'
import type { Payment } from '../../replica/kinds/payments.ts'
import { button, field, form, oneButton, select } from '../look/form.ts'
import { inEnglish, nothing, type Content, type Html } from '../look/html.ts'
import { empty, faultNotice } from '../look/notice.ts'
import type { Reader } from '../look/reader.ts'
import { badge, card, facts, folded, table, tabs } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import type { Throttle } from '../throttle.ts'
import { csvOf } from './csv.ts'
import { byOf, deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import { mayUse } from './privileges.ts'
import { provesAgain } from './prove-again.ts'
import {
  paymentBoxes,
  type PaymentBox,
  type PaymentOfSite,
  type PlanOfPatient,
  type RequestOfSite,
} from './site-views.ts'
import { orEmpty, patientNumber } from './form-fields.ts'

/** From here on a refund needs a code of the authenticator app. */
const large = 50_000
const mostExported = 50_000

const amountText = v.pipe(v.string(), v.maxLength(30), v.transform((text) => amountIn(text, inSchedCurrency)), v.custom<NonNullable<ReturnType<typeof amountIn>>>((amount) => amount !== undefined && (amount as { minor: number }).minor > 0)) // prettier-ignore
const text = (most: number) => v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(most))
const requestSchema = v.object({ patient: patientNumber, amount: amountText, due: v.union([v.pipe(v.literal(''), v.transform(() => null)), dateSchema]), words: text(200), plan: orEmpty(ulidSchema) }) // prettier-ignore
const refundSchema = v.object({ payment: ulidSchema, amount: amountText, reason: text(500), code: v.optional(v.string(), '') }) // prettier-ignore
const assignSchema = v.object({ payment: ulidSchema, patient: patientNumber, reason: text(500) })
const querySchema = v.object({ box: v.fallback(v.picklist(paymentBoxes), 'waiting') })

export function paymentsPage(parts: ConsoleParts & { readonly tries: Throttle; readonly clock: Clock }): Hono<ConsoleEnv> {
  const { site, store } = parts
  const app = new Hono<ConsoleEnv>()
  const proves = provesAgain(parts)
  const notDone = (c: Context<ConsoleEnv>, cause: Content): Promise<string> => {
    const { payments } = c.get('reader').words
    return failed(c, site, { title: payments.title, cause, next: payments.nothingDone })
  }

  app.get('/payments', async (c) => {
    const { box } = v.parse(querySchema, c.req.query())
    store.audit.noted(deedOf(c, 'viewed', { of: ['payments', box] }))
    const reader = c.get('reader')
    const { payments } = reader.words
    const zone = await site.zone()
    const main = box === 'requests' ? requestsHtml(c, await site.paymentRequests(), zone) : paymentsHtml(reader, box, await site.payments(box), zone) // prettier-ignore
    const waiting = await site.paymentsWaiting()
    return c.html(
      framed(c, site, payments.title, '/payments', [
        tabs(payments.which, paymentBoxes.map((one) => ({ href: `/payments?box=${one}`, text: payments.boxes[one], here: one === box, count: one === 'waiting' ? waiting : 0 }))), // prettier-ignore
        main,
        mayUse(c.get('staff'), 'POST /payments/export')
          ? oneButton('/payments/export', payments.export, { csrf: c.get('csrf') })
          : nothing,
      ]),
    )
  })

  app.get('/payments/:payment', async (c) => {
    const found = await site.payment(c.req.param('payment'))
    if (!found) return c.html(failed(c, site, c.get('reader').words.payments.unknown), 404)
    store.audit.noted(deedOf(c, 'viewed', { of: ['payment', found.payment.id], ...patientOf(found) }))
    return c.html(await paymentHtml(c, found))
  })

  /** The form of a request for one patient, reached from where patients are found. */
  app.post('/payments/ask', async (c) => {
    const given = v.safeParse(v.object({ patient: patientNumber }), await formOf(c))
    if (!given.success) return c.redirect('/send', 303)
    const { payments } = c.get('reader').words
    try {
      const plans = await site.plansOf(given.output.patient)
      return c.html(framed(c, site, payments.ask, '/payments', askForm(c, String(given.output.patient), {}, plans)))
    } catch (error) {
      return c.html(await notDone(c, inEnglish((error as Error).message)), 404)
    }
  })
  app.post('/payments/request', async (c) => {
    const { payments } = c.get('reader').words
    const body = (await formOf(c)) ?? {}
    const given = v.safeParse(requestSchema, body)
    if (!given.success) {
      const patient = typeof body['patient'] === 'string' ? body['patient'] : ''
      return c.html(framed(c, site, payments.ask, '/payments', [faultNotice(payments.incomplete), askForm(c, patient, body)]), 400) // prettier-ignore
    }
    const { patient, ...wanted } = given.output
    try {
      const { request } = await site.requestPayment(patient, wanted, byOf(c.get('staff')))
      store.audit.record(deedOf(c, 'payment requested', { patient: String(patient), of: request }))
    } catch (error) {
      return c.html(await notDone(c, inEnglish((error as Error).message)), 400)
    }
    return c.redirect('/payments?box=requests&said=asked', 303)
  })
  app.post('/payments/withdraw', async (c) => {
    const given = v.safeParse(v.object({ request: ulidSchema }), await formOf(c))
    try {
      if (!given.success) throw new Error('This names no request.')
      const { request } = await site.withdrawRequest(given.output.request, byOf(c.get('staff')))
      store.audit.record(deedOf(c, 'payment request withdrawn', { of: request }))
    } catch (error) {
      return c.html(await notDone(c, inEnglish((error as Error).message)), 404)
    }
    return c.redirect('/payments?box=requests&said=withdrawn', 303)
  })

  app.post('/payments/refund', async (c) => {
    const { payments } = c.get('reader').words
    const given = v.safeParse(refundSchema, await formOf(c))
    if (!given.success) return c.html(await notDone(c, payments.refundIncomplete), 400)
    const { payment, amount, reason, code } = given.output
    const found = await site.payment(payment)
    if (!found) return c.html(failed(c, site, payments.unknown), 404)
    if (amount.minor > found.left.minor) return c.html(await paymentHtml(c, found, payments.tooMuch), 400)
    if (amount.minor >= large && !proves(c.get('staff'), code)) return c.html(await paymentHtml(c, found, payments.codeWrong), 401) // prettier-ignore
    try {
      const { refund } = await site.askRefund(payment, { amount, reason }, byOf(c.get('staff')))
      store.audit.record(deedOf(c, 'refund asked', { of: [payment, refund], ...patientOf(found) }))
    } catch (error) {
      return c.html(await notDone(c, inEnglish((error as Error).message)), 409)
    }
    return c.redirect(`/payments/${payment}?said=refunded`, 303)
  })
  app.post('/payments/assign', async (c) => {
    const { payments } = c.get('reader').words
    const given = v.safeParse(assignSchema, await formOf(c))
    if (!given.success) return c.html(await notDone(c, payments.assignIncomplete), 400)
    const { payment, patient, reason } = given.output
    try {
      await site.assignPayment(payment, patient, reason, byOf(c.get('staff')))
      store.audit.record(deedOf(c, 'payment assigned', { of: payment, patient: String(patient) }))
    } catch (error) {
      return c.html(await notDone(c, inEnglish((error as Error).message)), 404)
    }
    return c.redirect(`/payments/${payment}?said=assigned`, 303)
  })

  app.post('/payments/export', async (c) => {
    const rows: (string | number | null)[][] = [['paid_at', 'patient', 'amount', 'refunded', 'held_by_dispute', 'currency', 'state', 'card_last4', 'authorization_code', 'transaction_id', 'deposit', 'payment']] // prettier-ignore
    for await (const { patient, payment } of site.allPayments()) {
      const { paid, amount, refunded, withdrawn, posted } = payment
      if (!paid) continue
      rows.push([new Date(paid.at).toISOString(), patient.local, plainAmount(amount), plainAmount(refunded), plainAmount(withdrawn), amount.currency, posted ? 'posted' : 'waiting', paid.last4, paid.authorization, paid.transaction, posted?.deposit ?? null, payment.id]) // prettier-ignore
      if (rows.length > mostExported) break
    }
    store.audit.record(deedOf(c, 'payments exported', { of: String(rows.length - 1) }))
    return c.body(csvOf(rows), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="payments.csv"',
    })
  })

  async function paymentHtml(c: Context<ConsoleEnv>, found: PaymentOfSite, fault?: string): Promise<string> {
    const reader = c.get('reader')
    const { payments } = reader.words
    const { patient, payment, left } = found
    const zone = await site.zone()
    const { paid, posted } = payment
    const hidden = { csrf: c.get('csrf'), payment: payment.id }
    const may = (route: string): boolean => paid !== null && mayUse(c.get('staff'), route)
    return framed(c, site, payments.of(reader.money(payment.amount)), '/payments', [
      html`<p class="back"><a href="/payments">${payments.back}</a></p>`,
      fault === undefined ? nothing : faultNotice(fault),
      card(
        [
          stateHtml(reader, payment),
          facts([
            [payments.patient, whoText(patient)],
            [payments.paidBy, payment.by.name ?? ''],
            [payments.when, reader.instant(paid?.at ?? payment.at, zone)],
            [payments.transaction, paid?.transaction ?? ''],
            [payments.card, paid?.last4 ?? ''],
            [payments.deposit, posted ? String(posted.deposit) : ''],
          ]),
        ],
        { lead: true },
      ),
      payment.refunds.length === 0
        ? nothing
        : table(payments.refunds, [payments.when, payments.amount, payments.reason, payments.by, payments.stateColumn], payment.refunds.map((one) => [reader.short(one.at, zone), reader.money(one.amount), one.reason ?? '', one.by?.name ?? one.by?.initials ?? '', payments.refundStates[one.state]])), // prettier-ignore
      payment.disputes.length === 0
        ? nothing
        : table(payments.boxes.disputes, [payments.when, payments.amount, payments.held, payments.stateColumn], payment.disputes.map((one) => [reader.short(one.at, zone), reader.money(one.amount), reader.money(one.withdrawn), payments.disputeStates[one.state]])), // prettier-ignore
      may('POST /payments/refund') && left.minor > 0
        ? card(
            folded(
              payments.refund,
              form('/payments/refund', hidden, [
                field({ name: 'amount', label: payments.refundAmount, hint: payments.left(reader.money(left)), value: plainAmount(left), more: { inputmode: 'decimal', autocomplete: 'off', maxlength: 30 } }), // prettier-ignore
                field({ name: 'reason', label: payments.reason, more: { maxlength: 500, autocomplete: 'off' } }),
                field({ name: 'code', label: reader.words.staff.factor.code, hint: payments.codeFrom(reader.money({ minor: large, currency: left.currency })), optional: reader.words.frame.optional, more: { autocomplete: 'one-time-code', inputmode: 'numeric', maxlength: 12 } }), // prettier-ignore
                button(payments.refundButton, 'danger'),
              ]),
              fault !== undefined,
            ),
          )
        : nothing,
      may('POST /payments/assign')
        ? card(
            folded(
              payments.assign,
              form('/payments/assign', hidden, [
                html`<p>${payments.assignHow}</p>`,
                field({ name: 'patient', label: payments.patientNumber, more: { inputmode: 'numeric', autocomplete: 'off', maxlength: 15 } }), // prettier-ignore
                field({ id: 'assign-reason', name: 'reason', label: payments.reason, more: { maxlength: 500, autocomplete: 'off' } }), // prettier-ignore
                button(payments.assignButton),
              ]),
            ),
          )
        : nothing,
    ])
  }

  function requestsHtml(c: Context<ConsoleEnv>, list: readonly RequestOfSite[], zone: string): Html {
    const reader = c.get('reader')
    const { payments } = reader.words
    const may = mayUse(c.get('staff'), 'POST /payments/request')
    const rows = list.map(({ patient, request }): readonly Content[] => [
      reader.short(request.at, zone),
      whoText(patient),
      reader.money(request.amount),
      request.due === null ? '' : reader.day(request.due),
      request.words,
      badge(request.state === 'paid' ? 'good' : request.state === 'withdrawn' ? 'plain' : 'wait', payments.requestStates[request.state]), // prettier-ignore
      may && request.state === 'open' ? oneButton('/payments/withdraw', payments.withdraw, { csrf: c.get('csrf'), request: request.id }) : '', // prettier-ignore
    ])
    const { when, patient, amount, due, whatFor, stateColumn } = payments
    return html`${may ? askForm(c, '') : nothing}
    ${rows.length === 0 ? empty(payments.noRequests, payments.noRequestsNext, 'money') : table(payments.boxes.requests, [when, patient, amount, due, whatFor, stateColumn, reader.words.desk.recent.actions], rows, 'tight')}`
  }

  function askForm(c: Context<ConsoleEnv>, patient: string, given: Readonly<Record<string, unknown>> = {}, plans: readonly PlanOfPatient[] = []): Html {
    const { payments, frame } = c.get('reader').words
    const value = (name: string): string => (typeof given[name] === 'string' ? (given[name] as string) : '')
    return card(
      form('/payments/request', { csrf: c.get('csrf') }, [
        field({ name: 'patient', label: payments.patientNumber, value: patient, more: { inputmode: 'numeric', autocomplete: 'off', maxlength: 15 } }), // prettier-ignore
        field({ name: 'amount', label: payments.amount, value: value('amount'), more: { inputmode: 'decimal', autocomplete: 'off', maxlength: 30 } }), // prettier-ignore
        field({ name: 'due', label: payments.due, value: value('due'), optional: frame.optional, more: { type: 'date' } }), // prettier-ignore
        plans.length === 0 ? nothing : select({ name: 'plan', label: payments.plan, value: value('plan'), optional: frame.optional }, [{ value: '', label: payments.noPlan }, ...plans.map((one) => ({ value: one.plan, label: one.words }))]), // prettier-ignore
        field({ name: 'words', label: payments.words, hint: payments.wordsHint, value: value('words'), more: { maxlength: 200, autocomplete: 'off' } }), // prettier-ignore
        button(payments.askButton, 'main'),
      ]),
      { title: payments.ask },
    )
  }
  return app
} // prettier-ignore

function patientOf({ patient }: PaymentOfSite): { patient?: string } {
  return patient.local === null ? {} : { patient: String(patient.local) }
}

function whoText({ name, local }: PaymentOfSite['patient']): string {
  return local === null ? name : `${name}, ${local}`
}

function paymentsHtml(reader: Reader, box: PaymentBox, list: readonly PaymentOfSite[], zone: string): Html {
  const { payments } = reader.words
  if (list.length === 0) return empty(payments.none[box], payments.noneNext, 'money')
  const rows = list.map(({ patient, payment }): readonly Content[] => [
    html`<a href="/payments/${payment.id}">${reader.short(payment.paid?.at ?? payment.at, zone)}</a>`,
    whoText(patient),
    reader.money(payment.amount),
    payment.refunded.minor > 0 ? reader.money(payment.refunded) : '',
    stateHtml(reader, payment),
    payment.paid?.transaction ?? '',
    payment.posted ? String(payment.posted.deposit) : '',
  ])
  const { when, patient, amount, refundedColumn, stateColumn, transaction, deposit } = payments
  return table(payments.boxes[box], [when, patient, amount, refundedColumn, stateColumn, transaction, deposit], rows, 'tight') // prettier-ignore
}

/** How a payment stands, for staff; the deposit that staff deleted is said. */
function stateHtml({ words }: Reader, payment: Payment): Html {
  const { states } = words.payments
  const isGone = payment.deposits.length > 0 && payment.deposits.every((one) => one.amounts === null)
  if (payment.withdrawn.minor > 0) return badge('bad', states.disputed)
  if (isGone) return badge('warn', states.deleted)
  if (payment.state === 'paid') return payment.posted ? badge('good', states.posted) : badge('wait', states.waiting)
  return badge('plain', payment.state === 'pending' ? states.pending : payment.state === 'ended' ? states.ended : states.started) // prettier-ignore
}
