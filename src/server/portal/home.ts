/** Home: what needs the patient now, the next appointment with its buttons, and as of when the office's data are. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { Clock } from '../../replica/clock.ts'
import type { ControlStore } from '../control-store-sqlite.ts'
import { nothing, type Html } from '../look/html.ts'
import { icon, type Icon } from '../look/icon.ts'
import { empty } from '../look/notice.ts'
import { page } from '../look/page.ts'
import type { Reader } from '../look/reader.ts'
import { card } from '../look/show.ts'
import { eventCard } from './event-card.ts'
import { confirmedOf, upcoming, wishesFor, type OwnEvent } from './events.ts'
import { frameOf } from './frame.ts'
import { addressOfDraft } from './messages.ts'
import { may } from './needs.ts'
import { owedBy } from './owed.ts'
import { deedOf, freshTo, type PortalEnv, type Viewer } from './viewer.ts'

/** Something to do: where, and what in words. */
interface Todo { readonly href: string; readonly picture: Icon; readonly text: string } // prettier-ignore

export function homePages({ store, clock }: { store: ControlStore; clock: Clock }): Hono<PortalEnv> {
  const app = new Hono<PortalEnv>()
  app.get('/', async (c) => {
    const viewer = c.get('viewer')
    store.audit.noted(deedOf(viewer, 'viewed', 'home'))
    const reader = c.get('reader')
    const { home, menu } = reader.words.patient
    const frame = await frameOf(c, menu.home, '/')
    const seesEvents = may(viewer, 'appointments')
    const events = seesEvents ? await upcoming(viewer, clock) : []
    const todos = [...(await toAnswer(reader, viewer, events)), ...(await toRead(reader, viewer, store)), ...(c.get('takesCards') ? await toPay(reader, viewer) : []), ...toProtect(reader, viewer)] // prettier-ignore
    const [next, ...later] = events
    const showing = { reader, viewer, clock, zone: frame.zone, from: 'home' as const }
    return c.html(
      page(frame, [
        actionNeeded(reader, todos),
        next ? await eventCard(showing, next, true) : nothing,
        !next && seesEvents ? empty(home.noAppointments, home.noAppointmentsNext, 'calendar') : nothing,
        later.length > 0 ? html`<p><a class="button" href="/appointments">${home.more(later.length)}</a></p>` : nothing,
        asOf(reader, viewer, frame.zone),
      ]),
    )
  })
  return app
}

/** As of when the office's data are, and that what is sent now waits for it where it is offline. */
export function asOf(reader: Reader, { office }: Viewer, zone: string): Html {
  const { home } = reader.words.patient
  const when = office.heardAt === null ? home.firstUpload : reader.instant(office.heardAt, zone)
  return html`<p class="soft small asof">
    ${home.asOf(when)}${office.connected ? nothing : html`<br />${home.offlineNow}`}
  </p>`
}

function actionNeeded({ words }: Reader, todos: readonly Todo[]): Html {
  const { home } = words.patient
  if (todos.length === 0) return html`<p class="calm">${icon('good')} ${home.nothingToDo}</p>`
  return card(
    html`<ul class="todos">
      ${todos.map(
        ({ href, picture, text }) =>
          html`<li data-key="${href}">
            <a href="${href}" data-say="${text}">${icon(picture)} <span>${text}</span></a>
          </li>`,
      )}
    </ul>`,
    { title: home.actionNeeded, key: 'todos' },
  )
}

async function toAnswer(reader: Reader, viewer: Viewer, events: readonly OwnEvent[]): Promise<Todo[]> {
  const { home } = reader.words.patient
  const todos = await Promise.all(
    events.map(async (event, i): Promise<Todo[]> => {
      if (!viewer.takes('confirmations')) return []
      const { state } = await confirmedOf(viewer, event)
      const [wish] = await wishesFor(viewer, event)
      if (wish?.state === 'open' || (state !== 'open' && state !== 'changed')) return []
      const when = reader.wall(event.body.startsAt)
      const href = i === 0 ? `#event-${event.id}` : `/appointments#event-${event.id}`
      return [{ href, picture: state === 'changed' ? 'warn' : 'calendar', text: state === 'changed' ? home.toConfirmAnew(when) : home.toConfirm(when) }] // prettier-ignore
    }),
  )
  return todos.flat()
}

async function toRead({ words }: Reader, viewer: Viewer, store: ControlStore): Promise<Todo[]> {
  if (!may(viewer, 'messages')) return []
  const { home } = words.patient
  const fresh = await freshTo(viewer, viewer.account)
  const count = fresh.length
  const threads = new Set(fresh)
  const drafts = store.drafts.placesOf({ account: viewer.account, member: viewer.key })
  return [
    ...(count > 0 ? [{ href: threads.size === 1 ? `/messages/${fresh[0]!}` : '/messages', picture: 'mail' as const, text: home.newMessages(count) }] : []), // prettier-ignore
    ...drafts.map((place) => ({ href: addressOfDraft(place), picture: 'wait' as const, text: home.unsent })),
  ]
}

async function toPay(reader: Reader, viewer: Viewer): Promise<Todo[]> {
  if (!may(viewer, 'pay')) return []
  const { pay } = reader.words
  const { balance, requests, bounds } = await owedBy(viewer)
  return [
    ...requests.map((one) => ({ href: `/pay#request-${one.id}`, picture: 'money' as const, text: pay.toPayRequest(reader.money(one.amount)) })), // prettier-ignore
    ...(bounds && balance && balance.minor > 0 ? [{ href: '/pay', picture: 'money' as const, text: pay.toPay(reader.money(balance)) }] : []), // prettier-ignore
  ]
}

function toProtect({ words }: Reader, { hasPassword }: Viewer): Todo[] {
  return hasPassword ? [] : [{ href: '/password', picture: 'info', text: words.patient.home.nextTimeWhy }]
}
