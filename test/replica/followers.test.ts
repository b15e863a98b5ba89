/** A follower that is asked at any moment whether it has caught up answers, also at the very moment at which a walk of it ends. */
import { expect, it } from 'vitest'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica } from '../../src/replica/replica.ts'
import { clock, ulid } from './world.ts'

it('[LOG-5] a follower that is asked while its walk is just ending walks again, and answers', async () => {
  const replica = await openReplica({ store: memoryStore(), practice: ulid(), id: ulid(), clock })
  const follower = replica.follow({ name: 'f', collections: ['messages'], handle: async () => [] })
  // Each asks so many turns after the walk of the one before has found nothing more.
  for (let turns = 0; turns < 12; turns++) {
    await follower.caughtUp()
    const asked = Promise.withResolvers<void>()
    void (async () => {
      for (let i = 0; i < turns; i++) await Promise.resolve()
      await follower.caughtUp()
      asked.resolve()
    })()
    const given = clock.after(5_000, () => asked.reject(new Error(`Asked ${turns} turns later, it never answers`)))
    await asked.promise
    given()
  }
  await replica.close()
  expect(follower.problem).toBeNull()
})
