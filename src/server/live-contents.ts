/**
 * What each live view holds: the same as the page of that name shows, read from the same index rows, as plain JSON under
 * flat keys. Times of appointments are wall clocks of their place; `at` is milliseconds UTC; `when` is how a page says it.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../replica/clock.ts'
import type { Payment } from '../replica/kinds/payments.ts'
import type { View } from '../replica/view-document.ts'
import { confirmedOf, upcoming, whereIs, wishesFor } from './portal/events.ts'
import { saidIn } from './portal/threads.ts'
import { portalFields } from './portal/portal-fields.ts'
import { shownPlan } from './portal/shown-plan.ts'
import { saidBy } from './portal/said-by.ts'
import { may, type Need } from './portal/needs.ts'
import { practiceOf, unreadOf, type Shown } from './portal/viewer.ts'
import type { Speech } from './words/speech.ts'

export type LiveName = 'home' | 'messages' | 'plan'
/** Says it to an account, in the words and the way of writing dates of `speech`. */
export type Contents = (shown: Shown, to: { account: string; clock: Clock; speech: Speech }) => Promise<View>

/** What each view needs of a representative, as its page does. */
export const liveNeeds: Readonly<Record<LiveName, Need>> = { home: 'own', messages: 'messages', plan: 'documents' }

/** The newest messages that a view holds; a page that is loaded shows all. */
const mostMessages = 500

export const liveContents: Readonly<Record<LiveName, Contents>> = {
  async home(shown, { account, clock, speech }) {
    const { office } = shown
    const practice = await practiceOf(shown)
    const events = await Promise.all(
      (may(shown, 'appointments') ? await upcoming(shown, clock) : []).map(async (event) => {
        const { words, startsAt, minutes } = event.body
        const [{ place }, confirmed, [wish]] = [await whereIs(shown, event), await confirmedOf(shown, event), await wishesFor(shown, event)] // prettier-ignore
        const where = { place: place?.name ?? null, address: place?.address ?? null, wish: wish ? { kind: wish.kind, state: wish.state } : null } // prettier-ignore
        const state =
          confirmed.state === 'confirmed'
            ? { state: confirmed.state, on: confirmed.on, onText: speech.wall(confirmed.on) }
            : confirmed
        return [event.id, { words, startsAt, when: speech.wall(startsAt), minutes, ...where, ...state }] as const
      }),
    )
    // To the minute, as the page says it: an office that is connected is heard all the time.
    const heardAt = office.heardAt === null ? null : office.heardAt - (office.heardAt % 60_000)
    return {
      events: Object.fromEntries(events),
      messages: { unread: may(shown, 'messages') ? await unreadOf(shown, account) : 0 },
      requests: await requestStates(shown),
      ...(await paymentStates(shown)),
      office: {
        practice: practice.practiceName ?? null,
        phone: practice.phone ?? null,
        connected: office.connected,
        heardAt,
        heardText: heardAt === null ? null : speech.instant(heardAt, practice.zone ?? 'UTC'),
      },
    }
  },

  async messages(shown, { account, speech }) {
    const { office, you } = speech.words.patient.messages
    const { replica, patient } = shown
    const rows = await replica.index({ view: 'message', patient, descending: true, limit: mostMessages })
    const zone = (await practiceOf(shown)).zone ?? 'UTC'
    const { showsRead } = await portalFields(shown)
    return {
      menu: { unread: await unreadOf(shown, account) },
      messages: Object.fromEntries(
        rows.map((row) => {
          const { id, at, fromOffice, thread, subject, text, by, retracted, attachments = [], ...seen } = saidIn(row)
          const who = fromOffice ? office : (saidBy(by, speech) ?? you)
          const said = { text: retracted ? null : text, retracted, fromOffice, who, at, when: speech.instant(at, zone) }
          const files = attachments.map(({ name, size }) => ({ name, size }))
          const opened = showsRead && !fromOffice ? { opened: seen.openedAt !== null } : {}
          return [
            id,
            { thread, subject, ...said, closed: seen.closed, ...opened, ...(files.length > 0 ? { files } : {}) },
          ] as const
        }),
      ),
    }
  },

  async plan(shown, { account, speech }) {
    const { replica, patient } = shown
    const plans = (await replica.index({ view: 'plan', patient, state: 'shown' })).map(
      (row) => [row.id, shownPlan(row)] as const,
    )
    return {
      menu: { unread: await unreadOf(shown, account) },
      plans: Object.fromEntries(plans.map(([id, { words }]) => [id, { words }])),
      stages: Object.fromEntries(
        plans.flatMap(([plan, { stages, current }]) =>
          stages.map((stage, position) => {
            const { words, completed, completedOn } = stage
            const done = completed
              ? { doneOn: completedOn, doneText: completedOn ? speech.day(completedOn) : null }
              : {}
            const state = completed ? 'done' : stage === current ? 'next' : 'later'
            return [`${plan}/${stage.id}`, { plan, position, words, state, ...done }] as const
          }),
        ),
      ),
    }
  },
}

/** What a patient asked, and what became of it; with whoever may not see it there is none. */
async function requestStates(shown: Shown): Promise<View[string]> {
  if (!may(shown, 'patient')) return {}
  // Asked as for the wishes of an event, so that a page has it once.
  const rows = await shown.replica.index({ view: 'request', patient: shown.patient, descending: true })
  return Object.fromEntries(rows.toReversed().map(({ id, state }) => [id, state]))
}

/** How payments and requests of the office stand; nothing where there are none. */
async function paymentStates(shown: Shown): Promise<View> {
  if (!may(shown, 'pay')) return {}
  const { replica, patient } = shown
  const [payments, asked] = [await replica.index({ view: 'payment', patient }), await replica.index({ view: 'payment request', patient })] // prettier-ignore
  if (payments.length + asked.length === 0) return {}
  const states = payments.map(({ id, state, body }) => {
    const { posted, refunded, withdrawn, refunds } = body as unknown as Payment
    return [id, { state, posted: posted !== null, refunded: refunded.minor, held: withdrawn.minor, refunds: refunds.length }] as const // prettier-ignore
  })
  return { payments: Object.fromEntries([...states, ...asked.map(({ id, state }) => [id, { state }] as const)]) }
}

/**
 * A view with its digest: what of it a page shows, in one word, so that an open page knows whether it is out of date. That
 * the office was just heard again makes no page old.
 */
export function withDigest(view: View): View {
  const { heardAt: _, heardText: __, ...office } = view['office'] ?? {}
  const text = JSON.stringify({ ...view, office })
  return { ...view, page: { digest: createHash('sha256').update(text).digest('base64url').slice(0, 16) } }
}

/** The name of a view in the path of an address: `/live/home`. */
export function liveNameOf(path: string): LiveName | undefined {
  const name = path.startsWith('/live/') ? path.slice('/live/'.length) : ''
  return Object.hasOwn(liveContents, name) ? (name as LiveName) : undefined
}
