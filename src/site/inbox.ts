/** The threads in which patients wrote, with how this console deals with each: the one with the newest message first. */
import type { Attachment } from '../replica/kinds/attachments.ts'
import type { Follower, IndexRow, Replica } from '../replica/replica-face.ts'
import type { Desk } from '../server/console/desk-sqlite.ts'
import { routeFor } from '../server/console/inbox-sqlite.ts'
import type { InboxThread, PatientName, ThreadMessage, WholeThread } from '../server/console/site-views.ts'

/** How far back messages are looked at for the lists, in messages. */
const lookedAt = 5_000

export function inboxOf(site: {
  readonly replica: Replica
  readonly index: Follower
  readonly desk: Desk
  readonly nameOf: (patient: string) => Promise<PatientName>
  /** The key of the site. */
  readonly site: string
}) {
  const { replica, index, desk, nameOf } = site
  const messageOf = ({ id, at, state, body }: IndexRow): ThreadMessage & { thread: string } => {
    const said = body as unknown as Omit<ThreadMessage, 'id' | 'at' | 'isIn' | 'hasFiles'> & { thread: string; attachments?: Attachment[] } // prettier-ignore
    return { ...said, id, at, isIn: state === 'in', hasFiles: (said.attachments ?? []).length > 0 }
  }
  const eyesOf = (user: string) => ({ user, seen: desk.seenBy(user), mentions: desk.mentionsOf(user), drafts: desk.draftsOf(user) }) // prettier-ignore
  type Eyes = ReturnType<typeof eyesOf>
  /** To whom a thread goes that nobody was given: by its first subject, and by the location of the event that it is about. */
  const routed = async (messages: readonly ThreadMessage[]): Promise<string | null> => {
    const routes = desk.routes()
    if (routes.length === 0) return null
    const event = messages.find((one) => one.event !== null)?.event
    const fields = event ? ((await replica.indexed('event', event))?.body as { location?: string | null } | undefined) : undefined // prettier-ignore
    return routeFor(routes, { subject: messages[0]!.subject, location: fields?.location ?? null })?.user ?? null
  }
  const threadOf = async (
    thread: string,
    rows: readonly IndexRow[],
    { user, seen, mentions, drafts }: Eyes,
  ): Promise<WholeThread | undefined> => {
    const messages = rows.map(messageOf).toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
    const [last, lastIn] = [messages.at(-1), messages.findLast((one) => one.isIn)]
    const patient = rows[0]?.patient
    if (!last || !lastIn || !patient) return undefined
    const care = desk.careOf(thread)
    const assigned = care.assigned ?? (desk.isGivenByHand(thread) ? null : await routed(messages))
    return {
      ...care,
      assigned,
      thread,
      patient: await nameOf(patient),
      subject: messages[0]!.subject,
      last,
      lastIn: lastIn.at,
      isDone: care.closedAt !== null && care.closedAt >= lastIn.at,
      isUnread: lastIn.at > (seen.get(thread) ?? 0),
      isReached: ((await replica.indexed('patient', patient))?.body as { portalEnabled?: boolean } | undefined)?.portalEnabled === true, // prettier-ignore
      isOpen: last.isIn,
      isMentioned: mentions.has(thread),
      hasDraft: drafts.has(thread),
      messages,
      notes: desk.notesOf(thread),
      steps: desk.stepsOf(thread),
      draft: drafts.has(thread) ? desk.draftOf(thread, user) : null,
    }
  }
  const groups = async (): Promise<Map<string, IndexRow[]>> => {
    await index.caughtUp()
    const rows = await replica.index({ view: 'message', descending: true, limit: lookedAt })
    return Map.groupBy(rows, (row) => (row.body as { thread: string }).thread)
  }
  return {
    /** The locations of the practice, by which threads may be given to people. */
    async locations(): Promise<{ id: string; name: string }[]> {
      const fields = (await replica.record('practice', site.site))?.fields ?? {}
      return Object.entries(fields).flatMap(([key, value]) => key.startsWith('location/') ? [{ id: key.slice('location/'.length), name: (value as { name: string }).name }] : []) // prettier-ignore
    },
    /** The threads for a user, those with news first by time. */
    async threads(user: string): Promise<InboxThread[]> {
      const eyes = eyesOf(user)
      const found: InboxThread[] = []
      for (const [thread, rows] of await groups())
        if (rows.some((row) => row.state === 'in')) found.push((await threadOf(thread, rows, eyes))!)
      return found
    },
    /** One thread with its messages, notes and steps; undefined where no patient wrote in it. */
    async thread(thread: string, user: string): Promise<WholeThread | undefined> {
      const rows = (await groups()).get(thread)
      if (!rows) return undefined
      const patient = rows[0]!.patient!
      const all = await replica.index({ view: 'message', patient })
      return threadOf(thread, all.filter((row) => (row.body as { thread: string }).thread === thread), eyesOf(user)) // prettier-ignore
    },
  }
}
