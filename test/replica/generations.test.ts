/** Erasure and generations: what was erased stays away wherever an older copy comes from; what was written anew loses nothing. */
import * as fc from 'fast-check'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { Collection } from '../../src/replica/collections.ts'
import { carriesOver, compareVersions, erasureOf } from '../../src/replica/generations.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import type { Store } from '../../src/replica/store.ts'
import { mostClients } from '../../src/replica/folding.ts'
import { clock, factsOf, fileReplica, linkedPair, ulid } from './world.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const patient = ulid()
const site = ulid()
const facts = factsOf(patient, site)
const message = (text: string) => ({
  kind: 'message' as const,
  at: 1_000,
  by: { role: 'staff' as const, id: 's' },
  thread: patient as never,
  subject: 'x',
  text,
})
const say = (replica: OpenReplica, id: string, text = id) =>
  replica.change([{ collection: 'messages', key: patient, facts, add: { [id]: message(text) } }])
const name = (replica: OpenReplica, firstName: string, at: number) =>
  replica.change([{ collection: 'patients', key: patient, facts, set: { firstName }, at }])
const erase = (replica: OpenReplica, collection: Collection = 'messages') =>
  replica.change([{ collection, key: patient, erase: true }])
const said = async (replica: OpenReplica) =>
  (await replica.entries('messages', patient)).map((entry) => entry.id).toSorted()

const practice = ulid()
const memoryReplica = async (options: { site?: string } = {}): Promise<OpenReplica> => {
  const replica = await openReplica({ store: memoryStore(), practice, id: ulid(), clock, ...options })
  closers.push(() => replica.close())
  return replica
}
/** Carries all that one replica would send to the other, as a link does. */
async function carry(from: OpenReplica, to: OpenReplica): Promise<void> {
  await from.replication.meet(to.replication.declared())
  await to.replication.meet(from.replication.declared())
  for (const collection of ['messages', 'patients'] as const) {
    const { position, complete } = to.replication.peer(from.id)!.cursors[collection === 'messages' ? 6 : 10]!
    const part = await from.replication.outgoing(
      to.id,
      collection,
      { from: position, complete, maxBytes: 1e9 },
      () => true,
    )
    const epoch = from.replication.declared().epochs.at(-1)!.id
    await to.replication.receive(from.id, { ...part, collection, from: position, epoch }, () => true)
  }
}
const exchange = async (a: OpenReplica, b: OpenReplica, times = 2): Promise<void> => {
  for (let i = 0; i < times; i++) {
    await carry(a, b)
    await carry(b, a)
  }
}

it('[R8] an erasure empties the document here and at the peer, and stays after a restart', async () => {
  const { dir, hub, own, link } = await linkedPair({ practice })
  await say(own, 'a')
  await link.caughtUp()
  expect(await said(hub)).toEqual(['a'])
  await erase(own)
  await link.caughtUp()
  expect([await said(own), await said(hub)]).toEqual([[], []])
  expect(await hub.head('messages', patient)).toMatchObject({ generation: 2, erased: 2, facts: { shown: false } })
  await hub.close()
  const again = await fileReplica(join(dir, 'hub.sqlite'), practice, hub.id)
  closers.push(() => again.close())
  expect(await said(again)).toEqual([])
  expect(await again.head('messages', patient)).toMatchObject({ generation: 2, erased: 2 })
})

it('[R8] an erasure wins over what another wrote offline, and over an older copy that comes back', async () => {
  const [hub, one, two] = [await memoryReplica(), await memoryReplica(), await memoryReplica()]
  await say(one, 'a')
  await exchange(one, hub)
  await exchange(two, hub)
  expect(await said(two)).toEqual(['a'])
  await say(two, 'b')
  await erase(one)
  await exchange(one, hub)
  await exchange(two, hub)
  await exchange(one, hub)
  for (const replica of [hub, one, two]) expect(await said(replica)).toEqual([])
})

it('[R8] what is written after an erasure is there, and what was before it is not', async () => {
  const [hub, own] = [await memoryReplica(), await memoryReplica()]
  await say(own, 'a')
  await exchange(own, hub)
  await erase(own)
  await say(own, 'b')
  await exchange(own, hub)
  await say(hub, 'c')
  await exchange(own, hub)
  for (const replica of [hub, own]) expect(await said(replica)).toEqual(['b', 'c'])
})

it('[R8] an erasure passes where its document does not, and then brings nothing of it', async () => {
  const [hub, own] = [await memoryReplica(), await memoryReplica()]
  await say(own, 'a')
  await exchange(own, hub)
  await erase(own)
  await say(own, 'secret')
  await own.replication.meet(hub.replication.declared())
  const part = await own.replication.outgoing(
    hub.id,
    'messages',
    { from: 0, complete: 0, maxBytes: 1e9 },
    (_collection, _facts, erasure) => erasure === true,
  )
  expect(part.rows.length).toBeGreaterThan(0)
  for (const row of part.rows) expect(row).toMatchObject({ generation: 2, erased: 2, update: new Uint8Array([0, 0]) })
})

