/** What a replica does with its starts, with batches of its peers, and with a document that begins to pass. */
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { largestUpdate, refusals, type Batch, type WireRow } from '../../src/replica/admission.ts'
import { collectionNumber, collections, type Collection } from '../../src/replica/collections.ts'
import { emptyUpdate, mergeUpdates, writeEntries, writeRecord } from '../../src/replica/document.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { foldReview } from '../../src/replica/kinds/reviews.ts'
import { openRefusalReviews } from '../../src/replica/refused.ts'
import { openReplica, type OpenReplica, type ReplicaOptions } from '../../src/replica/replica.ts'
import type { Epoch, Store } from '../../src/replica/store.ts'
import { clock, factsOf, fileReplica, folder, ulid } from './world.ts'

const all = (): boolean => true

async function replicaOver(store: Store, over: Partial<ReplicaOptions> = {}): Promise<OpenReplica> {
  const replica = await openReplica({ store, practice: ulid(), id: ulid(), clock, ...over })
  onTestFinished(() => replica.close())
  return replica
}

const peer = { replica: 'PEER', epochs: [{ id: 77, first: 1 }], head: 100, incarnations: [] }
const facts = { patient: 'p', site: 's', shown: true, reachable: true, startsAt: null, at: 5 }
const rowAt = (seq: number, over: Partial<WireRow>): WireRow => ({ seq, key: 'a', generation: 1, erased: 0, facts, update: emptyUpdate, receipt: false, ...over }) // prettier-ignore
const batchOf = (collection: Collection, rows: readonly WireRow[], over: Partial<Batch> = {}): Batch => ({ collection, from: 0, to: rows.at(-1)?.seq ?? 0, tail: true, epoch: 77, rows, ...over }) // prettier-ignore

/** Updates of one writer, each after the one before. */
function updatesOf(client: number, ...sets: readonly Record<string, string>[]): Uint8Array[] {
  const done: Uint8Array[] = []
  for (const set of sets) done.push(writeRecord(done, { client, replica: `R${client}` }, set, done.length + 1)!.update)
  return done
}
/** A batch that begins where the replica stands, as a peer would send it. */
const nextOf = (replica: OpenReplica, collection: Collection, rows: readonly WireRow[]): Batch => {
  const from = replica.replication.peer('PEER')!.cursors[collectionNumber(collection)]!.position
  return batchOf(collection, rows.map((row) => ({ ...row, seq: from + row.seq })), { from }) // prettier-ignore
}
const cursorOf = (replica: OpenReplica, collection: Collection) => replica.replication.peer('PEER')!.cursors[collectionNumber(collection)]! // prettier-ignore

it('[R1] each start of a replica begins an epoch at its next row, and one under which nothing was written is replaced', async () => {
  const [file, practice, id] = [join(folder(), 'a.sqlite'), ulid(), ulid()]
  const starts: (readonly Epoch[])[] = []
  for (const write of [true, false, true]) {
    const replica = await fileReplica(file, practice, id)
    starts.push(replica.replication.declared().epochs)
    if (write) await replica.change([{ collection: 'patients', key: 'a', set: { phone: `${starts.length}` }, at: 1 }])
    await replica.close()
  }
  expect(starts.map((epochs) => epochs.map((epoch) => epoch.first))).toEqual([[1], [1, 2], [1, 2]])
  expect(starts[2]![0]).toEqual(starts[0]![0])
  expect(new Set(starts.flat().map((epoch) => epoch.id)).size).toBe(3)
})

