/**
 * What came by messages and what staff enter into InSched become one. A patient who is entered by name and birth date, and
 * an event of the same patient at the same start, are what the message said: peers' ids stand for InSched's record from then
 * on, what hung on the other one goes to it, and the review that asked for it ends.
 */
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Review } from '../../replica/kinds/reviews.ts'
import type { DocumentHead, Edit, FactsChange, FollowerOptions, Replica } from '../../replica/replica-face.ts'
import { documentsOf } from '../../mirror/documents-of.ts'
import { personDigest } from './people.ts'
import type { MessageQueue } from './queue-sqlite.ts'

export function adoption(parts: { readonly queue: MessageQueue; readonly replica: Replica; readonly site: string; readonly clock: Clock }): FollowerOptions {
  const { queue, replica, site, clock } = parts
  const by: By = { role: 'site', id: site, initials: 'PC' }

  /** The reviews end that ask for a landed document. */
  const endReviews = async (asksFor: (about: { patient: string | null; event: string | null }) => boolean): Promise<Edit[]> => {
    const open = await replica.index({ view: 'review', state: 'open' })
    const ended = open.filter(({ body }) => {
      const { about, patient, event } = body as unknown as Review
      return about === 'hl7 to do' && asksFor({ patient, event })
    })
    const note = 'It is in InSched now.'
    return ended.map(({ id }) => ({ collection: 'reviews', key: id, add: { [mintUlid(clock)]: { kind: 'resolved', at: clock.now(), by, note, how: 'by itself' } } })) // prettier-ignore
  }
  const adoptPatient = async (landed: string, own: DocumentHead): Promise<void> => {
    const edits: (Edit | FactsChange)[] = await endReviews(({ patient, event }) => patient === landed && event === null)
    for await (const heads of documentsOf(replica, ({ collection, facts }) => collection === 'events' && facts.patient === landed)) // prettier-ignore
      for (const { collection, key, facts } of heads) edits.push({ collection, key, become: { ...facts, patient: own.key, reachable: own.facts.reachable } }) // prettier-ignore
    edits.push({ collection: 'patients', key: landed, set: { survivor: own.key, deleted: true }, at: clock.now() })
    await replica.change(edits)
    await queue.adopt(landed, own.key)
  }
  const patientMet = async (head: DocumentHead, landed: ReadonlySet<string>): Promise<void> => {
    // No message to this site is about a person whom another site shares with it.
    if (head.facts.site !== site) return
    const fields = (await replica.record('patients', head.key))?.fields ?? {}
    const isHere = fields['deleted'] !== true && typeof fields['survivor'] !== 'string'
    const person = isHere ? personDigest(queue, fields) : null
    queue.keepPerson(head.key, person)
    if (person === null || landed.has(head.key)) return
    const [other, ...more] = queue.peopleLike(person).filter((one) => landed.has(one))
    // Of two that fit nobody can say which it is.
    if (other !== undefined && more.length === 0) await adoptPatient(other, head)
  }
  const eventMet = async (head: DocumentHead, landed: ReadonlySet<string>): Promise<void> => {
    const { patient, startsAt } = head.facts
    if (patient === null || landed.has(head.key) || head.facts.site !== site) return
    for (const other of landed) {
      const theirs = await replica.head('events', other)
      if (!theirs || theirs.facts.patient !== patient || theirs.facts.startsAt !== startsAt) continue
      await replica.change([
        ...(await endReviews(({ event }) => event === other)),
        { collection: 'events', key: other, facts: { ...theirs.facts, shown: false }, set: { deleted: true }, at: clock.now() }, // prettier-ignore
      ])
      await queue.adopt(other, head.key)
      return
    }
  }
  return {
    name: 'hl7 adoption',
    collections: ['patients', 'events'],
    async handle(heads) {
      const landed = { patients: new Set(queue.landed('patient')), events: new Set(queue.landed('event')) }
      for (const head of heads) {
        if (head.collection === 'patients') await patientMet(head, landed.patients)
        else if (landed.events.size > 0) await eventMet(head, landed.events)
      }
      return []
    },
  }
} // prettier-ignore
