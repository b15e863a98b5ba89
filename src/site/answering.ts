/**
 * What staff say back to a patient beside messages: a wish or a change of contact details accepted or refused, a thread
 * closed, and how the practice has its patients' pages. All of it is entries and fields that the link carries.
 */
import type { Clock } from '../replica/clock.ts'
import type { Facts } from '../replica/collections.ts'
import { derivedUlid, mintUlid } from '../replica/ids.ts'
import { portalFieldsKey, type PortalFields } from '../replica/kinds/fields.ts'
import { isPatients, type By } from '../replica/kinds/kind.ts'
import { foldMessages } from '../replica/kinds/messages.ts'
import { foldRequests } from '../replica/kinds/requests.ts'
import { foldReview } from '../replica/kinds/reviews.ts'
import type { Replica } from '../replica/replica-face.ts'
import { donorsOf } from '../server/combined.ts'

/** How long a message of the practice may be taken back, milliseconds. */
export const retractedWithin = 30 * 60_000

export type Verdict = 'accepted' | 'refused'

export function answering(parts: {
  readonly replica: Replica
  readonly clock: Clock
  readonly site: string
  readonly factsOf: (key: string) => Promise<Omit<Facts, 'at'>>
}) {
  const { replica, clock, site, factsOf } = parts
  return {
    /** Answers the request that a review is about, and resolves the review. Throws a sentence where there is none, or it is answered. */
    async answer(reviewId: string, verdict: Verdict, note: string, by: By) {
      const review = foldReview(await replica.entries('reviews', reviewId))
      if (!review) throw new Error(`There is no review ${reviewId}. List them with: patientconnection reviews`)
      const requests = review.patient === null ? [] : foldRequests(await replica.entries('requests', review.patient))
      const request = requests.find((one) => derivedUlid('request', one.id) === reviewId)
      if (!request || review.patient === null)
        throw new Error(`Review ${reviewId} is about nothing that a patient asked, so it is resolved and not answered.`)
      if (request.state !== 'open') throw new Error(`What review ${reviewId} is about was ${request.state} already.`)
      const at = clock.now()
      await replica.change([
        {
          collection: 'requests',
          key: review.patient,
          facts: await factsOf(review.patient),
          add: { [mintUlid(clock)]: { kind: verdict, at, by, request: request.id, ...(note ? { note } : {}) } },
        },
        { collection: 'reviews', key: reviewId, add: { [mintUlid(clock)]: { kind: 'resolved', at, by, note: note || verdict } } }, // prettier-ignore
      ])
      return { id: reviewId, request: request.id, verdict }
    },
    /** Closes a thread of a patient, named by its id or its subject (the newest of that subject); whoever writes in it opens it again. Throws a sentence where there is no such thread. */
    async closeThread(patient: string, thread: string, by: By) {
      // A thread of a Donor is closed where it stands (DOM-10).
      const keys = [patient, ...(await donorsOf(replica, patient))]
      const all = await Promise.all(keys.map(async (key) => foldMessages(await replica.entries('messages', key)).map((one) => ({ ...one, key })))) // prettier-ignore
      const found = all.flat().find((one) => one.thread === thread || one.subject === thread)
      if (!found) throw new Error(`This patient has no thread ${thread}. Name it by its subject or its id.`)
      await replica.change([
        { collection: 'messages', key: found.key, add: { [mintUlid(clock)]: { kind: 'closed', at: clock.now(), by, thread: found.thread } } }, // prettier-ignore
      ])
      return { thread: found.thread }
    },
    /**
     * Takes back a message of the practice that nobody has read, within half an hour of sending; that it was there stays
     * seen. Throws a sentence where it is too late.
     */
    async retract(patient: string, entry: string, by: By) {
      const found = foldMessages(await replica.entries('messages', patient)).flatMap((one) => one.messages).find((one) => one.id === entry) // prettier-ignore
      if (!found || isPatients(found.by))
        throw new Error('This is no message of the practice, so it is not taken back.')
      if (found.retracted) return { entry }
      if (found.openedAt !== null)
        throw new Error('The patient has read this message, so it is not taken back. Write another.')
      if (clock.now() - found.at > retractedWithin)
        throw new Error('A message is taken back within half an hour of sending. Write another.')
      await replica.change([
        { collection: 'messages', key: patient, add: { [`retracted:${entry}`]: { kind: 'retracted', at: clock.now(), by, entry } } }, // prettier-ignore
      ])
      return { entry }
    },
    /** How the practice has its patients' pages: what was set. */
    async portalFields(): Promise<Partial<PortalFields>> {
      return ((await replica.record('preferences', portalFieldsKey(site)))?.fields ?? {}) as Partial<PortalFields>
    },
    /** Sets how the practice has its patients' pages; what is not named stays as it is. */
    async setPortal(fields: Partial<PortalFields>) {
      const facts = { patient: null, site, shown: true, reachable: true, startsAt: null }
      await replica.change([{ collection: 'preferences', key: portalFieldsKey(site), facts: facts as never, at: clock.now(), set: { ...fields } }]) // prettier-ignore
      return fields
    },
  }
}
