/** Two sites that book one patient for the same time: a review at each that shows both events, and ends when they are apart. */
import { expect, it, onTestFinished } from 'vitest'
import { memoryStore } from '../../src/replica/memory-store.ts'
import type { Edit } from '../../src/replica/replica-face.ts'
import { openReplica } from '../../src/replica/replica.ts'
import { indexedCollections, pageIndex } from '../../src/server/page-index.ts'
import { endByThemselves } from '../../src/site/by-itself.ts'
import { bookedEvents, doubleBookings } from '../../src/site/double-bookings.ts'
import { clock, ulid } from '../replica/world.ts'

it('[DOM-18] two sites that book one patient for the same time without knowing make a review that shows both, until one of them is moved', async () => {
  const replica = await openReplica({ store: memoryStore(), practice: ulid(), id: ulid(), clock })
  onTestFinished(() => replica.close())
  const [mesa, tempe] = [ulid() as string, ulid() as string]
  const agent = { role: 'site' as const, id: mesa, initials: 'PC' }
  const nameOf = (site: string) => (site === tempe ? 'Tempe' : null)
  const index = replica.follow({ name: 'index', collections: indexedCollections, handle: pageIndex(replica, () => undefined, mesa) }) // prettier-ignore
  const booking = replica.follow(doubleBookings({ replica, index, agent, shares: () => true, nameOf, clock }))
  const ends = replica.follow(endByThemselves({ replica, index, agent, isOfMapping: () => true, clock }).follower)
  const settled = async () => {
    await booking.caughtUp()
    await ends.caughtUp()
    await index.caughtUp()
    return replica.index({ view: 'review', state: 'open' })
  }
  const patient = ulid() as string
  const tomorrow = Math.floor(clock.now() / 86_400_000 + 2) * 86_400_000
  const event = (
    key: string,
    site: string,
    minutesLater: number,
    set: Record<string, string | number | boolean> = {},
  ): Edit => {
    const startsAt = tomorrow + minutesLater * 60_000
    const start = new Date(startsAt).toISOString().slice(0, 16)
    return { collection: 'events', key, facts: { patient, site, shown: true, reachable: true, startsAt }, set: { words: 'Visit', startsAt: start, minutes: 30, status: 'None', deleted: false, ...set }, at: clock.now() } // prettier-ignore
  }
  const [own, twin, theirs, after] = [ulid() as string, ulid() as string, ulid() as string, ulid() as string]
  // What one office books twice itself, and what only touches, is nobody's merge.
  await replica.change([event(own, mesa, 0), event(twin, mesa, 10, { status: 'Canceled' }), event(after, tempe, 30)]) // prettier-ignore
  expect(await settled()).toEqual([])
  await replica.change([event(theirs, tempe, 15)])
  const [review] = await settled()
  expect(review!.body).toMatchObject({ about: 'double booking', event: own, other: theirs, patient, why: expect.stringContaining('at Tempe') }) // prettier-ignore
  expect(await bookedEvents(replica, [own, theirs], nameOf)).toMatchObject([
    { key: own, minutes: 30, site: null },
    { key: theirs, minutes: 30, site: 'Tempe' },
  ])
  await replica.change([event(own, mesa, -60)])
  expect(await settled()).toEqual([])
  const [ended] = await replica.index({ view: 'review', state: 'resolved' })
  expect(ended!.body).toMatchObject({ resolved: { how: 'by itself', note: expect.stringContaining('at the same time no more') } }) // prettier-ignore
  // Another time of it is another matter.
  await replica.change([event(theirs, tempe, -50)])
  expect(await settled()).toHaveLength(1)
  await replica.change([event(theirs, tempe, -50, { deleted: true })])
  expect(await settled()).toEqual([])
})
