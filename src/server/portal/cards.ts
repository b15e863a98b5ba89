/**
 * The cards that somebody saved, which are at the card processor alone: brand, last 4 and month are asked of it for this
 * page, and nothing of them is kept here. Who looks at them or takes one away has shown who they are a moment ago (ASVS 7.5.1).
 */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { Cashier } from '../../bridges/payments/cashier.ts'
import { ProcessorFault } from '../../bridges/payments/gateway.ts'
import type { AuditTrail } from '../audit-sqlite.ts'
import { oneButton } from '../look/form.ts'
import { empty } from '../look/notice.ts'
import { page } from '../look/page.ts'
import { card, list } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import type { Entering } from './entering.ts'
import { frameOf, problem } from './frame.ts'
import { cardInWords } from './pay.ts'
import { deedOf, type PortalEnv } from './viewer.ts'

const removeSchema = v.object({ card: v.pipe(v.string(), v.regex(/^\w{1,255}$/)) })

export function cardPages({ cashier, entering, audit }: { readonly cashier: Cashier | undefined; readonly entering: Entering; readonly audit: AuditTrail }): Hono<PortalEnv> {
  const app = new Hono<PortalEnv>()
  const notReached = async (c: Context<PortalEnv>, error: unknown): Promise<Response> => {
    if (!(error instanceof ProcessorFault)) throw error
    return c.html(await problem(c, c.get('reader').words.pay.notReached), 503)
  }
  app.use('/pay/cards/*', async (c, next) => {
    const viewer = c.get('viewer')
    if (!cashier?.takes(viewer.practice)) return c.html(await problem(c, c.get('reader').words.pay.notTaken), 404)
    return entering.mayChange(viewer) ? next() : c.redirect('/again?to=pay/cards', 303)
  })
  app.get('/pay/cards', async (c) => {
    const viewer = c.get('viewer')
    const { pay } = c.get('reader').words
    audit.noted(deedOf(viewer, 'viewed', ['pay', 'cards']))
    try {
      const cards = await cashier!.cards(viewer.practice, viewer.account)
      const lines = cards.map((one) => html`<div class="row apart"><span><strong>${cardInWords(c.get('reader'), one)}</strong>, ${pay.cards.expires(one.expires)}</span>${oneButton('/pay/cards/remove', pay.cards.remove, { csrf: viewer.csrf, card: one.id }, 'danger')}</div>`)
      return c.html(
        await page({ ...(await frameOf(c, pay.cards.title, '/pay')), back: { href: '/pay', text: pay.title } }, [
          html`<p class="soft">${pay.cards.how}</p>`,
          cards.length === 0 ? empty(pay.cards.none, pay.cards.noneNext, 'money') : card(list(lines)),
        ]),
      )
    } catch (error) {
      return notReached(c, error)
    }
  })
  app.post('/pay/cards/remove', async (c) => {
    const viewer = c.get('viewer')
    const given = v.safeParse(removeSchema, await formOf(c))
    try {
      // Only one's own: a card of another account names nothing here.
      if (given.success && (await cashier!.removeCard(viewer.practice, viewer.account, given.output.card)))
        audit.record(deedOf(viewer, 'saved card removed'))
    } catch (error) {
      return notReached(c, error)
    }
    return c.redirect('/pay/cards?said=cardRemoved', 303)
  })
  return app
} // prettier-ignore
