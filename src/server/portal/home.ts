/** Home: the next appointments with Confirm, "I can't make it" and "Ask to move", and what became of each answer. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import { mintUlid, type Ulid } from '../../replica/ids.ts'
import { answerFor, type Answer } from '../../replica/kinds/confirmations.ts'
import type { EventFields, LocationValue } from '../../replica/kinds/fields.ts'
import { ulidSchema, wallClockSchema } from '../../replica/kinds/kind.ts'
import type { AuditTrail } from '../audit-sqlite.ts'
import { button, instantText, page, wallText, type Html, type PageOptions } from '../layout.ts'
import { formOf } from '../own-forms.ts'
import { frameOf, problem } from './frame.ts'
import { may } from './needs.ts'
import { byOf, deedOf, factsOf, practiceOf, type Member, type PortalEnv, type Viewer } from './viewer.ts'

// The id is made when the page is, so that sending its form twice says it once.
const answerSchema = v.object({
  id: ulidSchema,
  event: ulidSchema,
  startsAt: wallClockSchema,
  note: v.optional(v.pipe(v.string(), v.trim(), v.maxLength(2_000))),
})
const wishes = [
  ['/decline', 'declined', 'declined'],
  ['/move', 'wants to move', 'asked to move'],
] as const

export function homePages({ clock, audit }: { clock: Clock; audit: AuditTrail }): Hono<PortalEnv> {
  const app = new Hono<PortalEnv>()
  app.get('/', async (c) => {
    const viewer = c.get('viewer')
    audit.noted(deedOf(viewer, 'viewed', 'home'))
    const [frame, events, unread] = [
      await frameOf(c, 'Home', '/'),
      may(viewer, 'appointments') ? await upcoming(viewer, clock) : [],
      may(viewer, 'messages') ? await unreadOf(viewer) : 0,
    ]
    const cards = await Promise.all(events.map((event, index) => eventCard(viewer, event, index === 0, clock)))
    return c.html(
      page(frame, [
        unread > 0
          ? html`<p class="notice">
              <a href="/messages">You have ${unread} new ${unread === 1 ? 'message' : 'messages'}</a>
            </p>`
          : html``,
        ...(cards.length > 0
          ? cards
          : [
              html`<section class="card">
                <p>You have no upcoming appointments. To make one, call the office.</p>
              </section>`,
            ]),
        officeLine(viewer, frame),
        viewer.hasPassword
          ? html``
          : html`<section class="card">
              <h2>Next time</h2>
              <p>Choose a password, so that you can sign in without an invitation.</p>
              <p><a href="/password">Choose a password</a></p>
            </section>`,
      ]),
    )
  })

  /** What the form says of an event of this patient; or the page that says that there is none. */
  const answered = async (c: Context<PortalEnv>) => {
    const form = v.safeParse(answerSchema, await formOf(c))
    const event = form.success ? await ownEvent(c.get('viewer'), form.output.event) : undefined
    return form.success && event ? { ...form.output, event } : undefined
  }
  const notThere = async (c: Context<PortalEnv>): Promise<Response> =>
    c.html(await problem(c, 'This appointment is not there', 'It may have changed. Go back to the home page.'), 404)

  app.post('/confirm', async (c) => {
    const viewer = c.get('viewer')
    const said = await answered(c)
    if (!said) return notThere(c)
    const { id, startsAt, event } = said
    // The answer holds for the time that the patient saw: if the event has moved, the site makes a review item of it (DOM-3).
    await viewer.replica.change([
      {
        collection: 'confirmations',
        key: event.id,
        facts: await factsOf(viewer.replica, 'events', event.id),
        add: {
          [id]: {
            kind: 'answered',
            at: clock.now(),
            by: await byOf(viewer),
            channel: 'portal',
            patient: viewer.patient as Ulid,
            startsAt,
          },
        },
      },
    ])
    audit.record(deedOf(viewer, 'confirmed', [event.id, id]))
    return c.redirect(startsAt === event.body.startsAt ? '/?said=confirmed' : '/?said=moved', 303)
  })

  for (const [path, kind, did] of wishes)
    app.post(path, async (c) => {
      const viewer = c.get('viewer')
      const said = await answered(c)
      if (!said) return notThere(c)
      const { id, startsAt, note, event } = said
      await viewer.replica.change([
        {
          collection: 'requests',
          key: viewer.patient,
          facts: await factsOf(viewer.replica, 'patients', viewer.patient),
          add: {
            [id]: {
              kind,
              at: clock.now(),
              by: await byOf(viewer),
              event: event.id,
              startsAt,
              ...(note ? { note } : {}),
            },
          },
        },
      ])
      audit.record(deedOf(viewer, did, [event.id, id]))
      return c.redirect('/?said=asked', 303)
    })
  return app
}

