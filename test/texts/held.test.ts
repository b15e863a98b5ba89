/** After a long outage staff see first what would go out. */
import { expect, it, onTestFinished } from 'vitest'
import { foldReview } from '../../src/replica/kinds/reviews.ts'
import { texting, type Texting } from './texting.ts'

const hour = 3_600_000

async function booked(count: number): Promise<Texting> {
  const world = await texting()
  onTestFinished(() => world.close())
  for (let n = 0; n < count; n++)
    await world.event(
      await world.person({ cellPhone: `+1 480 555 01${String(n).padStart(2, '0')}` }),
      '2027-03-04T14:30',
    )
  await world.pass(hour, 10 * 60_000)
  return world
}
/** The portal is down for so long, and started again. */
async function away(world: Texting, ms: number): Promise<void> {
  await world.texting.stop()
  world.clock.advance(ms)
  await world.restart()
  await world.settled()
}
const reviews = async (world: Texting) => (await world.replica.index({ view: 'review', state: 'open' })).map(({ id, body }) => ({ id, ...(body as unknown as { about: string; why: string }) })) // prettier-ignore

it('[TEXT-16] what came due in many hours is held before anything goes out, and goes out once staff let it go', async () => {
  const world = await booked(25)
  await away(world, 7 * hour)
  await world.pass(hour, 10 * 60_000)
  expect(world.arrived()).toEqual([])
  const [review, ...others] = await reviews(world)
  expect(others).toEqual([])
  expect(review).toMatchObject({ about: 'texts held', why: expect.stringMatching(/^Texts could not go out since 2027-03-01 \d\d:\d\d, and 25 came due meanwhile\.$/) }) // prettier-ignore
  // It stays held over another start.
  await away(world, 60_000)
  expect(world.arrived()).toEqual([])
  const by = { role: 'staff' as const, id: 'jo', initials: 'JD', name: 'Jo Desk' }
  await world.replica.change([{ collection: 'reviews', key: review!.id, add: { done: { kind: 'resolved', at: world.clock.now(), by, note: '', how: 'let go' } } }]) // prettier-ignore
  expect(foldReview(await world.replica.entries('reviews', review!.id))?.resolved).not.toBeNull()
  await world.pass(24 * hour, 10 * 60_000)
  expect(world.arrived()).toHaveLength(25)
})

it('[TEXT-16] a few, or a short outage, go out by themselves', async () => {
  const few = await booked(20)
  await away(few, 7 * hour)
  await few.pass(24 * hour, 10 * 60_000)
  expect([few.arrived().length, await reviews(few)]).toEqual([20, []])
  const short = await booked(25)
  await away(short, 5 * hour)
  await short.pass(24 * hour, 10 * 60_000)
  expect([short.arrived().length, await reviews(short)]).toEqual([25, []])
})
