/**
 * Messages that the patient has not opened though reminded for three days: a review each, since the patient does not know
 * what the practice wrote (M6). It is resolved by itself when the message is opened or taken back.
 */
import { staffAfter, unreadMessages } from '../bridges/texts/unread-messages.ts'
import type { Clock } from '../replica/clock.ts'
import { derivedUlid } from '../replica/ids.ts'
import type { By } from '../replica/kinds/kind.ts'
import { isPatients } from '../replica/kinds/kind.ts'
import { foldMessages, type Thread } from '../replica/kinds/messages.ts'
import { foldReview } from '../replica/kinds/reviews.ts'
import type { DocumentHead, Edit, Follower, Replica } from '../replica/replica-face.ts'

const lookEvery = 3_600_000
/** A message that is older is let be: it is in the list of reviews, or was resolved. */
const longestLookedAt = 60 * 86_400_000

export function watchUnread(site: {
  readonly replica: Replica
  readonly index: Follower
  readonly agent: By
  readonly zone: () => Promise<string>
  readonly clock: Clock
}): { look(): Promise<void>; stop(): Promise<void> } {
  const { replica, agent, clock } = site
  const keyOf = (entry: string): string => derivedUlid('message not opened', entry)

  const open = async (patient: string): Promise<Edit[]> => {
    const unread = unreadMessages(foldMessages(await replica.entries('messages', patient)), await site.zone())
    const head = await replica.head('messages', patient)
    return unread
      .filter(({ staffDue, sentAt }) => staffDue <= clock.now() && sentAt > clock.now() - longestLookedAt)
      .map(({ entry, subject, event, sentAt }): Edit => ({
        collection: 'reviews',
        key: keyOf(entry),
        facts: { patient, site: head?.facts.site ?? agent.id, shown: false, reachable: false, startsAt: null },
        add: {
          opened: {
            kind: 'opened',
            at: clock.now(),
            by: agent,
            about: 'message not opened',
            why: `The patient has not opened the message “${subject}” of ${new Date(sentAt).toISOString().slice(0, 10)} for ${staffAfter} days.`,
            todo: 'Call the patient, or tell it in another way.',
            patient,
            event,
          },
        },
      }))
  }
  const look = async (): Promise<void> => {
    await site.index.caughtUp()
    const rows = await replica.index({ view: 'message', state: 'out', from: clock.now() - longestLookedAt })
    const waiting = rows.filter(({ body }) => {
      const { openedAt, retracted } = body as { openedAt: number | null; retracted: boolean }
      return openedAt === null && !retracted
    })
    for (const patient of new Set(waiting.map((row) => row.patient!))) {
      const edits = await open(patient)
      if (edits.length > 0) await replica.change(edits)
    }
  }
  /** Resolves the review of what is opened by now. */
  const close = async (message: Thread['messages'][number]): Promise<Edit[]> => {
    if (isPatients(message.by) || (message.openedAt === null && !message.retracted)) return []
    const review = (await replica.head('reviews', keyOf(message.id))) && foldReview(await replica.entries('reviews', keyOf(message.id))) // prettier-ignore
    if (!review || review.resolved) return []
    const note = message.retracted ? 'The message was taken back.' : 'The patient has opened it.'
    return [{ collection: 'reviews', key: keyOf(message.id), add: { [`opened:${message.id}`]: { kind: 'resolved', at: clock.now(), by: agent, note, how: 'by itself' } } }] // prettier-ignore
  }
  const follower = replica.follow({
    name: 'opened messages',
    collections: ['messages'],
    async handle(documents: readonly DocumentHead[]) {
      for (const { key } of documents)
        for (const thread of foldMessages(await replica.entries('messages', key)))
          for (const message of thread.messages) {
            const edits = await close(message)
            if (edits.length > 0) await replica.change(edits)
          }
      return []
    },
  })
  let stopped = false
  let cancel = (): void => {}
  let looking: Promise<void> = Promise.resolve()
  const again = (): void => {
    // What a store that is full did not take is found again at the next look; the status says why.
    looking = look().catch(() => {}).then(() => {
      if (!stopped) cancel = clock.after(lookEvery, again)
    }) // prettier-ignore
  }
  again()
  return {
    look,
    async stop() {
      stopped = true
      cancel()
      await looking
      await follower.stop()
    },
  }
}
