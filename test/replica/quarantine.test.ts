/** What waits: rows of a peer that build on what is not here are kept aside, tried again, and told of by one review item. */
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import type { Batch, WireRow } from '../../src/replica/admission.ts'
import { collectionNumber, type Collection } from '../../src/replica/collections.ts'
import { emptyUpdate, mergeUpdates, writeEntries, writeRecord } from '../../src/replica/document.ts'
import { foldReview, type Review } from '../../src/replica/kinds/reviews.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { mostAside, QuarantineFull, type Waiting } from '../../src/replica/quarantine.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import type { Received } from '../../src/replica/replication-face.ts'
import type { Store } from '../../src/replica/store.ts'
import { clock, fileReplica, folder, ulid } from './world.ts'

const all = (): boolean => true
const facts = { patient: 'p', site: 'S', shown: true, reachable: true, startsAt: null, at: 5 }
const peerOf = (replica: string, epoch = 77) => ({ replica, epochs: [{ id: epoch, first: 1 }], head: 1e6, incarnations: [] }) // prettier-ignore

async function replicaOver(store: Store = memoryStore()): Promise<OpenReplica> {
  const replica = await openReplica({ store, practice: ulid(), id: ulid(), clock })
  onTestFinished(() => replica.close())
  for (const name of ['PEER', 'OTHER']) await replica.replication.meet(peerOf(name))
  return replica
}

/** Updates of one process, each of which builds on the one before. */
function updatesOf(client: number, ...sets: readonly Record<string, string>[]): Uint8Array[] {
  const done: Uint8Array[] = []
  for (const set of sets) done.push(writeRecord(done, { client, replica: `R${client}` }, set, done.length + 1)!.update)
  return done
}

/** Two consents of one process: the second builds on the first. */
function consents(note = ''): [Uint8Array, Uint8Array] {
  const writer = { client: 5, replica: 'R5' }
  const yes = writeEntries([], writer, { yes: { kind: 'opted in' } })!.update
  return [yes, writeEntries([yes], writer, { out: { kind: 'opted out', note } })!.update]
}

const row = (seq: number, update: Uint8Array, over: Partial<WireRow> = {}): WireRow => ({ seq, key: 'a', generation: 1, erased: 0, facts, update, receipt: false, ...over }) // prettier-ignore

/** Hands over rows of a peer as the next batch of a collection. */
function take(
  replica: OpenReplica,
  rows: readonly WireRow[],
  { peer = 'PEER', collection = 'patients' as Collection, to = rows.at(-1)!.seq } = {},
): Promise<Received> {
  const from = replica.replication.peer(peer)!.cursors[collectionNumber(collection)]!.position
  const batch: Batch = { collection, from, to, tail: true, epoch: 77, rows }
  return replica.replication.receive(peer, batch, all)
}

async function reviewsOf(replica: OpenReplica): Promise<(Review & { key: string })[]> {
  const heads = await replica.list('reviews')
  return Promise.all(heads.map(async ({ key }) => ({ key, ...foldReview(await replica.entries('reviews', key))! })))
}
const waits = async (replica: OpenReplica) => (await replica.waiting()).map(({ peer, changes }) => [peer, changes])
const fieldsOf = async (replica: OpenReplica, key = 'a') => (await replica.record('patients', key))?.fields

it('[LINK-12] a row that builds on what is not here is kept aside with its cursor, and survives a new start', async () => {
  const [file, practice, id] = [join(folder(), 'a.sqlite'), ulid(), ulid()]
  const replica = await fileReplica(file, practice, id)
  await replica.replication.meet(peerOf('PEER'))
  const [one, two] = updatesOf(1, { phone: '1' }, { phone: '2' }) as [Uint8Array, Uint8Array]
  expect(await take(replica, [row(2, two)])).toEqual({ refused: [], logged: 0, dropped: 0 })
  expect(await fieldsOf(replica)).toBeUndefined()
  await replica.close()
  const again = await fileReplica(file, practice, id)
  onTestFinished(() => again.close())
  expect(await waits(again)).toEqual([['PEER', 1]])
  expect(again.replication.peer('PEER')!.cursors[collectionNumber('patients')]!.position).toBe(2)
  await take(again, [row(3, one)])
  expect(await fieldsOf(again)).toEqual({ phone: '2' })
  expect(await again.waiting()).toEqual([])
})

