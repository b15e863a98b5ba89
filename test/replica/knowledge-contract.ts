/**
 * What every store keeps beside its log, asked through the interface alone (`src/replica/store.ts`): followers and the
 * index, peers, epochs, whose folder it is. `store.test.ts` runs it on each store.
 */
import { describe, expect, it } from 'vitest'
import { collections } from '../../src/replica/collections.ts'
import type { IndexRow, Projection } from '../../src/replica/replica-face.ts'
import { StoreRefused, type PeerKnowledge, type Store } from '../../src/replica/store.ts'
import {
  asideOf,
  contentOf,
  identity,
  indexRowOf,
  nastyKeys,
  peerOf,
  plain,
  rowOf,
  started,
  type StorePlace,
} from './store-values.ts'

/** Runs the contract of what stands beside the log on the places that `make` makes. */
export function knowledgeContract(name: string, make: () => StorePlace): void {
  describe(`beside the log of the store ${name}`, () => {
    it('[LOG-5] a follower’s cursor moves with the index rows of its documents, which take the place of those before', async () => {
      const { store, again, starts } = await started(make)
      await store.append(['a', 'b'].map((key) => rowOf(key, 'x')), []) // prettier-ignore
      expect(await store.cursorOf('pages')).toBe(0)
      const becomes = (key: string, ...rows: IndexRow[]): Projection => ({ collection: 'messages', key, rows })
      await store.advance('pages', 1, [becomes('a', indexRowOf('v', '1'), indexRowOf('v', '2'), indexRowOf('w', '1'))])
      await store.advance('pages', 2, [becomes('b', indexRowOf('v', '3')), becomes('a', indexRowOf('v', '2', { body: [null, 'new'] }))]) // prettier-ignore
      await store.advance('texts', 9, [])
      for await (const now of starts()) {
        expect(await now.cursorOf('pages')).toBe(2)
        expect(await now.cursorOf('texts')).toBe(9)
        expect((await now.index({ view: 'v' })).map((row) => row.id)).toEqual(['2', '3'])
        expect(await now.index({ view: 'w' })).toEqual([])
        expect(await now.indexed('v', '2')).toEqual(indexRowOf('v', '2', { body: [null, 'new'] }))
        expect(await now.indexed('v', '1')).toBeUndefined()
      }
      const next = await again()
      await next.advance('pages', 3, [becomes('a')])
      expect((await next.index({ view: 'v' })).map((row) => row.id)).toEqual(['3'])
    })

    it('[LOG-5] where one projection cannot be stored, neither cursor nor any index row moves', async () => {
      const { store, starts } = await started(make)
      await store.append([rowOf('a', 'x')], [])
      await store.advance('pages', 1, [{ collection: 'messages', key: 'a', rows: [indexRowOf('v', '1')] }])
      const refused = store.advance('pages', 2, [
        { collection: 'messages', key: 'a', rows: [indexRowOf('v', '2')] },
        { collection: 'messages', key: 'never there', rows: [indexRowOf('v', '3')] },
      ])
      await expect(refused).rejects.toThrow('never there')
      for await (const now of starts()) {
        expect(await now.cursorOf('pages')).toBe(1)
        expect((await now.index({ view: 'v' })).map((row) => row.id)).toEqual(['1'])
      }
    })

    it('finds index rows by view, patient, state and time, in order of time and id', async () => {
      const { store } = await started(make)
      await store.append([rowOf('a', 'x')], [])
      const rows = [
        indexRowOf('v', 'd', { at: 10, patient: 'p' }),
        indexRowOf('v', 'b', { at: 20, patient: 'p', state: 'done' }),
        indexRowOf('v', 'c', { at: 20, patient: 'q' }),
        indexRowOf('v', 'a', { at: 30 }),
        indexRowOf('v%', 'e', { at: 20, patient: 'p' }),
      ]
      await store.advance('f', 1, [{ collection: 'messages', key: 'a', rows }])
      const ids = async (query: Omit<Parameters<Store['index']>[0], 'view'>): Promise<string> =>
        (await store.index({ view: 'v', ...query })).map((row) => row.id).join('')
      expect(await ids({})).toBe('dbca')
      expect(await ids({ descending: true })).toBe('acbd')
      expect(await ids({ limit: 2 })).toBe('db')
      expect(await ids({ descending: true, limit: 1 })).toBe('a')
      expect(await ids({ patient: 'p' })).toBe('db')
      expect(await ids({ patient: 'p', state: 'new' })).toBe('d')
      expect(await ids({ state: 'done' })).toBe('b')
      expect(await ids({ from: 20 })).toBe('bca')
      expect(await ids({ before: 20 })).toBe('d')
      expect(await ids({ from: 11, before: 30, descending: true })).toBe('cb')
      expect(await ids({ patient: 'nobody' })).toBe('')
      expect(await store.indexCount({ view: 'v' })).toBe(4)
      expect(await store.indexCount({ view: 'v', patient: 'p', state: 'new', before: 20 })).toBe(1)
      expect(await store.indexCount({ view: 'w' })).toBe(0)
    })

    it('[R4] [R6] what is known of a peer is replaced as a whole when met, and survives a new start', async () => {
      const { store, again } = await started(make)
      const peers = async (now: Store): Promise<PeerKnowledge[]> =>
        (await now.open(identity)).peers.toSorted((a, b) => (a.replica < b.replica ? -1 : 1))
      expect(await peers(store)).toEqual([])
      await store.meet(peerOf('p'))
      await store.meet(peerOf('q/"%', 1_000))
      await store.meet(peerOf('p', 500))
      expect(await peers(store)).toEqual([peerOf('p', 500), peerOf('q/"%', 1_000)])
      await store.acknowledge('p', 3, 12_345)
      await store.giveAmnesty('p', 5, 777)
      const cursor = { epoch: 1, position: 2, complete: 0, erasedAt: 0 }
      await store.append([], [{ peer: 'p', collection: 4, cursor, seen: 99_999 }])
      const was = peerOf('p', 500)
      const expected = {
        ...was,
        seen: 99_999,
        acknowledged: was.acknowledged.with(3, 12_345),
        amnesty: was.amnesty.with(5, 777),
        cursors: was.cursors.with(4, cursor),
      }
      expect(await peers(store)).toEqual([expected, peerOf('q/"%', 1_000)])
      expect(await peers(await again())).toEqual([expected, peerOf('q/"%', 1_000)])
    })

    it('a peer that was never met acknowledges nothing', async () => {
      const { store } = await started(make)
      await expect(store.acknowledge('never met', 1, 1)).rejects.toThrow('never met')
      expect((await store.open(identity)).peers).toEqual([])
    })

    it('[LINK-12] keeps rows aside by document in order of seq and place, and counts them by review', async () => {
      const { store, starts } = await started(make)
      await store.meet(peerOf('p'))
      await store.meet(peerOf('q'))
      const rows = [
        asideOf(4, { seq: 9 }),
        asideOf(5, { seq: 2, peer: 'q', review: 's', since: 7, size: 30, packed: new Uint8Array(70_000).fill(5) }),
        asideOf(6, { seq: 9, epoch: 2 ** 48 - 1, packed: new Uint8Array() }),
        ...nastyKeys.map((key, i) => asideOf(100 + i, { key, collection: 1, review: key, peer: 'q' })),
      ]
      await store.append([], [], [], { put: rows, drop: [], skip: [] })
      const [first, other, last] = rows as [(typeof rows)[0], (typeof rows)[0], (typeof rows)[0]]
      for await (const now of starts()) {
        expect(plain(await now.asideOf(6, 'a', { seq: 0, place: 0 }, 9))).toEqual(plain([other, first, last]))
        expect(plain(await now.asideOf(6, 'a', { seq: 9, place: 4 }, 9))).toEqual(plain([last]))
        expect(plain(await now.asideOf(6, 'a', { seq: 0, place: 0 }, 2))).toEqual(plain([other, first]))
        expect(await now.asideAfter(4, 2)).toEqual([{ place: 5, collection: 6, key: 'a' }, { place: 6, collection: 6, key: 'a' }]) // prettier-ignore
        const totals = new Map((await now.asideTotals()).map((total) => [total.review, total]))
        expect(totals.get('r')).toEqual({ review: 'r', peer: 'p', rows: 2, bytes: 20, since: 104, newest: 106, place: 6 }) // prettier-ignore
        expect(totals.size).toBe(2 + nastyKeys.length)
        for (const [i, key] of nastyKeys.entries())
          expect(plain(await now.asideOf(1, key, { seq: 0, place: 0 }, 9))).toEqual(plain([rows[3 + i]]))
      }
    })

    it('[LINK-12] what becomes of rows aside is one transaction with the rows and the cursor', async () => {
      const { store, starts } = await started(make)
      await store.meet(peerOf('p'))
      await store.append([rowOf('a', '1')], [], [], {
        put: [1, 2, 3, 4].map((place) => asideOf(place)),
        drop: [],
        skip: [],
      })
      const refused = [
        store.append([rowOf('a', 'lost', { origin: { peer: 'nobody', epoch: 1, seq: 1 } })], [], [], { put: [], drop: [1], skip: [] }), // prettier-ignore
        store.append([rowOf('a', 'lost')], [], [], { put: [asideOf(9, { peer: 'nobody' })], drop: [1], skip: [] }),
      ]
      for (const one of refused) await expect(one).rejects.toThrow('never met')
      const places = async (now: Store): Promise<number[]> => (await now.asideAfter(0, 9)).map(({ place }) => place)
      for await (const now of starts()) {
        expect(await places(now)).toEqual([1, 2, 3, 4])
        expect((await now.updatesOf(6, 'a')).length).toBe(1)
      }
    })

    it('[LINK-12] drops rows aside by place, or those of a review until a time, and has another review tell of the rest', async () => {
      const { store, starts } = await started(make)
      await store.meet(peerOf('p'))
      await store.append([], [], [], { put: [1, 2, 3, 4].map((place) => asideOf(place)), drop: [], skip: [] })
      await store.append([], [], [], { put: [asideOf(5, { review: 'other', since: 1 })], drop: [1], skip: [{ review: 'r', until: 103, next: 'n' }] }) // prettier-ignore
      for await (const now of starts()) {
        const left = (await now.asideTotals()).map(({ review, rows, place }) => [review, rows, place])
        expect(left).toEqual([
          ['n', 1, 4],
          ['other', 1, 5],
        ])
      }
    })

    it('[R1] an epoch begins at the next seq; one under which nothing was written is replaced', async () => {
      const { store, again } = await started(make)
      expect(await store.startEpoch(2 ** 48 - 1)).toEqual([{ id: 2 ** 48 - 1, first: 1 }])
      expect(await store.startEpoch(11)).toEqual([{ id: 11, first: 1 }])
      await store.append([rowOf('a', '1')], [])
      const next = await again()
      expect((await next.open(identity)).epochs).toEqual([{ id: 11, first: 1 }])
      expect(await next.startEpoch(12)).toEqual([{ id: 11, first: 1 }, { id: 12, first: 2 }]) // prettier-ignore
      expect(await next.startEpoch(13)).toEqual([{ id: 11, first: 1 }, { id: 13, first: 2 }]) // prettier-ignore
      expect((await (await again()).open(identity)).epochs).toEqual([{ id: 11, first: 1 }, { id: 13, first: 2 }]) // prettier-ignore
    })

    it('[R1] keeps the newest 64 epochs', async () => {
      const { store, again } = await started(make)
      for (let i = 1; i <= 70; i++) {
        await store.startEpoch(1_000 + i)
        await store.append([rowOf('a', 'x')], [])
      }
      const expected = Array.from({ length: 64 }, (_, i) => ({ id: 1_007 + i, first: 7 + i }))
      expect((await store.open(identity)).epochs).toEqual(expected)
      expect((await (await again()).open(identity)).epochs).toEqual(expected)
    })

    it('[R11] has an incarnation for each collection', async () => {
      const { store, again } = await started(make)
      const { incarnations } = await store.open(identity)
      expect(incarnations.length).toBe(collections.length)
      expect((await (await again()).open(identity)).incarnations).toEqual(incarnations)
    })

    it('[R11] a collection that begins anew is read from the start of every peer, in the transaction that emptied it', async () => {
      const { store, starts } = await started(make)
      for (const peer of ['p', 'q']) await store.meet(peerOf(peer, 100))
      await store.append([rowOf('a', '1')], [])
      const before = await contentOf(store, ['a'])
      const renewals = [{ collection: 6, incarnation: 'next' }]
      const stranger = { peer: 'never met', epoch: 1, seq: 1 }
      await expect(store.append([rowOf('a', '', { mode: 'withdraw' }), rowOf('b', '', { origin: stranger })], [], renewals)).rejects.toThrow('never met') // prettier-ignore
      expect(await contentOf(store, ['a'])).toEqual(before)
      const cursor = { epoch: 1, position: 2, complete: 0, erasedAt: 0 }
      await store.append([rowOf('a', '', { mode: 'withdraw' })], [{ peer: 'p', collection: 6, cursor, seen: 999 }], renewals) // prettier-ignore
      for await (const now of starts()) {
        const { incarnations, peers } = await now.open(identity)
        expect(incarnations).toEqual(collections.map((_, number) => (number === 6 ? 'next' : '')))
        for (const peer of peers) {
          const was = peerOf(peer.replica, 100)
          const start = { epoch: 0, position: 0, complete: 0, erasedAt: 0 }
          expect(peer).toEqual({
            ...was,
            seen: peer.replica === 'p' ? 999 : was.seen,
            cursors: was.cursors.with(6, start),
          })
        }
      }
    })

    it('[LOG-6] belongs to one replica of one practice: another is refused and changes nothing', async () => {
      const { store, again, starts } = await started(make)
      await store.append([rowOf('a', '1')], [])
      const before = await contentOf(store, ['a'])
      for await (const now of starts())
        for (const other of [
          { ...identity, replica: 'replica 2' },
          { ...identity, practice: 'practice 2' },
        ])
          await expect(now.open(other)).rejects.toThrow(StoreRefused)
      expect(await contentOf(await again(), ['a'])).toEqual(before)
    })
  })
}
