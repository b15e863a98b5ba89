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
import { area, button, form, oneButton } from '../look/form.ts'
import { nothing, type Html } from '../look/html.ts'
import { icon } from '../look/icon.ts'
import { empty, notice } from '../look/notice.ts'
import { page } from '../look/page.ts'
import type { Reader } from '../look/reader.ts'
import { badge, card, folded } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { frameOf, problem } from './frame.ts'
import { byOf, deedOf, factsOf, practiceOf, unreadOf, type Member, type PortalEnv, type Viewer } from './viewer.ts'

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
    const reader = c.get('reader')
    const { home, menu } = reader.words.patient
    const frame = await frameOf(c, menu.home, '/')
    const [events, unread] = [await upcoming(viewer, clock), await unreadOf(viewer)]
    const cards = await Promise.all(events.map((event, i) => eventCard({ reader, viewer, clock }, event, i === 0, frame.zone))) // prettier-ignore
    const { heardAt } = viewer.office
    return c.html(
      page(frame, [
        unread > 0 ? notice('info', html`<a href="/messages">${home.newMessages(unread)}</a>`) : nothing,
        ...(cards.length > 0 ? cards : [empty(home.noAppointments, home.noAppointmentsNext, 'calendar')]),
        viewer.hasPassword
          ? nothing
          : card(
              html`<p>${home.nextTimeWhy}</p>
                <p><a class="button" href="/password">${reader.words.signIn.choose.title}</a></p>`,
              { title: home.nextTime },
            ),
        html`<p class="soft small">
          ${home.asOf(heardAt === null ? home.firstUpload : reader.instant(heardAt, frame.zone))}
        </p>`,
      ]),
    )
  })

  /** What the form says of an event of this patient; or the page that says that there is none. */
  const answered = async (c: Context<PortalEnv>) => {
    const given = v.safeParse(answerSchema, await formOf(c))
    const event = given.success ? await ownEvent(c.get('viewer'), given.output.event) : undefined
    return given.success && event ? { ...given.output, event } : undefined
  }
  const notThere = async (c: Context<PortalEnv>): Promise<Response> =>
    c.html(await problem(c, c.get('reader').words.problems.noAppointment), 404)

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

interface Showing { readonly reader: Reader; readonly viewer: Viewer; readonly clock: Clock } // prettier-ignore

/** An appointment with what became of the answer to it, and the buttons that there are. `zone` is the site's. */
async function eventCard(
  { reader, viewer, clock }: Showing,
  event: OwnEvent,
  next: boolean,
  zone: string,
): Promise<Html> {
  const { home } = reader.words.patient
  const { body } = event
  const confirmed = await confirmedOf(viewer, event)
  const place = await placeOf(viewer, event)
  const hidden = (): Record<string, string> => ({ csrf: viewer.csrf, id: mintUlid(clock), event: event.id, startsAt: body.startsAt }) // prettier-ignore
  const wish = (action: string, label: string): Html =>
    form(action, hidden(), [
      area({ id: `${action.slice(1)}-${event.id}`, name: 'note', label: home.note, optional: reader.words.frame.optional, more: { maxlength: 2_000, rows: 2 } }), // prettier-ignore
      button(label),
    ])
  return card(
    [
      html`<p class="when">${reader.wall(body.startsAt)}</p>
        <p>${body.words}</p>
        ${place ? html`<p>${icon('place')} ${place.name}${place.address ? html`<br /><span class="soft">${place.address}</span>` : nothing}</p>` : nothing}
        ${place && place.zone !== zone ? html`<p class="soft small">${home.zone(reader.zoneName(place.zone, body.startsAt))}</p>` : nothing}`,
      answerState(reader, viewer, confirmed, hidden()),
      folded(home.change, [
        wish('/decline', home.decline),
        wish('/move', home.move),
        html`<p class="soft">${home.officeDecides}</p>`,
      ]),
    ],
    { eyebrow: next ? home.next : home.later, lead: next },
  )
}

function answerState(
  { words, wall }: Reader,
  { office }: Viewer,
  confirmed: Confirmed,
  hidden: Record<string, string>,
): Html {
  const { home } = words.patient
  switch (confirmed.state) {
    case 'confirmed':
      return html`<p role="status">${badge('good', home.confirmed(wall(confirmed.on)))}</p>`
    case 'sent':
      return html`<p role="status">${badge('wait', home.sent)}</p>
        ${office.connected ? nothing : html`<p class="soft">${home.officeOffline}</p>`}`
    case 'changed':
      return html`${notice('warn', html`<strong>${home.changed}</strong>`, html`<p>${home.changedNext}</p>`)}
      ${oneButton('/confirm', home.confirm, hidden, 'main')}`
    case 'open':
      return oneButton('/confirm', home.confirm, hidden, 'main')
  }
}
