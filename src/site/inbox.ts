/** The threads in which patients wrote, with how this console deals with each: the one with the newest message first. */
import type { Attachment } from '../replica/kinds/attachments.ts'
import type { Follower, IndexRow, Replica } from '../replica/replica-face.ts'
import type { Desk } from '../server/console/desk-sqlite.ts'
import type { InboxThread, PatientName, ThreadMessage, WholeThread } from '../server/console/site-views.ts'

/** How far back messages are looked at for the lists, in messages. */
const lookedAt = 5_000

export function inboxOf(site: {
  readonly replica: Replica
  readonly index: Follower
  readonly desk: Desk
  readonly nameOf: (patient: string) => Promise<PatientName>
}) {
  const { replica, index, desk, nameOf } = site
  const messageOf = ({ id, at, state, body }: IndexRow): ThreadMessage & { thread: string } => {
    const said = body as unknown as Omit<ThreadMessage, 'id' | 'at' | 'isIn' | 'hasFiles'> & { thread: string; attachments?: Attachment[] } // prettier-ignore
    return { ...said, id, at, isIn: state === 'in', hasFiles: (said.attachments ?? []).length > 0 }
  }
  const threadOf = async (
    thread: string,
    rows: readonly IndexRow[],
    seen: ReadonlyMap<string, number>,
  ): Promise<WholeThread | undefined> => {
    const messages = rows.map(messageOf).toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
    const [last, lastIn] = [messages.at(-1), messages.findLast((one) => one.isIn)]
    const patient = rows[0]?.patient
    if (!last || !lastIn || !patient) return undefined
    const care = desk.careOf(thread)
    return {
      ...care,
      thread,
      patient: await nameOf(patient),
      subject: messages[0]!.subject,
      last,
      lastIn: lastIn.at,
      isDone: care.closedAt !== null && care.closedAt >= lastIn.at,
      isUnread: lastIn.at > (seen.get(thread) ?? 0),
      isReached: ((await replica.indexed('patient', patient))?.body as { portalEnabled?: boolean } | undefined)?.portalEnabled === true, // prettier-ignore
      isOpen: last.isIn,
      messages,
      notes: desk.notesOf(thread),
      steps: desk.stepsOf(thread),
    }
  }
  const groups = async (): Promise<Map<string, IndexRow[]>> => {
    await index.caughtUp()
    const rows = await replica.index({ view: 'message', descending: true, limit: lookedAt })
    return Map.groupBy(rows, (row) => (row.body as { thread: string }).thread)
  }
  return {
    /** The threads for a user, those with news first by time. */
    async threads(user: string): Promise<InboxThread[]> {
      const seen = desk.seenBy(user)
      const found: InboxThread[] = []
      for (const [thread, rows] of await groups())
        if (rows.some((row) => row.state === 'in')) found.push((await threadOf(thread, rows, seen))!)
      return found
    },
    /** One thread with its messages, notes and steps; undefined where no patient wrote in it. */
    async thread(thread: string, user: string): Promise<WholeThread | undefined> {
      const rows = (await groups()).get(thread)
      if (!rows) return undefined
      const patient = rows[0]!.patient!
      const all = await replica.index({ view: 'message', patient })
      return threadOf(thread, all.filter((row) => (row.body as { thread: string }).thread === thread), desk.seenBy(user)) // prettier-ignore
    },
  }
}
