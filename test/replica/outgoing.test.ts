/** What of a log goes to a peer: what did not come from it, each fold by its sources, and nothing that does not pass. */
import { expect, it } from 'vitest'
import { collections, type Passes } from '../../src/replica/collections.ts'
import { emptyUpdate } from '../../src/replica/document.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { outgoing, type Outgoing } from '../../src/replica/outgoing.ts'
import { strangerOf, type NewRow, type PeerKnowledge, type Store } from '../../src/replica/store.ts'
import { bytes, identity, rowOf } from './store-values.ts'

const from = (peer: string): Partial<NewRow> => ({ origin: { peer, epoch: 1, seq: 1 } })
const all: Passes = () => true

async function storeWith(...rows: readonly NewRow[]): Promise<Store> {
  const store = memoryStore()
  await store.open(identity)
  for (const peer of ['p', 'q']) await store.meet(strangerOf(peer, collections.length))
  await store.append(rows, [])
  return store
}

/** What goes to peer `p`, as its updates and the range that it covers. */
async function toPeer(
  store: Store,
  over: { amnesty?: number; from?: number; complete?: number; maxBytes?: number; passes?: Passes } = {},
): Promise<{ updates: string[]; to: number; tail: boolean; all: Outgoing }> {
  const { amnesty = 0, from: position = 0, complete = 0, maxBytes = 1e6, passes = all } = over
  const peer: PeerKnowledge = { ...strangerOf('p', collections.length), amnesty: collections.map(() => amnesty) }
  const found = await outgoing(store, peer, 'messages', { from: position, complete, maxBytes }, passes)
  const updates = found.rows.map((row) => Buffer.from(row.update).toString())
  return { updates, to: found.to, tail: found.tail, all: found }
}

it('[R7] a row that came from a peer is not sent back to it; what came from another is', async () => {
  const store = await storeWith(rowOf('a', 'own'), rowOf('a', 'of p', from('p')), rowOf('b', 'of q', from('q')))
  expect(await toPeer(store)).toMatchObject({ updates: ['own', 'of q'], to: 3, tail: true })
})

it('[R7] a peer that was restored gets back what came from it, up to its amnesty', async () => {
  const store = await storeWith(rowOf('a', '1', from('p')), rowOf('a', '2', from('p')), rowOf('a', '3', from('p')))
  expect((await toPeer(store, { amnesty: 2 })).updates).toEqual(['1', '2'])
})

it('[R2] what is left out is covered all the same: the range moves on, and the tail is told', async () => {
  const store = await storeWith(...['1', '2', '3'].map((text) => rowOf('a', text, from('p'))))
  expect(await toPeer(store)).toMatchObject({ updates: [], to: 3, tail: true })
  expect(await toPeer(store, { maxBytes: 1 })).toMatchObject({ updates: [], to: 1, tail: false })
  expect(await toPeer(store, { from: 3 })).toMatchObject({ updates: [], to: 3, tail: true })
  expect(await toPeer(await storeWith(rowOf('a', 'x')), { passes: () => false })).toMatchObject({ updates: [], to: 1, tail: true }) // prettier-ignore
})

it('[R4] rows that go with the facts of a later row of their document name it; one that does not go counts for nothing', async () => {
  const hidden = (one: NewRow): NewRow => ({ ...one, facts: { ...one.facts, shown: false, patient: 'hidden' } })
  const store = await storeWith(rowOf('a', '1'), hidden(rowOf('b', '2')), rowOf('a', '3', from('p')), hidden(rowOf('b', '4'))) // prettier-ignore
  const passes: Passes = (_, facts) => facts.patient !== 'hidden'
  expect((await toPeer(store, { maxBytes: 1, passes })).all).toMatchObject({ rows: [{ seq: 1 }], to: 1, newest: 3 })
  expect((await toPeer(store, { passes })).all.newest).toBeUndefined()
})

it.each([
  ['has news of another source', { complete: 1 }, true],
  ['has none of another source beyond what the peer had completely', { complete: 2 }, false],
  ['has the peer’s own rows, which it lost', { complete: 2, amnesty: 3 }, true],
  ['has the peer’s own rows, and the peer had all up to its amnesty', { complete: 3, amnesty: 3 }, false],
])('[R7] a fold goes by its sources: one that %s', async (_, over, sent) => {
  // Sources: this replica at 2, the peer itself at 3.
  const store = await storeWith(rowOf('a', '1', from('p')), rowOf('a', '2'), rowOf('a', '3', from('p')))
  await store.fold(6, 'a', [1, 2, 3], bytes('123'))
  expect(await toPeer(store, over)).toMatchObject({ updates: sent ? ['123'] : [], to: 3, tail: true })
})

it('[R7] a fold is judged by what the peer had completely, not by how far it has read', async () => {
  // The peer read up to 2; then rows 1 and 3 were folded, at 3. Row 1 had not reached it where it was left out before.
  const store = await storeWith(rowOf('a', '1'), rowOf('b', '2', from('p')), rowOf('a', '3', from('p')))
  await store.fold(6, 'a', [1, 3], bytes('13'))
  expect((await toPeer(store, { from: 2, complete: 0 })).updates).toEqual(['13'])
})

it('[R8] an erasure passes where its document does not, and brings none of what was written since', async () => {
  const store = await storeWith(
    rowOf('never erased', 'content'),
    rowOf('erased', '', { generation: 2, erased: 2 }),
    rowOf('erased, then written', 'later content', { generation: 4, erased: 3 }),
  )
  const goes = async (passes: Passes): Promise<unknown> =>
    (await toPeer(store, { passes })).all.rows.map(({ key, generation, erased, update }) => ({ key, generation, erased, update })) // prettier-ignore
  expect(await goes((_, __, erasure) => erasure === true)).toEqual([
    { key: 'erased', generation: 2, erased: 2, update: emptyUpdate },
    { key: 'erased, then written', generation: 3, erased: 3, update: emptyUpdate },
  ])
  // Where the document could never have been, its erasure has no place either.
  expect(await goes(() => false)).toEqual([])
})