it('[LINK-12] one review item of the receiver says that changes of a peer wait, and resolves itself when none does', async () => {
  const replica = await replicaOver()
  const [one, two, three] = updatesOf(1, { phone: '1' }, { phone: '2' }, { phone: '3' }) as [Uint8Array, Uint8Array, Uint8Array] // prettier-ignore
  await take(replica, [row(1, two), row(2, three), row(3, two, { key: 'b' })])
  const [review, ...others] = await reviewsOf(replica)
  expect(others).toEqual([])
  expect(review).toMatchObject({ about: 'changes wait', resolved: null, patient: null })
  expect(await replica.waiting()).toMatchObject([{ peer: 'PEER', changes: 3, review: review!.key }])
  expect((await replica.head('reviews', review!.key))?.facts.site).toBe('S')
  await take(replica, [row(4, one)])
  expect(await waits(replica)).toEqual([['PEER', 1]])
  expect((await reviewsOf(replica)).map(({ resolved }) => resolved)).toEqual([null])
  await take(replica, [row(5, one, { key: 'b' })])
  expect(await waits(replica)).toEqual([])
  expect((await reviewsOf(replica)).map(({ resolved }) => resolved?.note)).toEqual(['Nothing of it waits any more.'])
  // What waits later is told of by another.
  await take(replica, [row(6, two, { key: 'c' })])
  expect((await reviewsOf(replica)).filter(({ resolved }) => resolved === null).length).toBe(1)
})

it('[LINK-12] rows that waited are logged in order, and are sent to every peer, also to the one that they came from', async () => {
  const replica = await replicaOver()
  const updates = updatesOf(1, { phone: '1' }, { phone: '2' }, { phone: '3' })
  await take(replica, [row(2, updates[1]!), row(3, updates[2]!)])
  await take(replica, [row(9, updates[0]!)], { peer: 'OTHER' })
  expect(await fieldsOf(replica)).toEqual({ phone: '3' })
  // That peer may have been put back to before these rows.
  for (const peer of ['PEER', 'OTHER']) {
    const sent = await replica.replication.outgoing(peer, 'patients', { from: 0, complete: 0, maxBytes: 1e6 }, all)
    const got = sent.rows.map(({ update }) => Buffer.from(update).toString('hex'))
    const expected = (peer === 'OTHER' ? updates.slice(1) : updates).map((one) => Buffer.from(one).toString('hex'))
    expect(got).toEqual(expected)
  }
})

it('[LINK-12] other documents, other peers, and what fits by itself do not wait', async () => {
  const replica = await replicaOver()
  const [one, two] = updatesOf(1, { phone: '1' }, { phone: '2' }) as [Uint8Array, Uint8Array]
  const [email] = updatesOf(2, { email: '1' }) as [Uint8Array]
  const received = await take(replica, [row(1, two), row(2, one, { key: 'b' }), row(3, email)])
  expect(received).toEqual({ refused: [], logged: 2, dropped: 0 })
  await take(replica, [row(1, one, { key: 'c' })], { peer: 'OTHER' })
  expect(await fieldsOf(replica)).toEqual({ email: '1' })
  expect(await fieldsOf(replica, 'b')).toEqual({ phone: '1' })
  expect(await fieldsOf(replica, 'c')).toEqual({ phone: '1' })
  expect(await waits(replica)).toEqual([['PEER', 1]])
})

it('[LINK-12] what was sent twice waits once', async () => {
  const replica = await replicaOver()
  const [, two] = updatesOf(1, { phone: '1' }, { phone: '2' }) as [Uint8Array, Uint8Array]
  await take(replica, [row(2, two)])
  // A new start of the peer, of which nothing was complete.
  await replica.replication.meet({ ...peerOf('PEER'), epochs: [{ id: 77, first: 1 }, { id: 78, first: 2 }] }) // prettier-ignore
  await replica.replication.receive('PEER', { collection: 'patients', from: 1, to: 2, tail: true, epoch: 78, rows: [row(2, two)] }, all) // prettier-ignore
  expect(await waits(replica)).toEqual([['PEER', 1]])
})

it('[LINK-12] [R8] what waits of a lower generation goes when a higher one or an erasure comes, here or from a peer', async () => {
  const replica = await replicaOver()
  const [one, two] = updatesOf(1, { phone: '1' }, { phone: '2' }) as [Uint8Array, Uint8Array]
  const [email] = updatesOf(2, { email: '1' }) as [Uint8Array]
  await take(replica, [row(1, two), row(2, two, { key: 'b' }), row(3, email, { key: 'c' }), row(4, two, { key: 'c' })])
  await take(replica, [row(5, emptyUpdate, { generation: 2, erased: 2 })])
  expect(await waits(replica)).toEqual([['PEER', 2]])
  await take(replica, [row(6, email, { key: 'b', generation: 2 })])
  expect(await waits(replica)).toEqual([['PEER', 1]])
  await replica.change([{ collection: 'patients', key: 'c', erase: true }])
  expect(await waits(replica)).toEqual([])
  await take(replica, [row(7, one), row(8, one, { key: 'b' }), row(9, one, { key: 'c' })])
  expect([await fieldsOf(replica), await fieldsOf(replica, 'b'), await fieldsOf(replica, 'c')]).toEqual([undefined, { email: '1' }, undefined]) // prettier-ignore
})