it('[LINK-4] [R4] rows of a batch, the cursor, complete and seen are one commit, and survive a new start', async () => {
  const [file, practice, id] = [join(folder(), 'a.sqlite'), ulid(), ulid()]
  const replica = await fileReplica(file, practice, id)
  await replica.replication.meet(peer)
  const [one, two] = updatesOf(1, { phone: '1' }, { phone: '2' }) as [Uint8Array, Uint8Array]
  await replica.replication.receive('PEER', batchOf('patients', [rowAt(30, { update: one })], { to: 40 }), all)
  const more = batchOf('patients', [rowAt(50, { update: two })], { from: 40, to: 60, tail: false })
  await replica.replication.receive('PEER', more, all)
  // Further back in another collection: what was seen stays the highest.
  await replica.replication.receive('PEER', batchOf('events', [], { to: 7 }), all)
  await replica.close()
  const again = await fileReplica(file, practice, id)
  onTestFinished(() => again.close())
  expect(cursorOf(again, 'patients')).toEqual({ epoch: 77, position: 60, complete: 40, erasedAt: 0 })
  expect(cursorOf(again, 'events')).toEqual({ epoch: 77, position: 7, complete: 7, erasedAt: 0 })
  expect(again.replication.peer('PEER')!.seen).toBe(60)
  expect((await again.record('patients', 'a'))?.fields).toEqual({ phone: '2' })
})

it('[R6] what a connection said that is over by its turn is not taken in: its next one may have said more', async () => {
  const replica = await replicaOver(memoryStore())
  const epochs = [{ id: 1, first: 1 }]
  await replica.replication.meet({ ...peer, epochs: [...epochs, { id: 2, first: 9 }] })
  await expect(replica.replication.meet({ ...peer, epochs }, undefined, () => true)).rejects.toThrow('has ended')
  expect(replica.replication.peer(peer.replica)!.chain).toHaveLength(2)
})

it('[LINK-4] [R4] a batch whose commit fails leaves nothing, and can be taken again', async () => {
  const store = memoryStore()
  let failing = false
  const replica = await replicaOver({
    ...store,
    append: (...given) => (failing ? Promise.reject(new Error('disk full')) : store.append(...given)),
  })
  await replica.replication.meet(peer)
  const [update] = updatesOf(1, { phone: '1' })
  const batch = batchOf('patients', [rowAt(30, { update: update! })])
  failing = true
  await expect(replica.replication.receive('PEER', batch, all)).rejects.toThrow('disk full')
  expect(cursorOf(replica, 'patients').position).toBe(0)
  expect(replica.replication.peer('PEER')!.seen).toBe(0)
  expect(await replica.record('patients', 'a')).toBeUndefined()
  failing = false
  expect(await replica.replication.receive('PEER', batch, all)).toEqual({ refused: [], logged: 1, dropped: 0 })
  expect(cursorOf(replica, 'patients').position).toBe(30)
  expect((await replica.record('patients', 'a'))?.fields).toEqual({ phone: '1' })
})

it('[R6] an ack that comes while it is taken in from where a peer reads on is newer than that, and stands', async () => {
  const replica = await replicaOver(memoryStore())
  await replica.replication.meet(peer)
  for (const key of ['a', 'b'])
    await replica.change([{ collection: 'patients', key, facts, set: { name: key }, at: 1 }])
  await replica.replication.acknowledged('PEER', 'patients', 1)
  const from = collections.map(() => 0)
  const stands = replica.replication.stands('PEER', from)
  await Promise.all([stands, replica.replication.acknowledged('PEER', 'patients', 2)])
  expect(replica.replication.peer('PEER')!.acknowledged[collectionNumber('patients')]).toBe(2)
  expect(await replica.replication.behind('PEER')).toBe(0)
})

it('[R5] a row that adds nothing is not logged; one that brings a struct, a deletion or newer facts is', async () => {
  const replica = await replicaOver(memoryStore())
  await replica.replication.meet(peer)
  const [one, two] = updatesOf(1, { phone: '1' }, { phone: '2' }) as [Uint8Array, Uint8Array]
  const logged = async (row: Partial<WireRow>): Promise<number> =>
    (await replica.replication.receive('PEER', nextOf(replica, 'patients', [rowAt(9, row)]), all)).logged
  expect(await logged({ update: one })).toBe(1)
  expect(await logged({ update: one })).toBe(0)
  expect(await logged({ update: two })).toBe(1)
  expect(await logged({ update: two })).toBe(0)
  expect(await logged({ update: one })).toBe(0)
  expect(await logged({ facts: { ...facts, at: 4, shown: false } })).toBe(0)
  expect(await logged({ facts: { ...facts, at: 6, shown: false } })).toBe(1)
  expect((await replica.head('patients', 'a'))?.facts.shown).toBe(false)
})

