/**
 * A follower that is asked at any moment whether it has caught up answers, also at the very moment at which a walk of it ends; and its rows
 * come right by themselves where an earlier program made them in another form.
 */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/replica/memory-store.ts'
import type { DocumentHead, Projection } from '../../src/replica/replica-face.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { clock, factsOf, fileReplica, folder, ulid } from './world.ts'

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

describe('[LOG-5] rows of another form than the follower makes', () => {
  const practice = ulid()
  const id = ulid()
  /** A handler as a program has it that makes these views, and what it was given. */
  const handlerOf = (views: readonly string[], given: string[] = []) => ({
    given,
    handle: async (documents: readonly DocumentHead[]): Promise<readonly Projection[]> => {
      given.push(...documents.map(({ key }) => key))
      return documents.map(({ collection, key, seq }) => ({
        collection,
        key,
        rows: views.map((view) => ({ view, id: key, patient: null, state: '', at: 0, body: { seq } })),
      }))
    },
  })
  const change = (replica: OpenReplica, keys: readonly string[]) =>
    replica.change(keys.map((key) => ({ collection: 'patients', key, at: 1, set: { lastName: key }, facts: factsOf(key, ulid()) }))) // prettier-ignore
  const idsOf = async (replica: OpenReplica, view: string) => (await replica.index({ view })).map((row) => row.id)
  const keys = ['a', 'b', 'c', 'd', 'e']

  it('are made anew by themselves after opening, on from where they were after a stop, and once', async () => {
    const file = join(folder(), 'replica.sqlite')
    const before = await fileReplica(file, practice, id)
    // As an earlier version left it, that knew of no forms.
    const old = before.follow({ name: 'index', collections: ['patients'], handle: handlerOf(['one']).handle })
    await change(before, keys)
    await old.caughtUp()
    await before.close()

    const stopped = await fileReplica(file, practice, id)
    const reached = Promise.withResolvers<void>()
    const half = handlerOf(['one', 'two'])
    const halfway = stopped.follow({
      name: 'index',
      collections: ['patients'],
      form: 7,
      batch: 2,
      handle: half.handle,
      advanced: () => {
        if (half.given.length < 4) return
        reached.resolve()
        void halfway.stop()
      },
    })
    expect(await halfway.toRemake()).toBeGreaterThan(0)
    await reached.promise
    await halfway.stop()
    expect(half.given).toEqual(['a', 'b', 'c', 'd'])
    expect(await halfway.toRemake()).toBe(1)
    await stopped.close()

    const again = await fileReplica(file, practice, id)
    const rest = handlerOf(['one', 'two'])
    const follower = again.follow({ name: 'index', collections: ['patients'], form: 7, handle: rest.handle })
    await follower.remade()
    expect(rest.given).toEqual(['e'])
    expect(await idsOf(again, 'two')).toEqual(keys)
    expect(await follower.toRemake()).toBe(0)
    await again.close()

    const later = await fileReplica(file, practice, id)
    const nothing = handlerOf(['one', 'two'])
    await later.follow({ name: 'index', collections: ['patients'], form: 7, handle: nothing.handle }).remade()
    expect(nothing.given).toEqual([])
    await later.close()
  })

  it('do not hold up what changes meanwhile, and what an earlier version did in between is made anew too', async () => {
    const file = join(folder(), 'replica.sqlite')
    const first = await fileReplica(file, practice, id)
    await change(first, keys)
    await first
      .follow({ name: 'index', collections: ['patients'], form: 7, handle: handlerOf(['one']).handle })
      .remade()
    await first.close()

    const second = await fileReplica(file, practice, id)
    const newer = handlerOf(['one', 'two'])
    let asked = 0
    const follower = second.follow({
      name: 'index',
      collections: ['patients'],
      form: 8,
      batch: 1,
      async handle(documents) {
        // While the second of the old ones is made anew, one is said new: it comes before the third.
        if (++asked === 2) await change(second, ['f'])
        return newer.handle(documents)
      },
    })
    await follower.remade()
    expect(newer.given.slice(0, 3)).toEqual(['a', 'b', 'f'])
    expect(new Set(newer.given)).toEqual(new Set([...keys, 'f']))
    expect(await idsOf(second, 'two')).toEqual([...keys, 'f'])
    await second.close()

    const back = await fileReplica(file, practice, id)
    await back.follow({ name: 'index', collections: ['patients'], form: 7, handle: handlerOf(['one']).handle }).remade()
    expect(await idsOf(back, 'two')).toEqual([])
    await back.close()
  })

  it('are none where nothing was made before', async () => {
    const replica = await openReplica({ store: memoryStore(), practice: ulid(), id: ulid(), clock })
    const { given, handle } = handlerOf(['one'])
    const follower = replica.follow({ name: 'index', collections: ['patients'], form: 7, handle })
    await follower.remade()
    await change(replica, keys)
    await follower.remade()
    expect(given).toEqual(keys)
    await replica.close()
  })
})

it('[LOG-5] a replica ends also while one of its followers waits for another', async () => {
  const replica = await openReplica({ store: memoryStore(), practice: ulid(), id: ulid(), clock })
  const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const first = replica.follow({ name: 'first', collections: ['messages'], handle: async () => [] })
  const handle = async (): Promise<[]> => {
    begun.resolve()
    await goOn.promise
    await first.caughtUp()
    return []
  }
  replica.follow({ name: 'second', collections: ['messages'], handle })
  const by = { role: 'patient' as const, id: 'a' }
  const entry = { kind: 'message' as const, at: clock.now(), by, thread: ulid(), subject: 's', text: 't' }
  await replica.change([{ collection: 'messages', key: ulid(), add: { [ulid()]: entry } }])
  await begun.promise
  const ends = replica.close()
  goOn.resolve()
  await ends
})
