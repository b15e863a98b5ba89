/** Appointments, to come and past; the answers to them; and each as an entry for the patient's own calendar. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import type { Ulid } from '../../replica/ids.ts'
import { ulidSchema, wallClockSchema } from '../../replica/kinds/kind.ts'
import type { AuditTrail } from '../audit-sqlite.ts'
import { empty } from '../look/notice.ts'
import { page } from '../look/page.ts'
import { card, list } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { calendarFile } from './calendar-file.ts'
import { eventCard, pastEvent } from './event-card.ts'
import { eventsOf, ownEvent, whereIs } from './events.ts'
import { frameOf, problem } from './frame.ts'
import { asOf } from './home.ts'
import { portalFields } from './portal-fields.ts'
import { byOf, deedOf, factsOf, practiceOf, type PortalEnv } from './viewer.ts'

// The id is made when the page is, so that sending its form twice says it once.
const answerSchema = v.object({
  id: ulidSchema,
  event: ulidSchema,
  startsAt: wallClockSchema,
  note: v.optional(v.pipe(v.string(), v.trim(), v.maxLength(2_000))),
  from: v.optional(v.picklist(['home', 'appointments']), 'home'),
})
const pathOf = { home: '/', appointments: '/appointments' } as const
const wishes = [
  ['/decline', 'declined', 'declined'],
  ['/move', 'wants to move', 'asked to move'],
] as const

export function appointmentPages({ clock, audit }: { clock: Clock; audit: AuditTrail }): Hono<PortalEnv> {
  const app = new Hono<PortalEnv>()
  app.get('/appointments', async (c) => {
    const viewer = c.get('viewer')
    audit.noted(deedOf(viewer, 'viewed', 'appointments'))
    const reader = c.get('reader')
    const { appointments, home, menu } = reader.words.patient
    const frame = await frameOf(c, menu.appointments, '/appointments')
    const { upcoming, past } = await eventsOf(viewer, clock)
    const showing = { reader, viewer, clock, zone: frame.zone, from: 'appointments' as const }
    const next = upcoming.find(({ body }) => body.status !== 'Canceled')
    return c.html(
      page(frame, [
        html`<h2>${appointments.upcoming}</h2>`,
        ...(upcoming.length > 0 ? await Promise.all(upcoming.map((one) => eventCard(showing, one, one === next))) : [empty(home.noAppointments, home.noAppointmentsNext, 'calendar')]), // prettier-ignore
        html`<h2>${appointments.past}</h2>`,
        past.length > 0
          ? card(list(await Promise.all(past.map((one) => pastEvent(showing, one)))), { key: 'past' })
          : html`<p class="soft">${appointments.noPast}</p>`,
        asOf(reader, viewer, frame.zone),
      ]),
    )
  })

  app.get('/appointments/:event/calendar.ics', async (c) => {
    const viewer = c.get('viewer')
    const event = await ownEvent(viewer, c.req.param('event'))
    if (!event || event.body.status === 'Canceled') return notThere(c)
    const { place, zone } = await whereIs(viewer, event)
    const { practiceName, address } = await practiceOf(viewer, event.body.site)
    const title = (await portalFields(viewer)).calendarTitle ?? practiceName ?? c.get('reader').words.frame.portal
    audit.noted(deedOf(viewer, 'viewed', event.id))
    const file = calendarFile({
      uid: `${event.id}@${viewer.practice}`.toLowerCase(),
      startsAt: event.body.startsAt,
      zone,
      minutes: event.body.minutes,
      title,
      place: place ? [place.name, place.address].filter(Boolean).join(', ') : (address ?? null),
      now: clock.now(),
    })
    return c.body(file, 200, {
      'Content-Type': 'text/calendar; charset=utf-8',
      'Content-Disposition': 'attachment; filename="appointment.ics"',
    })
  })

  /** What the form says of an event of this patient; undefined where there is none. */
  const answered = async (c: Context<PortalEnv>) => {
    const given = v.safeParse(answerSchema, await formOf(c))
    const event = given.success ? await ownEvent(c.get('viewer'), given.output.event) : undefined
    return given.success && event ? { ...given.output, event, back: pathOf[given.output.from] } : undefined
  }
  const notThere = async (c: Context<PortalEnv>): Promise<Response> =>
    c.html(await problem(c, c.get('reader').words.problems.noAppointment), 404)

  app.post('/confirm', async (c) => {
    const viewer = c.get('viewer')
    const said = await answered(c)
    if (!said) return notThere(c)
    const { id, startsAt, event, back } = said
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
    return c.redirect(`${back}?said=${startsAt === event.body.startsAt ? 'confirmed' : 'moved'}`, 303)
  })

  for (const [path, kind, did] of wishes)
    app.post(path, async (c) => {
      const viewer = c.get('viewer')
      const said = await answered(c)
      if (!said) return notThere(c)
      const { id, startsAt, note, event, back } = said
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
      return c.redirect(`${back}?said=asked`, 303)
    })
  return app
}