it('[R8] a row of a lower generation is dropped, an erasure empties the document, and content after it stays', async () => {
  const replica = await replicaOver(memoryStore())
  await replica.replication.meet(peer)
  const [one] = updatesOf(1, { phone: '1' }) as [Uint8Array]
  const [other] = updatesOf(2, { email: '2' }) as [Uint8Array]
  const take = async (row: Partial<WireRow>): Promise<unknown> => {
    const { logged } = await replica.replication.receive('PEER', nextOf(replica, 'patients', [rowAt(9, row)]), all)
    return { logged, fields: (await replica.record('patients', 'a'))?.fields }
  }
  expect(await take({ update: one })).toEqual({ logged: 1, fields: { phone: '1' } })
  // An erasure: the next generation without content.
  expect(await take({ generation: 2, erased: 2 })).toEqual({ logged: 1, fields: undefined })
  expect(await take({ update: one })).toEqual({ logged: 0, fields: undefined })
  expect(await take({ generation: 2, erased: 2 })).toEqual({ logged: 0, fields: undefined })
  expect(await take({ generation: 3, erased: 2, update: other })).toEqual({ logged: 1, fields: { email: '2' } })
  // A copy that never heard of it and counted on: the erasure decides, not the number.
  expect(await take({ generation: 9, update: one })).toEqual({ logged: 0, fields: { email: '2' } })
  expect(await replica.head('patients', 'a')).toMatchObject({ generation: 3, erased: 2 })
})

it('[R8] a later generation that is no erasure takes over by value what it lacks', async () => {
  const replica = await replicaOver(memoryStore())
  await replica.replication.meet(peer)
  const [one] = updatesOf(1, { phone: '1', name: 'x' }) as [Uint8Array]
  const whole = mergeUpdates(updatesOf(2, { email: '2' }, { phone: '2' }))
  await replica.replication.receive('PEER', batchOf('patients', [rowAt(9, { update: one })]), all)
  const next = rowAt(10, { generation: 2, update: whole })
  // The row itself, and one of this replica's own with what is carried over.
  expect(await replica.replication.receive('PEER', nextOf(replica, 'patients', [next]), all)).toMatchObject({
    logged: 2,
  })
  expect((await replica.record('patients', 'a'))?.fields).toEqual({ email: '2', name: 'x', phone: '2' })
  expect(await replica.head('patients', 'a')).toMatchObject({ generation: 2, erased: 0 })
})

it('[R10] a document that begins to pass is logged anew: whole, as one fold at a fresh seq, itself the only source', async () => {
  const store = memoryStore()
  const replica = await replicaOver(store, { passes: (_, { reachable }) => reachable })
  await replica.replication.meet(peer)
  const [update] = updatesOf(1, { phone: '1' })
  await replica.replication.receive('PEER', batchOf('patients', [rowAt(9, { update: update!, facts: { ...facts, reachable: false } })]), all) // prettier-ignore
  const change = (set: Record<string, string>, reachable: boolean): Promise<void> =>
    replica.change([{ collection: 'patients', key: 'a', set, at: 10, facts: { ...factsOf('p', 's'), reachable } }])
  await change({ email: '2' }, false)
  const rows = async () => (await store.rowsAfter(collectionNumber('patients'), 0, 1e6)).rows
  expect((await rows()).map((row) => row.seq)).toEqual([1, 2])
  await change({ name: '3' }, true)
  const [row, ...rest] = await rows()
  expect(rest).toEqual([])
  expect(row).toMatchObject({ seq: 3, folded: true, sources: new Map([['', 3]]) })
  // To a peer that has nothing of it this one row is the document; also to the one from which part of it came.
  const sent = await replica.replication.outgoing('PEER', 'patients', { from: 2, complete: 2, maxBytes: 1e6 }, all)
  expect(sent.rows.map((one) => one.seq)).toEqual([3])
  const other = await replicaOver(memoryStore())
  await other.replication.meet(peer)
  expect(await other.replication.receive('PEER', batchOf('patients', sent.rows), all)).toMatchObject({ logged: 1 })
  expect((await other.record('patients', 'a'))?.fields).toEqual({ phone: '1', email: '2', name: '3' })
  // From then on it is changed row by row.
  await change({ name: '4' }, true)
  expect((await rows()).map((one) => one.seq)).toEqual([3, 4])
})

