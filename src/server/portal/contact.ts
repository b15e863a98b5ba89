/**
 * Contact details: what the office has on file, changes to it as proposals, which the office accepts or refuses, and how the
 * office reaches the patient. Nothing on file changes here (DOM-8).
 */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import { chosenEdit } from '../../bridges/texts/choosing.ts'
import { foldCommunications } from '../../replica/kinds/communications.ts'
import type { PatientFields } from '../../replica/kinds/fields.ts'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import { contactFields, type ContactField, type Request } from '../../replica/kinds/requests.ts'
import { mintUlid } from '../../replica/ids.ts'
import type { AuditTrail } from '../audit-sqlite.ts'
import { button, choices, field, form, select } from '../look/form.ts'
import { nothing, type Html } from '../look/html.ts'
import { faultNotice } from '../look/notice.ts'
import { page } from '../look/page.ts'
import type { Reader } from '../look/reader.ts'
import { badge, card, facts, list } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { languageOf, languages, nameOfLanguage } from '../words/language.ts'
import { frameOf } from './frame.ts'
import { saidBy } from './said-by.ts'
import { byOf, deedOf, factsOf, patientOf, type PortalEnv } from './viewer.ts'

const phone = v.pipe(v.string(), v.trim(), v.regex(/^(?:\+?[\d\s().-]{7,30})?$/))
const proposalSchema = v.object({
  id: ulidSchema,
  homePhone: phone,
  cellPhone: phone,
  email: v.union([
    v.pipe(v.string(), v.trim(), v.literal('')),
    v.pipe(v.string(), v.trim(), v.maxLength(200), v.email()),
  ]),
  language: v.union([v.literal(''), v.picklist(languages)]),
})
const reachedSchema = v.object({ reached: v.picklist(['any', 'text', 'email', 'none']) })
type Proposal = Extract<Request, { kind: 'contact change' }>

