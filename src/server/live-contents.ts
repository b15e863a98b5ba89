/**
 * What each live view holds: the same as the page of that name shows, read from the same index rows, as plain JSON under
 * flat keys. Times of appointments are wall clocks of their place; `at` is milliseconds UTC; `when` is how a page says it.
 */
import type { Clock } from '../replica/clock.ts'
import type { View } from '../replica/view-document.ts'
import { confirmedOf, placeOf, upcoming } from './portal/home.ts'
import type { Message } from './portal/messages.ts'
import { shownPlan } from './portal/plan.ts'
import { saidBy } from './portal/said-by.ts'
import { may, type Need } from './portal/needs.ts'
import { practiceOf, unreadOf, type Shown } from './portal/viewer.ts'
import type { Speech } from './words/speech.ts'

export type LiveName = 'home' | 'messages' | 'plan'
/** Says it in the words and the way of writing dates of `speech`. */
export type Contents = (shown: Shown, clock: Clock, speech: Speech) => Promise<View>

/** What each view needs of a representative, as its page does. */
export const liveNeeds: Readonly<Record<LiveName, Need>> = { home: 'own', messages: 'messages', plan: 'documents' }

/** The newest messages that a view holds; a page that is loaded shows all. */
const mostMessages = 500

export const liveContents: Readonly<Record<LiveName, Contents>> = {
  async home(shown, clock, speech) {
    const { office } = shown
    const practice = await practiceOf(shown)
    const events = await Promise.all(
      (may(shown, 'appointments') ? await upcoming(shown, clock) : []).map(async (event) => {
        const { words, startsAt, minutes } = event.body
        const [place, confirmed] = [await placeOf(shown, event), await confirmedOf(shown, event)]
        const where = { place: place?.name ?? null, address: place?.address ?? null }
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
      messages: { unread: may(shown, 'messages') ? await unreadOf(shown) : 0 },
      office: {
        practice: practice.practiceName ?? null,
        phone: practice.phone ?? null,
        connected: office.connected,
        heardAt,
        heardText: heardAt === null ? null : speech.instant(heardAt, practice.zone ?? 'UTC'),
      },
    }
  },

  async messages(shown, _, speech) {
    const { office, you } = speech.words.patient.messages
    const { replica, patient } = shown
    const rows = await replica.index({ view: 'message', patient, descending: true, limit: mostMessages })
    const zone = (await practiceOf(shown)).zone ?? 'UTC'
    return {
      messages: Object.fromEntries(
        rows.map(({ id, at, state, body }) => {
          const { thread, subject, text, by, retracted, attachments = [] } = body as unknown as Message
          const fromOffice = state === 'out'
          const who = fromOffice ? office : (saidBy(by, speech) ?? you)
          const said = { text: retracted ? null : text, retracted, fromOffice, who, at, when: speech.instant(at, zone) }
          const files = attachments.map(({ name, size }) => ({ name, size }))
          return [id, { thread, subject, ...said, ...(files.length > 0 ? { files } : {}) }] as const
        }),
      ),
    }
  },

  async plan({ replica, patient }, _, speech) {
    const plans = (await replica.index({ view: 'plan', patient, state: 'shown' })).map(
      (row) => [row.id, shownPlan(row)] as const,
    )
    return {
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

/** The name of a view in the path of an address: `/live/home`. */
export function liveNameOf(path: string): LiveName | undefined {
  const name = path.startsWith('/live/') ? path.slice('/live/'.length) : ''
  return Object.hasOwn(liveContents, name) ? (name as LiveName) : undefined
}
