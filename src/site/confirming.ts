/** A confirmation that a patient gives to staff, by phone or in person: an answer like any other, which the writer judges as it judges all (DOM-3, DOM-4). */
import type { Clock } from '../replica/clock.ts'
import { mintUlid } from '../replica/ids.ts'
import type { SpokenType } from '../replica/kinds/confirmations.ts'
import type { By } from '../replica/kinds/kind.ts'
import type { Edit, Replica } from '../replica/replica-face.ts'

/** What staff heard: of which event, by its document, for which start as they saw it, and how. */
export interface Spoken {
  readonly event: string
  readonly startsAt: string
  readonly type: SpokenType
}

/** The edit of such an answer; throws a sentence where the event is gone or has moved since staff saw it. */
export async function spokenEdit(replica: Replica, clock: Clock, { event, startsAt, type }: Spoken, by: By): Promise<Edit> {
  const [head, record] = [await replica.head('events', event), await replica.record('events', event)]
  const patient = head?.facts.patient
  if (!head || !patient || record?.fields['deleted'] !== false)
    throw new Error('The event is gone, so there is nothing to confirm.')
  if (record.fields['startsAt'] !== startsAt)
    throw new Error('The event was moved meanwhile, so this would confirm another time. Look at the event again.')
  const { at: _, ...facts } = head.facts
  return {
    collection: 'confirmations',
    key: event,
    facts,
    add: { [mintUlid(clock)]: { kind: 'answered', at: clock.now(), by, channel: 'console', patient, startsAt, type } },
  }
} // prettier-ignore