export interface OwnEvent { readonly id: string; readonly body: EventFields & { site: string; shown: boolean } } // prettier-ignore

/** The events of a patient from an hour ago on that patients are shown. */
export async function upcoming(viewer: Member, clock: Clock): Promise<OwnEvent[]> {
  const rows = await viewer.replica.index({ view: 'event', patient: viewer.patient, from: clock.now() - 3_600_000 })
  return rows
    .map((row) => ({ id: row.id, body: row.body as unknown as OwnEvent['body'] }))
    .filter(({ body }) => body.shown && !body.deleted && body.status !== 'Canceled')
}

async function ownEvent(viewer: Viewer, key: string): Promise<OwnEvent | undefined> {
  const row = await viewer.replica.indexed('event', key)
  const body = row?.body as unknown as OwnEvent['body'] | undefined
  return row?.patient === viewer.patient && body?.shown && !body.deleted ? { id: key, body } : undefined
}

/** How far an event is confirmed; `changed`: the patient answered, but for another time. `on`: wall clock of the location. */
export type Confirmed =
  { readonly state: 'open' | 'changed' | 'sent' } | { readonly state: 'confirmed'; readonly on: string }

export async function confirmedOf({ replica }: Member, { id, body }: OwnEvent): Promise<Confirmed> {
  const answers = ((await replica.indexed('confirmation', id))?.body ?? []) as unknown as Answer[]
  const answer = answerFor(answers, body.startsAt)
  if (answer?.state === 'written') return { state: 'confirmed', on: answer.lastConfirmed }
  if (answer?.state === 'sent') return { state: 'sent' }
  const others = answers.filter((one) => one.startsAt !== body.startsAt)
  // Last Confirmed Date of an answer to another time says nothing of this one (DOM-3).
  const ofAnother = others.some((one) => one.state === 'written' && one.lastConfirmed === body.lastConfirmed)
  if (body.lastConfirmed && !ofAnother) return { state: 'confirmed', on: body.lastConfirmed }
  return { state: !answer && others.length > 0 ? 'changed' : 'open' }
}

/** Where an event takes place; null: at the site's own address. */
export async function placeOf(member: Member, { body }: OwnEvent): Promise<LocationValue | null> {
  if (body.location === null) return null
  const practice = await practiceOf(member, body.site)
  return (practice[`location/${body.location}`] as unknown as LocationValue | undefined) ?? null
}

async function eventCard(viewer: Viewer, event: OwnEvent, next: boolean, clock: Clock): Promise<Html> {
  const { csrf } = viewer
  const { body } = event
  const confirmed = await confirmedOf(viewer, event)
  const place = await placeOf(viewer, event)
  const hidden = (): Record<string, string> => ({ csrf, id: mintUlid(clock), event: event.id, startsAt: body.startsAt })
  const state =
    confirmed.state === 'confirmed'
      ? html`<p class="good" role="status">Confirmed in the office's schedule on ${wallText(confirmed.on)}</p>`
      : confirmed.state === 'sent'
        ? html`<p class="good" role="status">Sent to the office</p>
            ${viewer.office.connected ? '' : html`<p>The office is offline. We have your answer and will pass it on.</p>`}`
        : html`${confirmed.state === 'changed' ? html`<p class="notice error"><strong>This appointment has changed.</strong> Please confirm the new time.</p>` : ''}${button('/confirm', 'Confirm', hidden(), '', 'main')}`
  const note = (id: string): Html =>
    html`<label for="${id}">Anything the office should know (optional)</label
      ><textarea id="${id}" name="note" maxlength="2000"></textarea>`
  return html`<section class="card">
    <h2>${next ? 'Your next appointment' : 'Later appointment'}</h2>
    <p class="when">${wallText(body.startsAt)}</p>
    <p>${body.words}${place ? html` · ${place.name}` : ''}</p>
    ${place?.address ? html`<p class="soft">${place.address}</p>` : ''} ${state}
    <details>
      <summary>I need a change</summary>
      ${button('/decline', "I can't make it", hidden(), note(`decline-${event.id}`))}
      ${button('/move', 'Ask to move', hidden(), note(`move-${event.id}`))}
      <p class="soft">The office decides and answers you. Nothing changes before.</p>
    </details>
  </section>`
}

function officeLine(viewer: Viewer, frame: PageOptions & { zone: string }): Html {
  const { heardAt } = viewer.office
  return html`<p class="soft">
    Office data as of ${heardAt === null ? 'the first upload' : instantText(heardAt, frame.zone)}
  </p>`
}

export async function unreadOf(viewer: Member): Promise<number> {
  const rows = await viewer.replica.index({ view: 'message', patient: viewer.patient, state: 'out' })
  return rows.filter((row) => !(row.body as { read: boolean }).read).length
}
