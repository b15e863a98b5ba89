/** Who may act for a patient at the portal: given by a link, seen, and ended. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { dateSchema, relationships, scopes } from '../../replica/kinds/access.ts'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import { button, field, form, oneButton, select } from '../look/form.ts'
import { inEnglish, nothing, type Html } from '../look/html.ts'
import { faultNotice, notice } from '../look/notice.ts'
import { card, facts } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { byOf, deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import { patientNumber } from './form-fields.ts'

const patientSchema = v.object({ patient: patientNumber })
const endSchema = v.object({ patient: patientNumber, grant: ulidSchema })
const grantSchema = v.object({
  patient: patientNumber,
  name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)),
  relationship: v.picklist(relationships),
  document: v.optional(
    v.pipe(
      v.string(),
      v.trim(),
      v.maxLength(200),
      v.transform((text) => text || undefined),
    ),
  ),
  to: v.pipe(v.string(), v.trim(), v.transform((text) => (text === '' ? undefined : text)), v.optional(dateSchema)), // prettier-ignore
})

export function accessPages({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  const notDone = (c: Context<ConsoleEnv>, error: unknown) => {
    const { access } = c.get('reader').words.staff
    const { failedNext } = c.get('reader').words.console.send
    return c.html(failed(c, site, { title: access.title, cause: inEnglish((error as Error).message), next: failedNext }), 400) // prettier-ignore
  }
  const accessHtml = async (
    c: Context<ConsoleEnv>,
    patient: number,
    more: { fault?: string; link?: Html } = {},
  ): Promise<string> => {
    const reader = c.get('reader')
    const { staff, account } = reader.words
    const { people } = account
    const { signIns, items } = await site.accessOf(patient)
    const hidden = { csrf: c.get('csrf'), patient: String(patient) }
    return framed(c, site, staff.access.title, '/send', [
      faultNotice(more.fault),
      more.link ?? nothing,
      card(html`<p>${staff.access.signsIn(signIns)}</p>`, {
        title: reader.words.console.send.invitationFor(patient),
      }),
      ...items.map((one) =>
        card(
          [
            html`<p>${people.relationships[one.relationship]}${one.takenUp ? '' : ` (${people.waiting})`}</p>`,
            facts([
              [people.may, one.scope.map((scope) => people.scopes[scope]).join(', ')],
              [people.from, reader.day(one.from)],
              [people.until, one.to === null ? people.noEnd : reader.day(one.to)],
              [people.grantedBy, one.grantedBy],
              [staff.access.document, one.document ?? staff.access.noDocument],
            ]),
            oneButton('/access/end', people.end(one.name), { ...hidden, grant: one.grant }, 'danger'),
          ],
          { title: one.name },
        ),
      ),
      card(
        form('/access/grant', hidden, [
          field({ name: 'name', label: staff.access.name, more: { maxlength: 200, autocomplete: 'off' } }),
          select({ name: 'relationship', label: staff.access.relationship }, relationships.map((value) => ({ value, label: people.relationships[value] }))), // prettier-ignore
          html`<fieldset>
            <legend>${staff.access.scope}</legend>
            ${scopes.map((scope) => html`<label class="choice"><input type="checkbox" name="scope ${scope}" value="yes" />${people.scopes[scope]}</label>`)}
          </fieldset>`,
          field({ name: 'document', label: staff.access.document, hint: staff.access.documentHint, optional: reader.words.frame.optional, more: { maxlength: 200 } }), // prettier-ignore
          field({ name: 'to', label: staff.access.to, hint: staff.access.toHint, optional: reader.words.frame.optional }), // prettier-ignore
          button(staff.access.grantButton, 'main'),
        ]),
        { title: staff.access.grant },
      ),
    ])
  }

  app.post('/access', async (c) => {
    const given = v.safeParse(patientSchema, await formOf(c))
    if (!given.success) return c.redirect('/send', 303)
    try {
      store.audit.noted(deedOf(c, 'viewed', { patient: String(given.output.patient), of: 'access' }))
      return c.html(await accessHtml(c, given.output.patient))
    } catch (error) {
      return notDone(c, error)
    }
  })
  app.post('/access/grant', async (c) => {
    const { access } = c.get('reader').words.staff
    const body = (await formOf(c)) ?? {}
    const patient = v.safeParse(patientSchema, body)
    if (!patient.success) return c.redirect('/send', 303)
    const given = v.safeParse(grantSchema, body)
    const scope = scopes.filter((one) => body[`scope ${one}`] === 'yes')
    try {
      if (!given.success || scope.length === 0)
        return c.html(await accessHtml(c, patient.output.patient, { fault: access.incomplete }), 400)
      const { name, relationship, to, document } = given.output
      const { grantId, url } = await site.grant(given.output.patient, { name, relationship, scope, to, document }, byOf(c.get('staff'))) // prettier-ignore
      store.audit.record(deedOf(c, 'access granted', { patient: String(given.output.patient), of: [grantId, ...scope] })) // prettier-ignore
      const link = card([html`<p>${access.link(name)}</p>`, html`<p class="copy">${url}</p>`])
      return c.html(await accessHtml(c, given.output.patient, { link }))
    } catch (error) {
      return notDone(c, error)
    }
  })
  app.post('/access/end', async (c) => {
    const { access } = c.get('reader').words.staff
    const given = v.safeParse(endSchema, await formOf(c))
    if (!given.success) return c.redirect('/send', 303)
    const { patient, grant } = given.output
    try {
      await site.endAccess(patient, grant, byOf(c.get('staff')))
      store.audit.record(deedOf(c, 'access ended', { patient: String(patient), of: grant }))
      return c.html(await accessHtml(c, patient, { link: notice('good', access.ended) }))
    } catch (error) {
      return notDone(c, error)
    }
  })
  return app
}
