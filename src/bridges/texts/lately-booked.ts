/** Which events were booked or given another start lately: kept in memory, from the index at first and then from what changes. */
import type { Clock } from '../../replica/clock.ts'
import type { Follower, Replica } from '../../replica/replica-face.ts'

/** An event and when it was given its start, milliseconds UTC. */
export interface Booked { readonly event: string; readonly at: number } // prettier-ignore

export function latelyBooked({ replica, clock }: { readonly replica: Replica; readonly clock: Clock }) {
  /** By event when it was given its start; undefined: it has changed, and is to be read again. */
  const events = new Map<string, number | undefined>()
  let follower: Follower | undefined

  return {
    /** Those of events to come; follows from the first call on, so that whoever has no use for it pays nothing. */
    async since(from: number): Promise<readonly Booked[]> {
      if (!follower) {
        follower = replica.follow({
          name: 'lately booked',
          collections: ['events'],
          async handle(documents) {
            for (const { key, facts } of documents) if ((facts.startsAt ?? 0) > clock.now()) events.set(key, undefined)
            return []
          },
        })
        for (const { id } of await replica.index({ view: 'event', from: clock.now() })) events.set(id, undefined)
      }
      const found: Booked[] = []
      for (const [event, known] of events) {
        const at = known ?? (await replica.record('events', event))?.times.get('startsAt') ?? 0
        if (at < from) events.delete(event)
        else {
          events.set(event, at)
          found.push({ event, at })
        }
      }
      return found
    },
    stop: async (): Promise<void> => follower?.stop(),
  }
}
