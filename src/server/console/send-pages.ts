/**
 * Send Secure Portal Message: find the patient, write, send; and the invitation of a patient who has none. Names that
 * are looked for go by POST: an address stays in a browser's history, and no datum of a person belongs there.
 */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { fileFormOf } from '../attachments/file-forms.ts'
import { FileRefused } from '../attachments/file-kinds.ts'
import { fileField, fileForm, refusedIn } from '../attachments/parts.ts'
import { area, button, field, form, oneButton } from '../look/form.ts'
import { inEnglish, type Html } from '../look/html.ts'
import { empty } from '../look/notice.ts'
import type { Reader } from '../look/reader.ts'
import { badge, card, list } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { byOf, deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import type { FoundPatient } from './console-site.ts'
import { longestText, messageText, orEmpty, patientNumber } from './form-fields.ts'

const findSchema = v.object({ find: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)) })
const eventNumber = orEmpty(patientNumber)
const patientSchema = v.object({ patient: patientNumber, event: eventNumber })
const inviteSchema = v.object({ patient: patientNumber, by: v.optional(v.literal('mail')) })
const messageSchema = v.object({
  patient: patientNumber,
  event: eventNumber,
  subject: v.pipe(messageText, v.maxLength(200)),
  text: messageText,
})

export function sendPages({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  const titled = (c: Context<ConsoleEnv>) => {
    const { menu, send } = c.get('reader').words.console
    return { title: menu.send, send }
  }
  app.get('/send', (c) => c.html(framed(c, site, titled(c).title, '/send', findForm(c.get('reader'), c.get('csrf')))))
  app.post('/send/find', async (c) => {
    const [csrf, reader, { title, send }] = [c.get('csrf'), c.get('reader'), titled(c)]
    const given = v.safeParse(findSchema, await formOf(c))
    if (!given.success) return c.html(framed(c, site, title, '/send', findForm(reader, csrf)), 400)
    let found: readonly FoundPatient[]
    try {
      found = await site.bridge.findPatients(given.output.find)
    } catch (error) {
      // InSched is locked by another program: said in words, to be tried again.
      return c.html(failed(c, site, { title, cause: inEnglish((error as Error).message), next: send.busyNext }), 503)
    }
    store.audit.record(deedOf(c, 'patients found', { of: found.map((row) => String(row.patient_id)) }))
    const shown = found.length === 0 ? empty(send.nobody, send.nobodyNext) : foundList(reader, found, csrf)
    return c.html(framed(c, site, title, '/send', [findForm(reader, csrf, given.output.find), shown]))
  })
  app.post('/send/to', async (c) => {
    const given = v.safeParse(patientSchema, await formOf(c))
    if (!given.success) return c.redirect('/send', 303)
    return c.html(framed(c, site, titled(c).title, '/send', messageForm(c.get('reader'), given.output, c.get('csrf'))))
  })
  app.post('/send', async (c) => {
    const { title, send } = titled(c)
    const given = v.safeParse(messageSchema, await formOf(c))
    if (!given.success)
      return c.html(failed(c, site, { title, cause: send.incomplete, next: send.incompleteNext }), 400)
    let entryId: string
    try {
      const files = (await fileFormOf(c))?.files
      entryId = (await site.message({ ...given.output, files }, byOf(c.get('staff')))).entryId
    } catch (error) {
      if (error instanceof FileRefused) return c.html(failed(c, site, refusedIn(c.get('reader'), error)), 400)
      return c.html(failed(c, site, { title, cause: inEnglish((error as Error).message), next: send.failedNext }), 400)
    }
    store.audit.record(deedOf(c, 'message sent', { patient: String(given.output.patient), of: entryId }))
    return c.redirect('/recent?said=sent', 303)
  })
  app.post('/invite', async (c) => {
    const { send } = titled(c)
    const given = v.safeParse(inviteSchema, await formOf(c))
    if (!given.success) return c.redirect('/send', 303)
    const { patient, by } = given.output
    let invitation: { url: string; expiresAt: string } | undefined
    try {
      if (by === 'mail') await site.inviteByMail(patient, byOf(c.get('staff')))
      else invitation = await site.invite(patient, byOf(c.get('staff')))
    } catch (error) {
      const cause = inEnglish((error as Error).message)
      return c.html(failed(c, site, { title: send.invitation, cause, next: send.invitationFailedNext }), 400)
    }
    store.audit.record(deedOf(c, 'patient invited', { patient: String(patient) }))
    const until = invitation && c.get('reader').instant(Date.parse(invitation.expiresAt), await site.zone())
    const shown = invitation === undefined ? html`<p>${send.invitationMailed}</p>` : html`<p>${send.invitationHow(until!)}</p><p class="copy">${invitation.url}</p>` // prettier-ignore
    return c.html(framed(c, site, send.invitation, '/send', card(shown, { title: send.invitationFor(patient) })))
  })
  return app
}

function findForm({ words }: Reader, csrf: string, find?: string): Html {
  const { send } = words.console
  return card(
    form('/send/find', { csrf }, [
      field({ name: 'find', label: send.find, value: find, more: { type: 'search', maxlength: 200, autocomplete: 'off' } }), // prettier-ignore
      button(send.findButton, 'main'),
    ]),
  )
}

function foundList({ words, day }: Reader, found: readonly FoundPatient[], csrf: string): Html {
  const { send } = words.console
  const items = found.map((row) => {
    const name = `${row.first_name ?? ''} ${row.last_name ?? ''}`.trim()
    const hidden = { csrf, patient: String(row.patient_id) }
    const born = send.born(row.birth_date === null ? send.unknown : day(row.birth_date))
    return html`<div class="row apart">
      <div><strong>${name}</strong><br /><span class="soft">${born}, ${send.number(row.patient_id)}</span></div>
      ${row.portal_enabled === 1 ? html`<div class="row">${oneButton('/send/to', send.write(name), hidden)} ${oneButton('/invite', send.invite(name), hidden)} ${oneButton('/invite', send.inviteByMail(name), { ...hidden, by: 'mail' })} ${oneButton('/access', words.staff.access.button(name), hidden)} ${oneButton('/reached', words.reached.button(name), hidden)} ${oneButton('/payments/ask', words.payments.askOf(name), hidden)}</div>` : html`<div class="row">${badge('plain', send.noAccess)} ${oneButton('/reached', words.reached.button(name), hidden)}</div>`}
    </div>`
  })
  return card(list(items))
}

function messageForm(reader: Reader, { patient, event }: v.InferOutput<typeof patientSchema>, csrf: string): Html {
  const { send } = reader.words.console
  const fields = [
    field({ name: 'subject', label: send.subject, more: { maxlength: 200 } }),
    area({ name: 'text', label: send.message, more: { maxlength: longestText } }),
    fileField(reader, 'files'),
    button(send.send, 'main'),
  ]
  return card(
    fileForm(
      '/send',
      { csrf, patient: String(patient), ...(event === undefined ? {} : { event: String(event) }) },
      fields,
    ),
    { title: send.to(patient), ...(event === undefined ? {} : { eyebrow: send.about(event) }) },
  )
}
