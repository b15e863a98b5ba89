/** The dry run: who gets what when by the rules as they are, who does not and why. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { button, field } from '../../look/form.ts'
import { card } from '../../look/show.ts'
import { deedOf, type ConsoleEnv, type ConsoleParts } from '../frame.ts'
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
    const run = await site.texts.dryRun({ days: days.output })
    return c.html(await textsFramed(c, parts, 'who', [form(c, asked), ...dryRunCards(reader, run)]))
  })
  return app
}
