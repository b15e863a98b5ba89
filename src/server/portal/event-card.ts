/** An appointment with what became of the answer to it, where it is, whom to call, and the buttons that there are. */
import { html } from 'hono/html'
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import { area, button, form, oneButton } from '../look/form.ts'
import { nothing, type Html } from '../look/html.ts'
import { icon } from '../look/icon.ts'
import { notice } from '../look/notice.ts'
import { phoneLink } from '../look/page.ts'
import type { Reader } from '../look/reader.ts'
import { badge, card, folded } from '../look/show.ts'
import { confirmedOf, whereIs, wishesFor, type Confirmed, type OwnEvent, type Where, type Wish } from './events.ts'
import type { Viewer } from './viewer.ts'

export interface Showing {
  readonly reader: Reader
  readonly viewer: Viewer
  readonly clock: Clock
  /** The site's zone: another one is named. */
  readonly zone: string
  /** The page that the buttons come back to. */
  readonly from: 'home' | 'appointments'
}

/** An appointment to come. */
export async function eventCard(showing: Showing, event: OwnEvent, next: boolean): Promise<Html> {
  const { reader, viewer, clock, from } = showing
  const { home } = reader.words.patient
  const { body } = event
  const isCanceled = body.status === 'Canceled'
  const [where, confirmed, [wish]] = [await whereIs(viewer, event), await confirmedOf(viewer, event), await wishesFor(viewer, event)] // prettier-ignore
  const hidden = (): Record<string, string> => ({ csrf: viewer.csrf, id: mintUlid(clock), event: event.id, startsAt: body.startsAt, from }) // prettier-ignore
  const ask = (action: string, label: string): Html =>
    form(action, hidden(), [
      area({ id: `${action.slice(1)}-${event.id}`, name: 'note', label: home.note, optional: reader.words.frame.optional, more: { maxlength: 2_000, rows: 2 } }), // prettier-ignore
      button(label),
    ])
  const wishing = [folded(home.decline, ask('/decline', home.sendDecline)), folded(home.move, ask('/move', home.sendMove))] // prettier-ignore
  return card(
    [
      whenAndWhere(showing, event, where),
      isCanceled
        ? html`<p>${badge('bad', home.canceled)}</p>`
        : html`<div class="stack answer" data-key="answer">
            ${wish ? wishState(reader, wish) : nothing}
            ${answerState(reader, viewer, confirmed, hidden(), wish?.state === 'open')}
          </div>`,
      isCanceled
        ? nothing
        : html`<div class="doings">
            <p class="row links">
              <a href="/appointments/${event.id}/calendar.ics" download>${icon('calendar')} ${home.addToCalendar}</a>
              ${where.phone ? phoneLink(reader, where.phone) : nothing}
            </p>
            ${viewer.takes('requests') ? [...wishing, html`<p class="soft small">${home.officeDecides}</p>`] : html`<p class="soft small">${reader.words.patient.off.requests}</p>`}
          </div>`,
    ],
    { eyebrow: next ? home.next : home.later, lead: next, key: `event-${event.id}` },
  )
}

/** An appointment that is over: when, what, where, and how it ended, in words. */
export async function pastEvent(showing: Showing, event: OwnEvent): Promise<Html> {
  const { reader, viewer } = showing
  const { status, startsAt, words } = event.body
  const { states } = reader.words.patient.appointments
  const where = await whereIs(viewer, event)
  return html`<p><strong>${reader.wall(startsAt)}</strong></p>
    <p>${words}${where.place ? html` <span class="soft">· ${where.place.name}</span>` : nothing}</p>
    <p>${badge(status === 'Checked Out' ? 'good' : 'plain', states[status])}</p>`
}

function whenAndWhere({ reader, zone }: Showing, { body }: OwnEvent, { place, zone: its }: Where): Html {
  const { home } = reader.words.patient
  return html`<p class="when">${reader.wall(body.startsAt)}</p>
    ${its === zone ? nothing : html`<p class="soft small">${home.zone(reader.zoneName(its, body.startsAt))}</p>`}
    <p>${body.words}</p>
    ${place ? html`<p class="place">${icon('place')} <span>${place.name}${place.address ? html`<br /><span class="soft">${place.address}</span>` : nothing}</span></p>` : nothing}`
}

function wishState({ words }: Reader, { kind, state }: Wish): Html {
  const { wishes } = words.patient.home
  const of = wishes[kind === 'declined' ? 'declined' : 'move']
  return html`<p role="status" data-say="${of[state]}">${badge(state === 'open' ? 'wait' : state === 'accepted' ? 'good' : 'warn', of[state])}</p>` // prettier-ignore
}

function answerState(
  reader: Reader,
  { office, takes }: Viewer,
  confirmed: Confirmed,
  hidden: Record<string, string>,
  wishes: boolean,
): Html {
  const { home } = reader.words.patient
  const confirms = takes('confirmations') ? oneButton('/confirm', home.confirm, hidden, wishes ? '' : 'main') : html`<p>${reader.words.patient.off.confirmations}</p>` // prettier-ignore
  switch (confirmed.state) {
    case 'confirmed': {
      const said = home.confirmed(reader.wall(confirmed.on))
      return html`<p role="status" data-say="${said}">${badge('good', said)}</p>`
    }
    case 'sent':
      return html`<p role="status" data-say="${home.sent}">${badge('wait', home.sent)}</p>
        ${office.connected ? nothing : html`<p class="soft">${home.officeOffline}</p>`}`
    case 'changed':
      return html`${notice('warn', html`<strong>${home.changed}</strong>`, html`<p>${home.changedNext}</p>`)}
      ${confirms}`
    case 'open':
      return confirms
  }
}
