/** The dry run: who gets what when by the rules as they are, who does not and why. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { button, field, oneButton } from '../../look/form.ts'
import { inEnglish, type Html } from '../../look/html.ts'
import { notice } from '../../look/notice.ts'
import { card } from '../../look/show.ts'
import type { OpenReview } from '../console-site.ts'
import { byOf, deedOf, failed, type ConsoleEnv, type ConsoleParts } from '../frame.ts'
import { textsOf } from '../synchronization/synchronization-frame.ts'
import { dryRunCards } from './dry-run-cards.ts'
import { textsFramed, textsPaths } from './texts-frame.ts'

/** How many days ahead the list goes at first. */
export const usualDays = 3
const daysSchema = v.pipe(v.string(), v.trim(), v.regex(/^\d{1,2}$/), v.toNumber(), v.minValue(1), v.maxValue(30))

export function whoPage(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { site, store } = parts
  const app = new Hono<ConsoleEnv>()
  const form = (c: Context<ConsoleEnv>, days: string, fault?: string) => {
    const { who: words } = c.get('reader').words.textRules
    // A question, and nothing of a patient in it: it may stand in the address.
    return card(
      html`<p class="soft">${words.how}</p>
        <form method="get" action="${textsPaths.who}" class="find">
          ${field({ name: 'days', label: words.days, value: days, fault, more: { inputmode: 'numeric', maxlength: 2, autocomplete: 'off' } })}
          ${button(words.look)}
        </form>`,
    )
  }
  app.get(textsPaths.who, async (c) => {
    const reader = c.get('reader')
    const asked = c.req.query('days') ?? String(usualDays)
    const days = v.safeParse(daysSchema, asked)
    if (!days.success) return c.html(await textsFramed(c, parts, 'who', [form(c, asked.slice(0, 2), reader.words.textRules.who.wrongDays)]), 400) // prettier-ignore
    store.audit.noted(deedOf(c, 'viewed', { of: 'texts dry run' }))
    const [run, { items }] = [await site.texts.dryRun({ days: days.output }), await site.reviews()]
    const held = items.filter(({ kind }) => kind === 'texts held').map((review) => heldCard(c, review))
    const silent = items.filter(({ kind }) => kind === 'texts silent').map(({ why, todo }) => notice('bad', html`<strong>${reader.words.desk.reviews.kinds['texts silent']}.</strong> ${inEnglish(why)}`, html`<p>${inEnglish(todo)}</p>`)) // prettier-ignore
    return c.html(await textsFramed(c, parts, 'who', [...silent, ...held, form(c, asked), ...dryRunCards(reader, run)]))
  })
  app.post(`${textsPaths.who}/let-go`, async (c) => {
    const id = (await textsOf(c))('review')
    const { items } = await site.reviews()
    const isHeld = items.some((one) => one.id === id && one.kind === 'texts held')
    if (!isHeld) return c.html(await failed(c, site, c.get('reader').words.problems.noConsolePage), 404)
    await site.resolve(id, '', byOf(c.get('staff')), 'let go')
    store.audit.record(deedOf(c, 'review resolved', { of: id }))
    return c.redirect(`${textsPaths.who}?said=letGo`, 303)
  })
  return app
}

/** Nothing goes out after an outage before somebody has looked at the list below. */
function heldCard(c: Context<ConsoleEnv>, { id, why }: OpenReview): Html {
  const { who: words } = c.get('reader').words.textRules
  return notice('warn', html`<strong>${words.held}</strong> ${inEnglish(why)}`, html`<p>${words.heldHow}</p>
    ${oneButton(`${textsPaths.who}/let-go`, words.letGo, { csrf: c.get('csrf'), review: id }, 'main')}`) // prettier-ignore
}
