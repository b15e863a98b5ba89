/**
 * One message to the patients of several events of a day: chosen on Today, written, looked at with who gets it and who does
 * not and why, and only then sent. Sent twice by a double click it is sent once.
 */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { derivedUlid, mintUlid } from '../../replica/ids.ts'
import type { Clock } from '../../replica/clock.ts'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import { area, button, field, form, type Hidden } from '../look/form.ts'
import { inEnglish, nothing, type Html } from '../look/html.ts'
import { faultNotice, notice } from '../look/notice.ts'
import { card, list, talk } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { byOf, deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import type { EventStory } from './site-views.ts'
import { longestText, messageText } from './form-fields.ts'

/** The most events to which one message goes at once. */
const mostEvents = 300

const writtenSchema = v.object({ subject: v.pipe(messageText, v.maxLength(200)), text: messageText })
const sentSchema = v.object({ ...writtenSchema.entries, batch: ulidSchema })

/** The events that a form names, each by a field of its own. */
function chosenIn(fields: Record<string, unknown>): string[] {
  const keys = Object.keys(fields).flatMap((name) => (name.startsWith('event ') ? [name.slice('event '.length)] : []))
  return keys.filter((key) => v.is(ulidSchema, key)).slice(0, mostEvents)
}

/** What was written so far. */
function saidIn(fields: Record<string, unknown>): { subject?: string; text?: string } {
  return Object.fromEntries(['subject', 'text'].flatMap((name) => typeof fields[name] === 'string' ? [[name, fields[name]]] : [])) // prettier-ignore
}

export function bulkPages({ site, store, clock }: ConsoleParts & { readonly clock: Clock }): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  const isReached = (one: EventStory): boolean => one.reach === 'reached' && one.patient.local !== null && one.event !== null // prettier-ignore
  /** What a form names: who gets the message, and who does not. */
  const given = async (c: Context<ConsoleEnv>) => {
    const fields = (await formOf(c)) ?? {}
    const found = await Promise.all(chosenIn(fields).map((key) => site.event(key)))
    const events = found.filter((one) => one !== undefined)
    return { fields, to: events.filter(isReached), not: events.filter((one) => !isReached(one)) }
  }
  const named = (c: Context<ConsoleEnv>, to: readonly EventStory[], not: readonly EventStory[]): Html => {
    const reader = c.get('reader')
    const { bulk, today } = reader.words.desk
    const line = (one: EventStory): Html => html`${reader.hour(one.startsAt)} <strong>${one.patient.name}</strong>`
    return html`${card(list(to.map(line)), { title: bulk.to(to.length) })}
    ${not.length === 0 ? nothing : card(list(not.map((one) => html`${line(one)}: ${one.reach === 'reached' ? bulk.unknown : today.reach[one.reach]}`)), { title: bulk.notTo(not.length) })}` // prettier-ignore
  }
  const hiddenOf = (c: Context<ConsoleEnv>, events: readonly EventStory[], more: Hidden = {}): Hidden => ({ csrf: c.get('csrf'), ...Object.fromEntries(events.map(({ key }) => [`event ${key}`, 'yes'])), ...more }) // prettier-ignore
  const nobody = (c: Context<ConsoleEnv>) => c.html(failed(c, site, c.get('reader').words.desk.bulk.nobody), 400)
  const writing = async (c: Context<ConsoleEnv>, to: readonly EventStory[], not: readonly EventStory[], was: { subject?: string | undefined; text?: string | undefined; fault?: string } = {}) => {
    const { bulk } = c.get('reader').words.desk
    const { send } = c.get('reader').words.console
    return framed(c, site, bulk.title, '/today', [
      faultNotice(was.fault),
      card(
        form('/today/check', hiddenOf(c, [...to, ...not]), [
          field({ name: 'subject', label: send.subject, value: was.subject, more: { maxlength: 200 } }),
          area({ name: 'text', label: send.message, hint: bulk.how, value: was.text, more: { maxlength: longestText } }),
          button(bulk.look, 'main'),
        ]),
      ),
      named(c, to, not),
    ])
  } // prettier-ignore

  app.post('/today/write', async (c) => {
    const { fields, to, not } = await given(c)
    return to.length === 0 ? nobody(c) : c.html(await writing(c, to, not, saidIn(fields)))
  })
  app.post('/today/check', async (c) => {
    const { fields, to, not } = await given(c)
    if (to.length === 0) return nobody(c)
    const { bulk } = c.get('reader').words.desk
    const written = v.safeParse(writtenSchema, fields)
    if (!written.success) return c.html(await writing(c, to, not, { ...saidIn(fields), fault: bulk.incomplete }), 400)
    const hidden = hiddenOf(c, [...to, ...not], { ...written.output, batch: mintUlid(clock) })
    return c.html(
      framed(c, site, bulk.title, '/today', [
        notice('info', bulk.asSeen),
        talk([{ mine: true, from: written.output.subject, text: written.output.text, more: nothing }]),
        card(form('/today/send', hidden, html`<div class="row">${button(bulk.send(to.length), 'main')} ${button(bulk.change, '', { formaction: '/today/write' })}</div>`)), // prettier-ignore
        named(c, to, not),
      ]),
    )
  })
  app.post('/today/send', async (c) => {
    const { fields, to } = await given(c)
    if (to.length === 0) return nobody(c)
    const { bulk } = c.get('reader').words.desk
    const { send } = c.get('reader').words.console
    const sent = v.safeParse(sentSchema, fields)
    if (!sent.success) return c.html(failed(c, site, { title: bulk.title, cause: bulk.incomplete, next: send.incompleteNext }), 400) // prettier-ignore
    const { subject, text: said, batch } = sent.output
    for (const [i, one] of to.entries()) {
      const id = derivedUlid('message of a batch', batch, one.key)
      try {
        await site.message({ id, patient: one.patient.local!, event: one.event!, subject, text: said }, byOf(c.get('staff'))) // prettier-ignore
      } catch (error) {
        const cause = inEnglish((error as Error).message)
        return c.html(failed(c, site, { title: bulk.title, cause, next: bulk.stoppedAt(i, one.patient.name) }), 400)
      }
      store.audit.record(deedOf(c, 'message sent', { patient: String(one.patient.local), of: id }))
    }
    return c.redirect('/recent?said=sentAll', 303)
  })
  return app
}