it('[LINK-12] who resolves the review gives up what waited until then, and what came later is told of by another', async () => {
  const store = memoryStore()
  const replica = await replicaOver(store)
  const [, two] = updatesOf(1, { phone: '1' }, { phone: '2' }) as [Uint8Array, Uint8Array]
  await take(replica, [row(1, two)])
  const resolve = (key: string, at: number): Promise<void> =>
    replica.change([{ collection: 'reviews', key, add: { x: { kind: 'resolved', at, by: { role: 'staff', id: 'u' }, note: 'lost' } } }]) // prettier-ignore
  const first = (await reviewsOf(replica))[0]!
  // From a machine that had not heard of anything yet: nothing that waits was there then.
  await resolve(first.key, first.openedAt - 1)
  expect(await waits(replica)).toEqual([['PEER', 1]])
  const second = (await reviewsOf(replica)).find(({ resolved }) => resolved === null)!
  expect(await replica.waiting()).toMatchObject([{ review: second.key }])
  await resolve(second.key, clock.now())
  expect(await waits(replica)).toEqual([])
  expect(await store.asideTotals()).toEqual([])
  const notes = (await reviewsOf(replica)).map(({ resolved }) => resolved?.note)
  expect(notes).toEqual(['lost', 'lost'])
})

it('[LINK-12] a replica that was put back to where rows wait keeps them, though it had found the review settled since', async () => {
  const store = memoryStore()
  const replica = await replicaOver(store)
  const [one, two] = updatesOf(1, { phone: '1' }, { phone: '2' }) as [Uint8Array, Uint8Array]
  await take(replica, [row(2, two), row(3, two, { key: 'b' })])
  const backup = store.copy()
  await take(replica, [row(4, one), row(5, one, { key: 'b' })])
  const [settled] = await reviewsOf(replica)
  const number = collectionNumber('reviews')
  const head = (await store.documents(number, [settled!.key])).get(settled!.key)!.head
  const told = row(7, mergeUpdates(await store.updatesOf(number, settled!.key)), { key: settled!.key, facts: head.facts }) // prettier-ignore
  const again = await openReplica({ store: backup, practice: replica.practice, id: replica.id, clock })
  onTestFinished(() => again.close())
  // A document that waits is healed in the same batch as it hears of the review.
  await take(again, [told], { collection: 'reviews' })
  expect(await waits(again)).toEqual([['PEER', 2]])
  await take(again, [row(4, one), row(5, one, { key: 'b' })])
  expect([await fieldsOf(again), await fieldsOf(again, 'b')]).toEqual([{ phone: '2' }, { phone: '2' }])
  expect((await reviewsOf(again)).map(({ resolved }) => resolved === null)).toEqual([false, false])
})

it('[LINK-12] a review that a replica opened before it was put back to where nothing waits resolves', async () => {
  const store = memoryStore()
  const replica = await replicaOver(store)
  const backup = store.copy()
  const [, two] = updatesOf(1, { phone: '1' }, { phone: '2' }) as [Uint8Array, Uint8Array]
  await take(replica, [row(2, two)])
  const [open] = await reviewsOf(replica)
  const update = mergeUpdates(await store.updatesOf(collectionNumber('reviews'), open!.key))
  const again = await openReplica({ store: backup, practice: replica.practice, id: replica.id, clock })
  onTestFinished(() => again.close())
  await take(again, [row(1, update, { key: open!.key })], { collection: 'reviews' })
  expect((await reviewsOf(again)).map(({ resolved }) => resolved?.note)).toEqual(['Nothing of it waits any more.'])
})

