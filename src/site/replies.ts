/**
 * Replies to texts that a person must read, as the inbox has them, and what staff take each for: an answer like the patient's
 * own, from when the patient wrote it, with the initials of who read it. Nothing is changed in the schedule by it (DOM-6).
 */
import { optedOut } from '../bridges/texts/consent.ts'
import type { By } from '../replica/kinds/kind.ts'
import type { ReplyToRead, TakenFor } from '../replica/kinds/replies.ts'
import type { Resolution, Review } from '../replica/kinds/reviews.ts'
import type { Edit, Follower, Replica } from '../replica/replica-face.ts'
import type { PatientName, ReplyInBox } from '../server/console/site-views.ts'

/** What a way of resolving takes all of a reply for. */
export const takenByWay: Partial<Readonly<Record<Resolution, TakenFor>>> = {
  'patient confirms': 'confirm',
  'patient declines': 'decline',
  'patient asks to move': 'move',
}

/** What of the resolved ones is shown. */
const mostResolved = 50

/** The entries of what a reply is taken for, event by event; those that are not named are taken for nothing. Throws a sentence where nothing was asked. */
export async function takenEdits(
  replica: Replica,
  review: string,
  reply: ReplyToRead,
  taken: ReadonlyMap<string, TakenFor>,
  by: By,
): Promise<Edit[]> {
  if (reply.about.length === 0) throw new Error('No event was asked about, so there is nothing to answer. Resolve this in another way.') // prettier-ignore
  const edits: Edit[] = []
  for (const { event, patient, startsAt } of reply.about) {
    const as = taken.get(event) ?? 'nothing'
    if (as === 'nothing') continue
    const { at } = reply
    const head = await replica.head(as === 'confirm' ? 'events' : 'patients', as === 'confirm' ? event : patient)
    if (!head) throw new Error('The event or its patient is not here, so there is nothing to answer. Resolve this in another way.') // prettier-ignore
    const { at: _set, ...facts } = head.facts
    if (as === 'confirm')
      edits.push({ collection: 'confirmations', key: event, facts, add: { [`reply:${review}`]: { kind: 'answered', at, by, channel: 'text', patient, startsAt } } }) // prettier-ignore
    else
      edits.push({ collection: 'requests', key: patient, facts, add: { [`reply:${review}:${event}`]: { kind: as === 'decline' ? 'declined' : 'wants to move', at, by, event, startsAt, note: reply.text } } }) // prettier-ignore
  }
  return edits
}

/** The opt-out that a reply is taken for: the patient's words, so that staff do not end it (DOM-20). */
export function optOutEdit({ recipient, at, text, message }: ReplyToRead, by: By): Edit {
  return optedOut(recipient, { by, how: 'reply', at, proof: { text, message } })
}

export function repliesOf(site: {
  readonly replica: Replica
  readonly index: Follower
  readonly nameOf: (patient: string) => Promise<PatientName>
}) {
  const { replica, index, nameOf } = site
  const shown = async (id: string, review: Review, reply: ReplyToRead): Promise<ReplyInBox> => ({
    id,
    kind: review.about,
    reply,
    todo: review.todo,
    patient: review.patient === null ? null : await nameOf(review.patient),
    resolved: review.resolved,
    events: await Promise.all(
      reply.about.map(async ({ event, patient, startsAt }) => {
        const fields = (await replica.indexed('event', event))?.body as { startsAt?: string; status?: string; deleted?: boolean } | undefined // prettier-ignore
        const isCurrent = fields?.startsAt === startsAt && fields.status === 'None' && fields.deleted !== true
        return { event, patient: await nameOf(patient), startsAt, isCurrent }
      }),
    ),
  })
  return {
    /** The replies that wait for a person, newest first; or those that were read lately. */
    async replies(state: 'open' | 'resolved'): Promise<ReplyInBox[]> {
      await index.caughtUp()
      const rows = await replica.index({ view: 'review', state, descending: true, ...(state === 'open' ? {} : { limit: 200 }) }) // prettier-ignore
      const found: ReplyInBox[] = []
      for (const { id, body } of rows) {
        const review = body as unknown as Review
        if (review.reply) found.push(await shown(id, review, review.reply))
        if (state === 'resolved' && found.length === mostResolved) break
      }
      return found
    },
    /** One reply; undefined where there is none. */
    async reply(id: string): Promise<ReplyInBox | undefined> {
      await index.caughtUp()
      const review = (await replica.indexed('review', id))?.body as unknown as Review | undefined
      return review?.reply ? shown(id, review, review.reply) : undefined
    },
  }
}
