/**
 * How reviews are resolved: the ways that each kind has, and what each does beside closing the review. `confirmed by
 * phone` is an answer like any other, given to staff; the writer judges it as it judges all (DOM-3, DOM-4).
 */
import type { Clock } from '../replica/clock.ts'
import { derivedUlid, mintUlid } from '../replica/ids.ts'
import { foldRequests } from '../replica/kinds/requests.ts'
import type { TakenFor } from '../replica/kinds/replies.ts'
import type { By } from '../replica/kinds/kind.ts'
import { foldReview, waysOf, type Resolution, type Review } from '../replica/kinds/reviews.ts'
import { optOutEdit, takenByWay, takenEdits } from './replies.ts'
import type { Edit, Replica } from '../replica/replica-face.ts'
import { spokenEdit } from './confirming.ts'

export interface Resolving {
  readonly how?: Resolution | undefined
  readonly note: string
  /** Of a reply about several events, what it is taken for in each. */
  readonly each?: ReadonlyMap<string, TakenFor> | undefined
}

/** What a way says to the patient who asked. */
const verdicts: Partial<Readonly<Record<Resolution, 'accepted' | 'refused'>>> = {
  'changed in InSched': 'accepted',
  accepted: 'accepted',
  'stays as it is': 'refused',
  refused: 'refused',
}

export function resolvingOf({ replica, clock }: { readonly replica: Replica; readonly clock: Clock }) {
  /** What the patient asked for, which the review is about. */
  const requestOf = async (id: string, patient: string) =>
    foldRequests(await replica.entries('requests', patient)).find((one) => derivedUlid('request', one.id) === id)

  const effectOf = async (id: string, review: Review, { how, note, each }: Resolving, by: By): Promise<Edit[]> => {
    const as = how === undefined ? undefined : takenByWay[how]
    if (as !== undefined || how === 'answered one by one' || how === 'patient opts out') {
      if (!review.reply) throw new Error('This is no reply to a text. Resolve it in another way.')
      if (how === 'patient opts out') return [optOutEdit(review.reply, by)]
      const all = as && new Map(review.reply.about.map(({ event }) => [event, as]))
      return takenEdits(replica, id, review.reply, all ?? each ?? new Map(), by)
    }
    const { patient, event } = review
    if (how === 'confirmed by phone') {
      const startsAt = event === null ? undefined : (await replica.record('events', event))?.fields['startsAt']
      if (event === null || typeof startsAt !== 'string')
        throw new Error('The event is gone, so there is nothing to confirm. Resolve this in another way.')
      return [await spokenEdit(replica, clock, { event, startsAt, type: 'Phone' }, by)]
    }
    const asked = patient === null ? undefined : await requestOf(id, patient)
    const kind = how === undefined ? undefined : verdicts[how]
    if (!asked || asked.state !== 'open' || kind === undefined) return []
    return [{ collection: 'requests', key: patient!, add: { [mintUlid(clock)]: { kind, at: clock.now(), by, request: asked.id, ...(note ? { note } : {}) } } }] // prettier-ignore
  }

  /** Resolves a review, and does what the way that was chosen does; throws a sentence where that cannot be. */
  return async (id: string, resolving: Resolving, by: By): Promise<{ id: string }> => {
    const review = foldReview(await replica.entries('reviews', id))
    if (!review) throw new Error(`There is no review ${id}. List them with: patientconnection reviews`)
    const { how, note } = resolving
    if (how !== undefined && !waysOf[review.about].includes(how))
      throw new Error(`A review of this kind is not resolved by “${how}”.`)
    // Whoever was faster has resolved it: their word stands.
    if (review.resolved) return { id }
    await replica.change([
      ...(await effectOf(id, review, resolving, by)),
      { collection: 'reviews', key: id, add: { [mintUlid(clock)]: { kind: 'resolved', at: clock.now(), by, note, ...(how ? { how } : {}) } } }, // prettier-ignore
    ])
    return { id }
  }
}