it('[LINK-9] rows are refused one by one, each with its reason, and the rest of their batch stays', async () => {
  const replica = await replicaOver(memoryStore())
  await replica.replication.meet(peer)
  const [one, two] = updatesOf(1, { phone: '1' }, { phone: '2' }) as [Uint8Array, Uint8Array]
  const entry = (id: string): Uint8Array => writeEntries([], { client: 9, replica: 'R9' }, { [id]: { kind: 'of later' } })!.update // prettier-ignore
  const records = await replica.replication.receive(
    'PEER',
    batchOf('patients', [
      rowAt(1, { update: Uint8Array.of(1, 2, 3) }),
      rowAt(2, { key: 'behind', update: Uint8Array.of(1, 2, 3) }),
      rowAt(3, { key: 'behind', update: one }),
      rowAt(4, { key: 'fits', update: one }),
      rowAt(5, { key: 'x'.repeat(201), update: one }),
      rowAt(6, { key: 'large', update: new Uint8Array(largestUpdate + 1) }),
      rowAt(7, { key: 'fits', update: two }),
    ]),
    all,
  )
  expect(records.refused).toEqual([
    { seq: 1, reason: 'malformed' },
    { seq: 2, reason: 'malformed' },
    { seq: 3, reason: 'waits for a refused row' },
    { seq: 5, reason: 'too large' },
    { seq: 6, reason: 'too large' },
  ])
  expect(records.logged).toBe(2)
  expect((await replica.record('patients', 'fits'))?.fields).toEqual({ phone: '2' })
  expect(cursorOf(replica, 'patients').position).toBe(7)
  const entries = await replica.replication.receive(
    'PEER',
    batchOf('messages', [rowAt(8, { key: 'm', update: two }), rowAt(9, { key: 'n', update: entry('e') })]),
    all,
  )
  expect(entries).toEqual({ refused: [{ seq: 8, reason: 'deletes entries' }], logged: 1, dropped: 0 })
  // Every reason that there is has been given; what has a gap waits, where there is room for it (LINK-12).
  const given = new Set([...records.refused, ...entries.refused].map((one) => one.reason))
  expect(given).toEqual(new Set(refusals.filter((reason) => reason !== 'gap')))
})

it('rows that do not pass here are dropped and counted; the rest of their batch stays', async () => {
  const replica = await replicaOver(memoryStore())
  await replica.replication.meet(peer)
  const [update] = updatesOf(1, { phone: '1' }) as [Uint8Array]
  const rows = [rowAt(1, { update, facts: { ...facts, reachable: false } }), rowAt(2, { key: 'b', update })]
  const received = await replica.replication.receive('PEER', batchOf('patients', rows), (_, { reachable }) => reachable)
  expect(received).toEqual({ refused: [], logged: 1, dropped: 1 })
  expect(await replica.count('patients')).toBe(1)
})

it('[LINK-9] each row that the peer refused becomes one review item here, however often it says so', async () => {
  const replica = await replicaOver(memoryStore())
  const refused = [{ seq: 8, reason: 'gap' as const }, { seq: 9, reason: 'too large' as const }] // prettier-ignore
  const ack = { kind: 'ack' as const, collection: 'messages' as const, to: 9, refused }
  for (const now of [1, 2]) await openRefusalReviews(replica, 'PEER', ack, now)
  const reviews = await Promise.all((await replica.list('reviews')).map(({ key }) => replica.entries('reviews', key)))
  const found = reviews.map((entries) => foldReview(entries)!)
  expect(found.map((review) => review.why).toSorted()).toEqual([
    'The other side refused change 8 of messages: gap.',
    'The other side refused change 9 of messages: too large.',
  ])
  expect(found.map((review) => review.openedAt)).toEqual([1, 1])
})
