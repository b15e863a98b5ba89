/**
 * Double bookings that a merge made (DOM-18): an event of this site and one that another site shares are of the same patient
 * and at the same time. Nothing is prevented: a review shows both. What one office books twice itself it sees in InSched.
 */
import type { Clock } from '../replica/clock.ts'
import { derivedUlid } from '../replica/ids.ts'
import type { EventFields } from '../replica/kinds/fields.ts'
import type { By } from '../replica/kinds/kind.ts'
import type { DocumentHead, Edit, Follower, FollowerOptions, Replica } from '../replica/replica-face.ts'
import type { BookedEvent } from '../server/console/console-site.ts'
import { viewOfOthers } from '../server/page-index.ts'

/** An event that takes place, as its record says. */
interface Booked {
  readonly key: string
  readonly patient: string
  readonly site: string | null
  /** Milliseconds UTC. */
  readonly startsAt: number
  readonly endsAt: number
  /** Wall clock of its location. */
  readonly start: string
  readonly minutes: number
}

const ended: readonly unknown[] = ['Canceled', 'No Show', 'Checked Out']

async function bookedOf(replica: Replica, key: string): Promise<Booked | undefined> {
  const [head, record] = [await replica.head('events', key), await replica.record('events', key)]
  const { patient, site, startsAt } = head?.facts ?? {}
  if (!patient || startsAt === null || startsAt === undefined || !record) return undefined
  const { deleted, status, startsAt: start, minutes } = record.fields
  if (deleted === true || ended.includes(status) || typeof start !== 'string') return undefined
  const long = typeof minutes === 'number' ? minutes : 0
  return { key, patient, site: site ?? null, startsAt, endsAt: startsAt + long * 60_000, start, minutes: long }
}

/** Whether both of these events still take place, of one patient and at one time. */
export async function isDoubleBooked(replica: Replica, one: string, other: string): Promise<boolean> {
  const [a, b] = [await bookedOf(replica, one), await bookedOf(replica, other)]
  return a !== undefined && b !== undefined && overlap(a, b)
}

/** These events as they stand now, for who decides between them. */
export async function bookedEvents(
  replica: Replica,
  keys: readonly string[],
  nameOf: SiteName,
): Promise<BookedEvent[]> {
  const found = await Promise.all(
    keys.map(async (key): Promise<BookedEvent[]> => {
      const [head, record] = [await replica.head('events', key), await replica.record('events', key)]
      if (!record) return []
      const { startsAt, minutes, status, words, deleted } = record.fields as unknown as EventFields
      const site = head?.facts.site ?? null
      return [{ key, startsAt, minutes, status: deleted ? 'deleted' : status, words, site: site && nameOf(site) }]
    }),
  )
  return found.flat()
}

/** How a site of the practice is called here; null where that is not known. */
export type SiteName = (site: string) => string | null

function overlap(a: Booked, b: Booked): boolean {
  return a.patient === b.patient && a.startsAt < b.endsAt && b.startsAt < a.endsAt
}

/** The follower of a site that opens a review for each. `shares`: whether events of other sites come to this one. */
export function doubleBookings(parts: {
  readonly replica: Replica
  readonly index: Follower
  readonly agent: By
  readonly shares: () => boolean
  readonly nameOf: SiteName
  readonly clock: Clock
}): FollowerOptions {
  const { replica, index, agent, clock } = parts

  const reviewOf = (own: Booked, other: Booked): Edit => {
    const name = other.site && parts.nameOf(other.site)
    const at = ({ start, minutes }: Booked): string => `${start.replace('T', ' ')}, ${minutes} minutes`
    return {
      collection: 'reviews',
      // Another start is another double booking.
      key: derivedUlid('double booking', agent.id, own.key, own.start, other.key, other.start),
      facts: { patient: own.patient, site: agent.id, shown: false, reachable: false, startsAt: null },
      add: {
        opened: {
          kind: 'opened',
          at: clock.now(),
          by: agent,
          about: 'double booking',
          why: `Two events of one patient are at the same time: ${at(own)}, here, and ${at(other)}, at ${name ?? 'another site'}. Each was booked without the other being known.`,
          todo: 'Ask the patient, and move or cancel one of the two in InSched.',
          patient: own.patient,
          event: own.key,
          other: other.key,
        },
      },
    }
  }
  const found = async ({ key }: DocumentHead): Promise<Edit[]> => {
    const event = await bookedOf(replica, key)
    if (!event || event.endsAt < clock.now()) return []
    const isOwn = event.site === agent.id
    const rows = await replica.index({ view: isOwn ? viewOfOthers('event') : 'event', patient: event.patient })
    const edits: Edit[] = []
    for (const row of rows) {
      const other = row.id === key ? undefined : await bookedOf(replica, row.id)
      if (!other || other.site === event.site || !overlap(event, other)) continue
      edits.push(isOwn ? reviewOf(event, other) : reviewOf(other, event))
    }
    return edits
  }
  return {
    name: 'double bookings',
    collections: ['events'],
    async handle(documents) {
      if (!parts.shares()) return []
      await index.caughtUp()
      for (const head of documents) {
        const edits = await found(head)
        if (edits.length > 0) await replica.change(edits)
      }
      return []
    },
  }
}
