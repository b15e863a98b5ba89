/** Messages that the patient does not open: reminders after one, two and three days, then staff; nothing once it is opened or taken back. */
import { describe, expect, it } from 'vitest'
import { reminderDue, unreadMessages } from '../../src/bridges/texts/unread-messages.ts'
import type { Clock } from '../../src/replica/clock.ts'
import type { Entry } from '../../src/replica/kinds/kind.ts'
import { foldMessages, type MessageEntry } from '../../src/replica/kinds/messages.ts'
import { foldReview } from '../../src/replica/kinds/reviews.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica } from '../../src/replica/replica.ts'
import { pageIndex } from '../../src/server/page-index.ts'
import { watchUnread } from '../../src/site/unread.ts'
import { clock, ulid } from '../replica/world.ts'

const zone = 'America/New_York'
const staff = { role: 'staff' as const, id: 's', initials: 'JD' }
const patient = { role: 'patient' as const, id: 'p' }
/** Saturday before the spring-forward night, noon in New York. */
const noon = Date.parse('2026-03-07T17:00:00Z')
const at = (text: string): number => Date.parse(text)
const thread = ulid() as string
const sent = (id: string, when = noon, by: MessageEntry['by'] = staff): Entry<MessageEntry> => ({ id, kind: 'message', at: when, by, thread, subject: 'Before your visit', text: 'Come early.' }) // prettier-ignore
const unread = (...entries: Entry<MessageEntry>[]) => unreadMessages(foldMessages(entries), zone)

describe('an unread message', () => {
  it('[3.4 (5)] is reminded of after one, two and three days at its time of day, also across the change of clocks, then it is for staff', () => {
    const [one] = unread(sent('a'))
    expect(one!.reminders.map(({ due }) => new Date(due).toISOString())).toEqual(['2026-03-08T16:00:00.000Z', '2026-03-09T16:00:00.000Z', '2026-03-10T16:00:00.000Z']) // prettier-ignore
    expect(new Date(one!.staffDue).toISOString()).toBe('2026-03-11T16:00:00.000Z')
  })
  it('is nothing any more once it was opened or taken back, and no message of the patient is one', () => {
    expect(unread(sent('a'), { id: 'r', kind: 'read', at: noon + 1, by: patient, entry: 'a' })).toEqual([])
    expect(unread(sent('a'), { id: 'r', kind: 'retracted', at: noon + 1, by: staff, entry: 'a' })).toEqual([])
    expect(unread(sent('a', noon, patient))).toEqual([])
    // Who reads it among the staff does not count.
    expect(unread(sent('a'), { id: 'r', kind: 'read', at: noon + 1, by: staff, entry: 'a' })).toHaveLength(1)
  })
  it('with others is one reminder a day, the same each time it is asked for, and none that is a day late', () => {
    const some = unread(sent('a'), sent('b', noon + 60_000))
    expect(reminderDue(some, at('2026-03-08T15:59:00Z'))).toEqual({ due: null, next: at('2026-03-08T16:00:00Z') })
    const first = reminderDue(some, at('2026-03-08T16:30:00Z')).due
    expect(first).toMatchObject({ entry: 'b' })
    expect(reminderDue(some, at('2026-03-08T20:00:00Z')).due).toEqual(first)
    expect(reminderDue(some, at('2026-03-09T16:30:00Z')).due!.id).not.toBe(first!.id)
    // After an outage of a week nobody is reminded of what is old: staff have it.
    expect(reminderDue(some, at('2026-03-16T16:00:00Z'))).toEqual({ due: null, next: null })
  })
})

it('[3.4 (5)] a message that was not opened for four days is a review, once, and resolved by itself when it is opened', async () => {
  let ahead = 0
  const later: Clock = { ...clock, now: () => clock.now() + ahead, after: clock.after }
  const replica = await openReplica({ store: memoryStore(), practice: ulid(), id: ulid(), clock: later })
  const index = replica.follow({ name: 'index', collections: ['messages', 'reviews'], handle: pageIndex(replica) })
  const watch = watchUnread({ replica, index, agent: { role: 'site', id: ulid() }, zone: async () => zone, clock: later }) // prettier-ignore
  const key = ulid() as string
  const message = { ...sent('a', later.now()) } as MessageEntry
  const facts = { patient: key, site: ulid() as string, shown: true, reachable: true, startsAt: null }
  await replica.change([{ collection: 'messages', key, facts, add: { a: message } }])
  const reviews = async () => Promise.all((await replica.list('reviews')).map(async (head) => foldReview(await replica.entries('reviews', head.key))!)) // prettier-ignore
  ahead = 3.5 * 86_400_000
  await watch.look()
  expect(await reviews()).toEqual([])
  ahead = 4.5 * 86_400_000
  await watch.look()
  await watch.look()
  expect(await reviews()).toMatchObject([{ about: 'message not opened', patient: key, resolved: null }])
  await replica.change([{ collection: 'messages', key, add: { r: { kind: 'read', at: later.now(), by: patient, entry: 'a' } } }]) // prettier-ignore
  await expect.poll(async () => (await reviews())[0]!.resolved?.note).toBe('The patient has opened it.')
  await watch.look()
  expect(await reviews()).toHaveLength(1)
  await watch.stop()
  await replica.close()
})
