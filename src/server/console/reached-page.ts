/** How a patient is reached: what is open, what was chosen and by whom, and the form by which staff choose. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { button, checks, choices, form } from '../look/form.ts'
import { inEnglish, nothing, type Html } from '../look/html.ts'
import { faultNotice, notice } from '../look/notice.ts'
import { card, facts } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { patientNumber } from './form-fields.ts'
import { byOf, deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'

const patientSchema = v.object({ patient: patientNumber })
const yes = v.optional(v.literal('yes'))
const choiceSchema = v.object({
  prefers: v.pipe(v.picklist(['any', 'text', 'email']), v.transform((one) => (one === 'any' ? null : one))), // prettier-ignore
  'never text': yes,
  'never email': yes,
  'never by itself': yes,
})

export function reachedPage({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  const notDone = (c: Context<ConsoleEnv>, error: unknown) => {
    const { reached, console: words } = c.get('reader').words
    return c.html(failed(c, site, { title: reached.title, cause: inEnglish((error as Error).message), next: words.send.failedNext }), 400) // prettier-ignore
  }
  const pageOf = async (c: Context<ConsoleEnv>, patient: number, said: Html = nothing): Promise<string> => {
    const reader = c.get('reader')
    const { reached: words, texts } = reader.words
    const { whyNoText, whyNoEmail, choice, chosen } = await site.reached.of(patient)
    const { prefers, noText, noEmail, noneByItself } = choice
    const chosenBy = chosen && words.chosen(chosen.by.initials ?? chosen.by.name ?? words.agent, reader.instant(chosen.at, await site.zone())) // prettier-ignore
    return framed(c, site, words.title, '/send', [
      said,
      card(
        facts([
          [texts.by.text.name, whyNoText === null ? words.open : texts.reasons[whyNoText]],
          [texts.by.email.name, whyNoEmail === null ? words.open : texts.reasons[whyNoEmail]],
        ]),
        { title: words.of(patient) },
      ),
      card(
        [
          html`<p class="soft">${words.how}</p>`,
          form('/reached/choose', { csrf: c.get('csrf'), patient: String(patient) }, [
            choices({ name: 'prefers', label: words.prefers, value: prefers ?? 'any' }, (['any', 'text', 'email'] as const).map((value) => ({ value, label: words.ways[value] }))), // prettier-ignore
            checks({ name: 'never', label: words.never }, [
              { value: 'text', label: words.noText, checked: noText },
              { value: 'email', label: words.noEmail, checked: noEmail },
              { value: 'by itself', label: words.noneByItself, checked: noneByItself },
            ]),
            button(words.save, 'main'),
          ]),
          chosenBy === null ? nothing : html`<p class="soft small">${chosenBy}</p>`,
        ],
        { title: words.choice },
      ),
    ])
  }

  app.post('/reached', async (c) => {
    const given = v.safeParse(patientSchema, await formOf(c))
    if (!given.success) return c.redirect('/send', 303)
    try {
      const shown = await pageOf(c, given.output.patient)
      store.audit.noted(deedOf(c, 'viewed', { patient: String(given.output.patient), of: 'how reached' }))
      return c.html(shown)
    } catch (error) {
      return notDone(c, error)
    }
  })
  app.post('/reached/choose', async (c) => {
    const { reached: words } = c.get('reader').words
    const body = (await formOf(c)) ?? {}
    const who = v.safeParse(patientSchema, body)
    if (!who.success) return c.redirect('/send', 303)
    const { patient } = who.output
    const given = v.safeParse(choiceSchema, body)
    try {
      if (!given.success) return c.html(await pageOf(c, patient, faultNotice(words.incomplete)), 400)
      const { prefers, ...never } = given.output
      const choice = { prefers, noText: never['never text'] === 'yes', noEmail: never['never email'] === 'yes', noneByItself: never['never by itself'] === 'yes' } // prettier-ignore
      const changed = await site.reached.choose(patient, choice, byOf(c.get('staff')))
      if (changed.length > 0) store.audit.record(deedOf(c, 'channels chosen', { patient: String(patient), of: changed })) // prettier-ignore
      return c.html(await pageOf(c, patient, notice('good', changed.length > 0 ? words.saved : words.same)))
    } catch (error) {
      return notDone(c, error)
    }
  })
  return app
}