it('[LINK-12] a row that builds on or deletes what another wrote waits for it, so that a document can always be read', async () => {
  const replica = await replicaOver()
  const map = 'by:R1:1'
  const doc = new Y.Doc()
  doc.clientID = 1
  doc.getMap(map).set('phone', ['1', 1, 0])
  const first = Y.encodeStateAsUpdate(doc)
  const other = new Y.Doc()
  Y.applyUpdate(other, first)
  other.clientID = 2
  const before = Y.encodeStateVector(other)
  // Another client in the map of the first, as no program of ours writes.
  other.getMap(map).set('phone', ['2', 2, 1])
  const over = Y.encodeStateAsUpdate(other, before)
  const deleting = new Y.Doc()
  Y.applyUpdate(deleting, first)
  deleting.getMap(map).delete('phone')
  const gone = Y.encodeStateAsUpdate(deleting, Y.encodeStateVector(deleting))
  expect(await take(replica, [row(1, over), row(2, gone, { key: 'b' })])).toMatchObject({ logged: 0, refused: [] })
  expect(await waits(replica)).toEqual([['PEER', 2]])
  await take(replica, [row(3, first), row(4, first, { key: 'b' })])
  expect(await fieldsOf(replica)).toEqual({ phone: '2' })
  expect(await fieldsOf(replica, 'b')).toBeUndefined()
  expect(await waits(replica)).toEqual([])
})

it('[LINK-12] a whole document of a proof heals what waits', async () => {
  const replica = await replicaOver()
  const [one, two] = updatesOf(1, { phone: '1' }, { phone: '2' }) as [Uint8Array, Uint8Array]
  await take(replica, [row(2, two)])
  await replica.replication.heal('patients', [row(1, mergeUpdates([one, two]))], all)
  expect(await fieldsOf(replica)).toEqual({ phone: '2' })
  expect(await waits(replica)).toEqual([])
})

it('[LINK-12] of a peer at most 64 MiB wait; then nothing more of it is taken, consents pass, and others are undisturbed', async () => {
  const [file, practice, id] = [join(folder(), 'a.sqlite'), ulid(), ulid()]
  const replica = await fileReplica(file, practice, id)
  onTestFinished(() => replica.close())
  for (const name of ['PEER', 'OTHER']) await replica.replication.meet(peerOf(name))
  const noise = (length: number): string => Buffer.from(clock.bytes(length)).toString('base64')
  const [one, two] = updatesOf(1, { phone: '1' }, { phone: noise(2_500_000) }) as [Uint8Array, Uint8Array]
  let taken = 0
  const fill = async (): Promise<void> => {
    for (;;) {
      await take(replica, [row(taken + 1, two, { key: `k${taken}` })], { to: taken + 1 })
      taken++
    }
  }
  await expect(fill()).rejects.toThrow(QuarantineFull)
  const [{ bytes }] = (await replica.waiting()) as readonly [Waiting]
  expect(bytes).toBeLessThanOrEqual(mostAside)
  expect(bytes).toBeGreaterThan(mostAside - 4 * 1024 * 1024)
  const cursor = replica.replication.peer('PEER')!.cursors[collectionNumber('patients')]!
  expect(cursor.position).toBe(taken)
  // A consent that fits is taken, one that does not is refused; neither pauses the link.
  const [yes, out] = consents(noise(2_500_000))
  const consented = await take(replica, [row(1, yes), row(2, out, { key: 'b' })], { collection: 'consents' })
  expect(consented).toEqual({ refused: [{ seq: 2, reason: 'gap' }], logged: 1, dropped: 0 })
  // Another peer's changes are taken, and wait where they must.
  expect(await take(replica, [row(1, one), row(2, two, { key: 'b' })], { peer: 'OTHER' })).toMatchObject({ logged: 1 })
  expect(await waits(replica)).toEqual([
    ['PEER', taken],
    ['OTHER', 1],
  ])
  // Room comes when something of it is healed.
  await take(replica, [row(3, one, { key: 'k0' })], { peer: 'OTHER' })
  expect(await take(replica, [row(taken + 1, two, { key: `k${taken}` })])).toMatchObject({ refused: [] })
}, 60_000)

it('[LINK-12] a job whose commit fails leaves nothing aside', async () => {
  const store = memoryStore()
  let failing = false
  const replica = await replicaOver({
    ...store,
    append: (...given) => (failing ? Promise.reject(new Error('disk full')) : store.append(...given)),
  })
  const [, two] = updatesOf(1, { phone: '1' }, { phone: '2' }) as [Uint8Array, Uint8Array]
  failing = true
  await expect(take(replica, [row(1, two)])).rejects.toThrow('disk full')
  expect(await waits(replica)).toEqual([])
  failing = false
  await take(replica, [row(1, two)])
  expect(await waits(replica)).toEqual([['PEER', 1]])
  expect((await reviewsOf(replica)).length).toBe(1)
})
