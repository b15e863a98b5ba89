/**
 * Send Secure Portal Message: find the patient, write, send; and the invitation of a patient who has none. Names that
 * are looked for go by POST: an address stays in a browser's history, and no datum of a person belongs there.
 */
import { Hono } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { button, instantText, type Html } from '../layout.ts'
import { formOf } from '../own-forms.ts'
import { byOf, deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import type { FoundPatient } from './site-operations.ts'

const title = 'Send Secure Portal Message'
const text = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(20_000))
const patientNumber = v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.toNumber())
const findSchema = v.object({ find: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)) })
const patientSchema = v.object({ patient: patientNumber })
const messageSchema = v.object({ patient: patientNumber, subject: v.pipe(text, v.maxLength(200)), text })

export function sendPages({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  app.get('/send', (c) => c.html(framed(c, site, title, '/send', findForm(c.get('csrf')))))
  app.post('/send/find', async (c) => {
    const csrf = c.get('csrf')
    const form = v.safeParse(findSchema, await formOf(c))
    if (!form.success) return c.html(framed(c, site, title, '/send', findForm(csrf)), 400)
    let found: readonly FoundPatient[]
    try {
      found = site.bridge.findPatients(form.output.find)
    } catch (error) {
      // InSched is locked by another program: said in words, to be tried again.
      return c.html(failed(c, site, title, (error as Error).message), 503)
    }
    store.audit.record(deedOf(c, 'patients found', { of: found.map((row) => String(row.patient_id)) }))
    const none = html`<p>Nobody of this name. Try a part of the last name.</p>`
    return c.html(framed(c, site, title, '/send', [findForm(csrf, form.output.find), found.length === 0 ? none : foundList(found, csrf)])) // prettier-ignore
  })
  app.post('/send/to', async (c) => {
    const form = v.safeParse(patientSchema, await formOf(c))
    if (!form.success) return c.redirect('/send', 303)
    return c.html(framed(c, site, title, '/send', messageForm(form.output.patient, c.get('csrf'))))
  })
  app.post('/send', async (c) => {
    const form = v.safeParse(messageSchema, await formOf(c))
    if (!form.success)
      return c.html(failed(c, site, title, 'A message needs a patient, a subject of at most 200 characters and a text. Go back: what you wrote is still there.'), 400) // prettier-ignore
    let entryId: string
    try {
      entryId = (await site.message(form.output, byOf(c.get('staff')))).entryId
    } catch (error) {
      return c.html(failed(c, site, title, (error as Error).message), 400)
    }
    store.audit.record(deedOf(c, 'message sent', { patient: String(form.output.patient), of: entryId }))
    return c.redirect('/recent?said=sent', 303)
  })
  app.post('/invite', async (c) => {
    const form = v.safeParse(patientSchema, await formOf(c))
    if (!form.success) return c.redirect('/send', 303)
    const { patient } = form.output
    let invitation: { url: string; expiresAt: string }
    try {
      invitation = await site.invite(patient, byOf(c.get('staff')))
    } catch (error) {
      return c.html(failed(c, site, 'Invitation', (error as Error).message), 400)
    }
    store.audit.record(deedOf(c, 'patient invited', { patient: String(patient) }))
    const until = instantText(Date.parse(invitation.expiresAt), await site.zone())
    return c.html(
      framed(c, site, 'Invitation', '/send', html`<section class="card">
        <h2>For patient no. ${patient}</h2>
        <p>Give this link to the patient alone. It works once, until ${until}, with the date of birth. An earlier one has ended.</p>
        <p class="text">${invitation.url}</p>
      </section>`), // prettier-ignore
    )
  })
  return app
}

function findForm(csrf: string, find = ''): Html {
  return html`<form method="post" action="/send/find" class="card">
    <input type="hidden" name="csrf" value="${csrf}" /><label for="find">Find a patient by name</label
    ><input id="find" name="find" value="${find}" required maxlength="200" /><button>Find</button>
  </form>`
}

function foundList(found: readonly FoundPatient[], csrf: string): Html {
  return html`<section class="card">
    <ul>
      ${found.map((row) => {
        const name = `${row.first_name ?? ''} ${row.last_name ?? ''}`.trim()
        const hidden = { csrf, patient: String(row.patient_id) }
        return html`<li>
          ${name}, born ${row.birth_date ?? 'unknown'}, no.
          ${row.patient_id}${row.portal_enabled === 1 ? html` ${button('/send/to', `Write to ${name}`, hidden)} ${button('/invite', `Invite ${name}`, hidden)}` : ' (no portal access)'}
        </li>`
      })}
    </ul>
  </section>`
}

function messageForm(patient: number, csrf: string): Html {
  return html`<form method="post" action="/send" class="card">
    <h2>To patient no. ${patient}</h2>
    <input type="hidden" name="csrf" value="${csrf}" /><input type="hidden" name="patient" value="${patient}" />
    <label for="subject">Subject</label><input id="subject" name="subject" required maxlength="200" /><label for="text"
      >Message</label
    ><textarea id="text" name="text" required maxlength="20000"></textarea>
    <button class="main">Send message</button>
  </form>`
}