export function contactPages({ clock, audit }: { clock: Clock; audit: AuditTrail }): Hono<PortalEnv> {
  const app = new Hono<PortalEnv>()
  app.get('/contact', async (c) => {
    audit.noted(deedOf(c.get('viewer'), 'viewed', 'contact'))
    return c.html(await contactPage(c))
  })
  app.post('/contact', async (c) => {
    const viewer = c.get('viewer')
    const form = await formOf(c)
    const given = v.safeParse(proposalSchema, form)
    if (!given.success) {
      const wrong = given.issues.map((issue) => issue.path?.[0]?.key as string)
      return c.html(await contactPage(c, { wrong, given: form ?? {} }), 400)
    }
    const { id, ...wanted } = given.output
    const held = await patientOf(viewer)
    const changed = contactFields.filter((name) => wanted[name] !== shownOf(held, name))
    if (changed.length === 0) return c.redirect('/contact?said=unchanged', 303)
    const fields = Object.fromEntries(changed.map((name) => [name, wanted[name]]))
    const was = Object.fromEntries(changed.map((name) => [name, held[name] ?? '']))
    await viewer.replica.change([
      {
        collection: 'requests',
        key: viewer.patient,
        facts: await factsOf(viewer.replica, 'patients', viewer.patient),
        add: { [id]: { kind: 'contact change', at: clock.now(), by: await byOf(viewer), fields, was } },
      },
    ])
    audit.record(deedOf(viewer, 'contact change asked', [id, ...changed]))
    return c.redirect('/contact?said=proposed', 303)
  })

  app.post('/contact/reached', async (c) => {
    const viewer = c.get('viewer')
    const given = v.safeParse(reachedSchema, await formOf(c))
    if (!given.success) return c.html(await contactPage(c), 400)
    const { reached } = given.output
    const { choice } = foldCommunications(await viewer.replica.entries('communications', viewer.patient))
    const wanted = reached === 'none' ? { ...choice, noneByItself: true } : { ...choice, noneByItself: false, prefers: reached === 'any' ? null : reached } // prettier-ignore
    const { edit, changed } = await chosenEdit(viewer.replica, { patient: viewer.patient, choice: wanted, by: await byOf(viewer), clock }) // prettier-ignore
    if (!edit) return c.redirect('/contact?said=unchanged', 303)
    await viewer.replica.change([edit])
    audit.record(deedOf(viewer, 'channels chosen', changed))
    return c.redirect('/contact?said=reached', 303)
  })

  async function contactPage(
    c: Context<PortalEnv>,
    fault?: { readonly wrong: readonly string[]; readonly given: Readonly<Record<string, unknown>> },
  ): Promise<string> {
    const viewer = c.get('viewer')
    const reader = c.get('reader')
    const { contact } = reader.words.patient
    const { optional } = reader.words.frame
    const frame = await frameOf(c, contact.title, '/settings')
    const held = await patientOf(viewer)
    const { choice } = foldCommunications(await viewer.replica.entries('communications', viewer.patient))
    const rows = await viewer.replica.index({ view: 'request', patient: viewer.patient, descending: true })
    const proposals = rows.map((row) => row.body as unknown as Request).filter((one): one is Proposal => one.kind === 'contact change') // prettier-ignore
    const lineOf = (name: ContactField, type: string, autocomplete: string): Html => {
      const value = fault?.given[name]
      return field({ name, label: contact.fields[name], optional, value: typeof value === 'string' ? value : shownOf(held, name), fault: fault?.wrong.includes(name) ? contact.faults[name] : undefined, more: { type, autocomplete, maxlength: 200 } }) // prettier-ignore
    }
    return page({ ...frame, back: { href: '/settings', text: reader.words.patient.menu.settings } }, [
      fault ? faultNotice(contact.notSent) : nothing,
      proposals.length > 0
        ? card(list(proposals.slice(0, 5).map((one) => proposalLine(reader, one, frame.zone))), { title: contact.asked, key: 'proposals' }) // prettier-ignore
        : nothing,
      card(
        viewer.takes('requests')
          ? [
              html`<p class="soft">${contact.why}</p>`,
              form('/contact', { csrf: viewer.csrf, id: mintUlid(clock) }, [
                lineOf('cellPhone', 'tel', 'tel'),
                lineOf('homePhone', 'tel', 'home tel'),
                lineOf('email', 'email', 'email'),
                select(
                  { name: 'language', label: contact.fields.language, optional, value: shownOf(held, 'language') },
                  [
                    { value: '', label: contact.noLanguage },
                    ...languages.map((one) => ({ value: one, label: nameOfLanguage[one] })),
                  ],
                ),
                button(contact.send, 'main'),
              ]),
            ]
          : [
              facts(contactFields.map((name) => [contact.fields[name], shownOf(held, name)] as const)),
              html`<p>${reader.words.patient.off.contact}</p>`,
            ],
        { title: contact.onFile },
      ),
      card(
        [
          facts([
            [contact.portal, contact.portalAlways],
            [contact.texts, choice.noText ? contact.refused : consentText(reader, held.textConsent)],
            [contact.emails, choice.noEmail ? contact.refused : consentText(reader, held.emailConsent)],
          ]),
          html`<p class="soft small">${contact.howToChange}</p>`,
          viewer.takes('communications')
            ? form('/contact/reached', { csrf: viewer.csrf }, [
                choices({ name: 'reached', label: contact.reach, value: choice.noneByItself ? 'none' : (choice.prefers ?? 'any') }, (['any', 'text', 'email', 'none'] as const).map((value) => ({ value, label: contact.reachWays[value] }))), // prettier-ignore
                button(contact.reachSave),
              ])
            : nothing,
        ],
        { title: contact.how },
      ),
    ])
  }
  return app
}

/** What stands in the form for a field: a language that InSched has by name is its tag here. */
function shownOf(held: Partial<PatientFields>, name: ContactField): string {
  return name === 'language' ? (languageOf(held.language) ?? '') : (held[name] ?? '')
}

function proposalLine(reader: Reader, { at, by, fields, state }: Proposal, zone: string): Html {
  const { contact } = reader.words.patient
  const said = contact.states[state]
  const changes = contactFields.flatMap((name) => (fields[name] === undefined ? [] : [`${contact.fields[name]}: ${valueText(name, fields[name], contact.removed)}`])) // prettier-ignore
  return html`<p><strong>${changes.join(' · ')}</strong></p>
    <p class="soft small">${saidBy(by, reader) ?? nothing} · ${reader.instant(at, zone)}</p>
    <p data-say="${said}">${badge(state === 'open' ? 'wait' : state === 'accepted' ? 'good' : 'warn', said)}</p>`
}

function valueText(name: ContactField, value: string, removed: string): string {
  const language = name === 'language' ? languageOf(value) : undefined
  return language ? nameOfLanguage[language] : value || removed
}

function consentText({ words }: Reader, consent: boolean | null | undefined): string {
  const { contact } = words.patient
  return consent === true ? contact.yes : consent === false ? contact.no : contact.unknown
}
