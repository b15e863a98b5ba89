/**
 * Reviews end by themselves when their cause is gone, and say so: the event was moved as the patient asked, the answer was
 * given again for the time that stands, the number is another one. Whatever the cause, it is asked of what the replica says
 * now, so a review that is opened after its cause went ends too. Nothing else resolves a review but a person.
 */
import type { Clock } from '../replica/clock.ts'
import { derivedUlid, mintUlid } from '../replica/ids.ts'
import { answerFor, foldConfirmations } from '../replica/kinds/confirmations.ts'
import type { By } from '../replica/kinds/kind.ts'
import { foldPayments } from '../replica/kinds/payments.ts'
import { foldRequests } from '../replica/kinds/requests.ts'
import { foldReview, type Review } from '../replica/kinds/reviews.ts'
import type { DocumentHead, Edit, Follower, FollowerOptions, Replica } from '../replica/replica-face.ts'
import { isDoubleBooked } from './double-bookings.ts'

/** Why the cause of a review is gone, as a sentence; undefined where it stands. */
type Gone = (replica: Replica, review: Review, id: string) => Promise<string | undefined>

/** What became of an event since somebody spoke of it at a time. */
async function changedInInSched(
  replica: Replica,
  event: string | null,
  since: { readonly startsAt?: string; readonly at: number },
): Promise<string | undefined> {
  const record = event === null ? undefined : await replica.record('events', event)
  if (!record) return undefined
  const { deleted, status, startsAt } = record.fields
  if (deleted === true) return 'The event was deleted in InSched.'
  if (status === 'Canceled') return 'The event was canceled in InSched.'
  const isMoved = since.startsAt === undefined ? (record.times.get('startsAt') ?? 0) > since.at : startsAt !== since.startsAt // prettier-ignore
  return isMoved
    ? `The event was moved to ${typeof startsAt === 'string' ? startsAt.replace('T', ' ') : 'another time'} in InSched.`
    : undefined
}

/** What the patient wished with this review, while it is open. */
async function wishOf(replica: Replica, { patient }: Review, id: string) {
  const asked = patient === null ? [] : foldRequests(await replica.entries('requests', patient))
  return asked.find((one) => one.kind !== 'contact change' && derivedUlid('request', one.id) === id)
}

const wish: Gone = async (replica, review, id) => {
  const asked = await wishOf(replica, review, id)
  return asked && 'startsAt' in asked ? changedInInSched(replica, asked.event, { startsAt: asked.startsAt, at: asked.at }) : undefined // prettier-ignore
}

const newNumber: Gone = async (replica, { patient, openedAt }) => {
  const changed = patient === null ? undefined : (await replica.record('patients', patient))?.times.get('cellPhone')
  return (changed ?? 0) > openedAt ? 'The patient’s mobile phone was changed in InSched.' : undefined
}

const gone: Partial<Record<Review['about'], Gone>> = {
  'confirmation set aside': async (replica, { event }) => {
    const startsAt = event === null ? undefined : (await replica.record('events', event))?.fields['startsAt']
    if (event === null || typeof startsAt !== 'string') return undefined
    const answer = answerFor(foldConfirmations(await replica.entries('confirmations', event)), startsAt)
    return answer?.state === 'written' ? `${startsAt.replace('T', ' ')} is confirmed, and in InSched.` : undefined
  },
  'patient declined': wish,
  'patient wants to move': wish,
  'may want to cancel': (replica, { event, openedAt }) => changedInInSched(replica, event, { at: openedAt }),
  'wrong number': newNumber,
  'number takes no texts': newNumber,
  'payment not posted': async (replica, { patient, why }) => {
    const { payments } = foldPayments(patient === null ? [] : await replica.entries('payments', patient))
    const posted = payments.find((one) => one.posted !== null && one.paid !== null && why.includes(one.paid.transaction)) // prettier-ignore
    return posted && 'The deposit is in InSched.'
  },
  'double booking': async (replica, { event, other }) => {
    if (event === null || other === null || (await isDoubleBooked(replica, event, other))) return undefined
    return 'The two events are at the same time no more.'
  },
}

export function endByThemselves(parts: {
  readonly replica: Replica
  readonly index: Follower
  readonly agent: By
  /** Whether a review is about the mapping as it is now. */
  readonly isOfMapping: (review: string) => boolean
  readonly clock: Clock
}): { readonly follower: FollowerOptions; look(): Promise<void> } {
  const { replica, index, agent, clock } = parts

  const whyGone = async (review: Review, id: string): Promise<string | undefined> => {
    if (review.about === 'mapping problem') return parts.isOfMapping(id) ? undefined : 'The mapping of the field was changed.' // prettier-ignore
    return gone[review.about]?.(replica, review, id)
  }
  const end = async (id: string): Promise<Edit[]> => {
    // Each site knows the causes of its own.
    if ((await replica.head('reviews', id))?.facts.site !== agent.id) return []
    const review = foldReview(await replica.entries('reviews', id))
    if (!review || review.resolved) return []
    const note = await whyGone(review, id)
    if (note === undefined) return []
    const now = clock.now()
    const asked = await wishOf(replica, review, id)
    return [
      { collection: 'reviews', key: id, add: { [mintUlid(clock)]: { kind: 'resolved', at: now, by: agent, note, how: 'by itself' } } }, // prettier-ignore
      // What the patient asked for was done.
      ...(asked?.state === 'open' ? [{ collection: 'requests' as const, key: review.patient!, add: { [mintUlid(clock)]: { kind: 'accepted' as const, at: now, by: agent, request: asked.id } } }] : []), // prettier-ignore
    ]
  }
  const endAll = async (ids: Iterable<string>): Promise<void> => {
    for (const id of ids) {
      const edits = await end(id)
      if (edits.length > 0) await replica.change(edits)
    }
  }
  const open = async (): Promise<(Review & { readonly id: string })[]> => {
    await index.caughtUp()
    const rows = await replica.index({ view: 'review', state: 'open' })
    return rows.map(({ id, body }) => ({ ...(body as unknown as Review), id }))
  }
  const follower: FollowerOptions = {
    name: 'reviews end by themselves',
    collections: ['reviews', 'events', 'confirmations', 'patients', 'payments'],
    async handle(documents: readonly DocumentHead[]) {
      const ids = new Set(documents.filter(({ collection }) => collection === 'reviews').map(({ key }) => key))
      const touched = new Set(documents.filter(({ collection }) => collection !== 'reviews').map(({ key }) => key))
      if (touched.size > 0)
        for (const { id, about, patient, event, other } of await open())
          if (gone[about] && [patient, event, other].some((key) => key && touched.has(key))) ids.add(id)
      await endAll(ids)
      return []
    },
  }
  return {
    follower,
    /** Looks at all: no change of a document says that the mapping is another. */
    look: async () => endAll((await open()).map((one) => one.id)),
  }
}