it('[LOG-9] [R8] a document that more writers have touched than it may is written anew by its owner, and nothing said meanwhile is lost', async () => {
  const store = memoryStore()
  const id = ulid()
  const hub = await memoryReplica()
  for (let start = 0; start <= mostClients; start++) {
    const replica = await openReplica({ store, practice, id, clock, site })
    await name(replica, `name ${start}`, 1_000 + start)
    await say(replica, `m${start}`)
    await replica.close()
  }
  const own = await openReplica({ store, practice, id, clock, site })
  closers.push(() => own.close())
  await exchange(own, hub)
  // The hub writes into the generation that is about to end.
  await say(hub, 'from the portal')
  // Folding looks at a document again when it has grown by some rows.
  for (let i = 0; i < 40; i++) {
    await say(own, `late${i}`)
    await name(own, `name late ${i}`, 5_000 + i)
  }
  await say(own, 'last')
  await name(own, 'name last', 6_000)
  await own.folding.idle()
  expect((await own.head('messages', patient))!.generation).toBe(2)
  expect((await own.head('patients', patient))!.generation).toBe(2)
  await exchange(own, hub, 3)
  const early = Array.from({ length: mostClients + 1 }, (_, i) => `m${i}`)
  const late = Array.from({ length: 40 }, (_, i) => `late${i}`)
  const all = [...early, ...late, 'last', 'from the portal'].toSorted()
  for (const replica of [own, hub]) {
    expect(await said(replica)).toEqual(all)
    expect((await replica.record('patients', patient))!.fields).toEqual({ firstName: 'name last' })
    expect((await replica.head('messages', patient))!.generation).toBe(2)
  }
})

it('[LOG-9] a change that shares the commit in which its document is written anew goes into the new generation', async () => {
  const store = memoryStore()
  const id = ulid()
  let meanwhile: Promise<void> | undefined
  let own: OpenReplica | undefined
  let changing = true
  /** While the document is written anew, and only then, it is read without a change under way: that is when one comes. */
  const watched: Store = {
    ...store,
    async updatesOf(collection, key) {
      if (!changing && own) meanwhile ??= name(own, 'meanwhile', 9_000)
      return store.updatesOf(collection, key)
    },
  }
  for (let start = 0; start <= mostClients; start++) {
    const replica = await openReplica({ store, practice, id, clock, site })
    await name(replica, `name ${start}`, 1_000 + start)
    await replica.close()
  }
  own = await openReplica({ store: watched, practice, id, clock, site })
  closers.push(() => own.close())
  const many = Array.from({ length: 40 }, (_, i) => name(own!, `late ${i}`, 5_000 + i))
  await Promise.all(many)
  changing = false
  await own.folding.idle()
  await meanwhile!
  expect((await own.head('patients', patient))!.generation).toBe(2)
  expect((await own.record('patients', patient))!.fields).toEqual({ firstName: 'meanwhile' })
  const hub = await memoryReplica()
  changing = true
  await exchange(own, hub)
  await name(own, 'after', 10_000)
  await exchange(own, hub)
  expect((await hub.record('patients', patient))!.fields).toEqual({ firstName: 'after' })
})

const version = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.nat(6))
  .map(([generation, erased]) => ({ generation, erased: Math.min(erased, generation) }))

it('[R8] versions of a document are in one order, an erasure comes after all that it was made of, and nothing is carried over it', () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0)
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) expect(compareVersions(a, c)).toBeLessThanOrEqual(0)
      expect(compareVersions(erasureOf(a), a)).toBeGreaterThan(0)
      expect(carriesOver(a, erasureOf(a))).toBe(false)
      if (carriesOver(a, b)) expect(compareVersions(a, b)).toBeLessThan(0)
    }),
  )
})

it('[R8] replicas that erase, write and meet in any order end equal, and nothing that was erased comes back', async () => {
  const action = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('say' as const), who: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('erase' as const), who: fc.nat(2) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('meet' as const), who: fc.integer({ min: 1, max: 2 }) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
      const replicas = [await memoryReplica(), await memoryReplica(), await memoryReplica()]
      let count = 0
      const gone = new Set<string>()
      for (const { do: what, who } of actions) {
        if (what === 'say') await say(replicas[who]!, `e${count++}`)
        else if (what === 'meet') await exchange(replicas[who]!, replicas[0]!)
        else {
          for (const id of await said(replicas[who]!)) gone.add(id)
          await erase(replicas[who]!)
        }
      }
      for (let i = 0; i < 3; i++) for (const one of [1, 2]) await exchange(replicas[one]!, replicas[0]!)
      const ends = await Promise.all(replicas.map(said))
      expect(ends[1]).toEqual(ends[0])
      expect(ends[2]).toEqual(ends[0])
      expect(ends[0]!.filter((id) => gone.has(id))).toEqual([])
    }),
    { numRuns: 60 },
  )
}, 60_000)
