/** Which of the texts that a number was sent a reply answers: one, or nobody can tell. */
import type { About, AskedEvent, Intent, OpenRequest } from './reply.ts'

/** The requests of a number by how they are now, newest first. */
export interface Standing {
  /** With an event that is as it was told and has not begun; of several texts about the same events the newest. */
  readonly live: readonly OpenRequest[]
  /** About events that have all changed since and have not begun. */
  readonly stale: readonly OpenRequest[]
  readonly isTwoFamilies: boolean
}

function hasBegun({ startsAt, now }: AskedEvent): boolean {
  return now >= startsAt
}
/** The events of a request that can still be answered for. */
export function openEvents(request: OpenRequest): AskedEvent[] {
  return request.events.filter((event) => event.isCurrent && !hasBegun(event))
}
/** Those that have changed since they were told. */
export function staleEvents(request: OpenRequest): AskedEvent[] {
  return request.events.filter((event) => !event.isCurrent && !hasBegun(event))
}

export function aboutOf(request: OpenRequest, events: readonly AskedEvent[] = request.events): About[] {
  return events.map(({ event, patient, startsAt }) => ({ request: request.id, event, patient, startsAt }))
}

export function standingOf(requests: readonly OpenRequest[]): Standing {
  const newestFirst = requests.toSorted((a, b) => b.at - a.at)
  const asked = new Set<string>()
  const live = newestFirst.filter((one) => {
    const events = openEvents(one).map(({ event }) => event)
    const isNews = events.some((event) => !asked.has(event))
    for (const event of events) asked.add(event)
    return isNews
  })
  return {
    live,
    stale: newestFirst.filter((one) => openEvents(one).length === 0 && staleEvents(one).length > 0),
    isTwoFamilies: new Set(live.flatMap(openEvents).map(({ family }) => family)).size > 1,
  }
}

/** The one live text that an answer is for; undefined where it may be for several. */
export function targetOf(live: readonly OpenRequest[], intent: Intent | null): OpenRequest | undefined {
  const unanswered = live.filter((one) => openEvents(one).some(({ answered }) => answered === null))
  const answered = live.filter((one) => !unanswered.includes(one))
  // Somebody who says again what was said before means what is not answered yet; who says another thing may mean either.
  const saysTheSame = answered.every((one) => openEvents(one).every((event) => event.answered === intent))
  if (unanswered.length === 1 && saysTheSame) return unanswered[0]
  if (unanswered.length === 0 && (answered.length === 1 || saysTheSame)) return answered[0]
  return undefined
}
