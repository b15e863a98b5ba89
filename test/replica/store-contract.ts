/**
 * What every store keeps of its log, asked through the interface alone (`src/replica/store.ts`): rows, folds, documents.
 * `store.test.ts` runs it, with `knowledge-contract.ts`, on each store; a store to come has to pass both.
 */
import { describe, expect, it } from 'vitest'
import { collections } from '../../src/replica/collections.ts'
import type { Projection } from '../../src/replica/replica-face.ts'
import { strangerOf, type NewRow, type Store } from '../../src/replica/store.ts'
import { bytes, contentOf, identity, indexRowOf, nastyKeys, peerOf, plain, rowOf, rowsOf, started, type StorePlace } from './store-values.ts' // prettier-ignore

/** Runs the contract of the log on the places that `make` makes. */
export function logContract(name: string, make: () => StorePlace): void {
  describe(`the log of the store ${name}`, () => {
    it('[LOG-2] gives each row the next number, over all collections, and goes on from there after a new start', async () => {
      const { store, again } = await started(make)
      expect((await store.open(identity)).head).toBe(0)
      expect(await store.append([rowOf('a', '1', { collection: 0 }), rowOf('a', '2'), rowOf('a', '3', { collection: 12 })], [])).toEqual([1, 2, 3]) // prettier-ignore
      expect(await store.append([], [])).toEqual([])
      expect(await store.append([rowOf('b', '4')], [])).toEqual([4])
      const next = await again()
      expect((await next.open(identity)).head).toBe(4)
      expect(await next.append([rowOf('a', '5', { mode: 'anew' })], [])).toEqual([5])
    })

    it('keeps every key apart, whatever it is made of', async () => {
      const { store, starts } = await started(make)
      const at = (collection: number, key: string, n: number): string => `${collection} ${n} ${key.slice(0, 50)}`
      for (const n of [1, 2])
        for (const collection of [1, 11])
          await store.append(nastyKeys.map((key) => rowOf(key, at(collection, key, n), { collection })), []) // prettier-ignore
      await store.fold(1, 'a', (await seqsOf(store, 1, 'a')), bytes('folded')) // prettier-ignore
      const projections = nastyKeys.map((key): Projection => ({
        collection: collections[11]!,
        key,
        rows: [indexRowOf(key, key, { patient: key, state: key })],
      }))
      await store.advance('a', 7, projections)
      for (const key of nastyKeys) await store.advance(key, nastyKeys.indexOf(key), [])
      for await (const now of starts()) {
        for (const collection of [1, 11]) {
          expect([...(await now.documents(collection, nastyKeys)).keys()].toSorted()).toEqual(nastyKeys.toSorted())
          expect(await now.count(collection)).toBe(nastyKeys.length)
          const walked = new Map<string, string[]>()
          const { rows, tail } = await now.rowsAfter(collection, 0, 1e9)
          expect(tail).toBe(true)
          for (const row of rows)
            walked.set(row.head.key, [...(walked.get(row.head.key) ?? []), Buffer.from(row.update).toString()])
          for (const key of nastyKeys) {
            const expected =
              collection === 1 && key === 'a' ? ['folded'] : [at(collection, key, 1), at(collection, key, 2)]
            const updates = await now.updatesOf(collection, key)
            expect(updates.map((update) => Buffer.from(update).toString())).toEqual(expected)
            expect(walked.get(key)).toEqual(expected)
          }
        }
        for (const key of nastyKeys) {
          expect((await now.index({ view: key, patient: key, state: key })).map((row) => row.id)).toEqual([key])
          expect((await now.indexed(key, key))?.body).toEqual({ of: key })
          expect(await now.cursorOf(key)).toBe(nastyKeys.indexOf(key))
        }
        // What is not there is not found by what is near it.
        for (const key of ['a/2', 'a%%', 'b', 'x'.repeat(198)]) {
          expect(await now.updatesOf(1, key)).toEqual([])
          expect((await now.documents(1, [key])).size).toBe(0)
          expect(await now.indexed('a', key)).toBeUndefined()
        }
      }
    })

    it('lists a collection in the order of its keys’ bytes, page by page, each key once', async () => {
      const { store } = await started(make)
      await store.append(nastyKeys.map((key) => rowOf(key, 'x')), []) // prettier-ignore
      await store.append([rowOf('elsewhere', 'x', { collection: 7 })], [])
      const expected = nastyKeys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      for (const size of [1, 3, 1_000]) {
        const found: string[] = []
        for (let after: string | undefined; ;) {
          const page = await store.list(6, after, size)
          found.push(...page.map((head) => head.key))
          if (page.length < size) break
          after = page.at(-1)!.key
        }
        expect(found).toEqual(expected)
      }
    })

    it('[LOG-3] [R4] appends all rows with the cursor of their batch, or nothing of either', async () => {
      const { store, again, starts } = await started(make)
      await store.meet(peerOf('known'))
      await store.append([rowOf('a', 'before')], [])
      const cursor = { epoch: 9, position: 40, complete: 39, erasedAt: 38 }
      const progress = { peer: 'known', collection: 6, cursor, seen: 41 }
      const stranger = { peer: 'never met', epoch: 1, seq: 1 }
      const before = await contentOf(store, ['a', 'b'])
      await expect(store.append([rowOf('a', 'lost'), rowOf('b', 'lost', { origin: stranger })], [progress])).rejects.toThrow('never met') // prettier-ignore
      await expect(store.append([rowOf('a', 'lost'), rowOf('b', 'lost')], [progress, { ...progress, peer: 'never met' }])).rejects.toThrow('never met') // prettier-ignore
      expect(await contentOf(store, ['a', 'b'])).toEqual(before)
      const reopened = await again()
      expect(await contentOf(reopened, ['a', 'b'])).toEqual(before)
      expect(await reopened.append([rowOf('b', 'kept', { origin: { peer: 'known', epoch: 9, seq: 40 } })], [progress])).toEqual([2]) // prettier-ignore
      for await (const now of starts()) {
        const known = (await now.open(identity)).peers.find((peer) => peer.replica === 'known')!
        const { cursors, seen, ...rest } = known
        expect({ seen, cursor: cursors[6] }).toEqual({ seen: 41, cursor })
        const former = peerOf('known')
        expect(cursors.with(6, former.cursors[6]!)).toEqual(former.cursors)
        expect({ ...former, ...rest }).toEqual(former)
        expect((await rowsOf(now, 6)).length).toBe(2)
      }
    })

    it('[LOG-3] what a failed append began is not remembered: the same documents are made by the next', async () => {
      const { store, again } = await started(make)
      const origin = { peer: 'never met', epoch: 1, seq: 1 }
      const refused = [rowOf('a', 'lost'), rowOf('b', 'lost'), rowOf('a', 'lost'), rowOf('c', 'lost', { origin })]
      await expect(store.append(refused, [])).rejects.toThrow('never met')
      await store.append([rowOf('b', '1')], [])
      await expect(store.append(refused, [])).rejects.toThrow('never met')
      expect(await store.append([rowOf('a', '2'), rowOf('b', '3', { mode: 'anew' })], [])).toEqual([2, 3])
      const before = await contentOf(store, ['a', 'b', 'c'])
      expect(plain(await store.updatesOf(6, 'a'))).toEqual(['bytes 2'])
      expect(plain(await store.updatesOf(6, 'b'))).toEqual(['bytes 3'])
      expect(await contentOf(await again(), ['a', 'b', 'c'])).toEqual(before)
    })

    it('keeps the bytes that it was given, whatever becomes of the caller’s buffer', async () => {
      const { store, starts } = await started(make)
      const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
      const large = new Uint8Array(1024 * 1024).fill(7)
      const buffer = Uint8Array.from(all)
      await store.append(
        [
          rowOf('all', '', { update: buffer, vector: buffer }),
          rowOf('none', ''),
          rowOf('large', '', { update: large }),
        ],
        [],
      )
      buffer.fill(0)
      for await (const now of starts()) {
        expect(plain(await now.updatesOf(6, 'all'))).toEqual([plain(all)])
        expect(plain((await now.documents(6, ['all'])).get('all')!.vector)).toBe(plain(all))
        expect(plain(await now.updatesOf(6, 'none'))).toEqual(['bytes '])
        expect(Buffer.compare((await now.updatesOf(6, 'large'))[0]!, large)).toBe(0)
      }
    })

    it('[LOG-1] [R2] walks the rows of a collection in order of seq, each once, whatever the size of a part', async () => {
      const { store } = await started(make)
      const sizes = [5, 0, 700, 1, 3_000, 0, 64]
      for (const [i, size] of sizes.entries())
        await store.append([rowOf(`key ${i % 3}`, 'x'.repeat(size)), rowOf('other', 'y', { collection: 7 })], [])
      for (const maxBytes of [1, 64, 300, 1_000, 1e6]) {
        const seqs: number[] = []
        for (let after = 0, ended = false; !ended;) {
          const { rows, tail } = await store.rowsAfter(6, after, maxBytes)
          // At least one, and no more than the row that makes it full.
          expect(rows.length).toBeGreaterThan(0)
          expect(rows.slice(0, -1).reduce((sum, row) => sum + row.update.length, 0)).toBeLessThan(maxBytes)
          seqs.push(...rows.map((row) => row.seq))
          after = seqs.at(-1)!
          ended = tail
        }
        expect(seqs).toEqual([1, 3, 5, 7, 9, 11, 13])
      }
      expect((await store.rowsAfter(6, 0, 1)).rows.length).toBe(1)
      expect(await store.rowsAfter(6, 13, 1)).toEqual({ rows: [], tail: true })
      expect(await store.rowsAfter(6, 1e9, 1)).toEqual({ rows: [], tail: true })
      expect(await store.rowsAfter(5, 0, 1)).toEqual({ rows: [], tail: true })
    })

    it('says of each row where it came from, and of its document what holds now', async () => {
      const { store, starts } = await started(make)
      await store.meet(strangerOf('peer', collections.length))
      const facts = { patient: 'p', site: 's', shown: true, reachable: true, startsAt: -5, at: 77 }
      await store.append([rowOf('a', 'old'), rowOf('a', 'new', { facts, origin: { peer: 'peer', epoch: 2 ** 48 - 1, seq: 900 }, receipt: true })], []) // prettier-ignore
      for await (const now of starts()) {
        const head = { collection: 'messages', key: 'a', generation: 1, erased: 0, seq: 2, facts }
        expect((await now.rowsAfter(6, 0, 1e6)).rows.map(plain)).toEqual([
          { seq: 1, head, generation: 1, update: 'bytes old', receipt: false, sources: { '': 1 }, folded: false },
          { seq: 2, head, generation: 1, update: 'bytes new', receipt: true, sources: { peer: 2 }, folded: false },
        ])
        expect(plain(await now.documents(6, ['a']))).toEqual({
          a: { head, vector: 'bytes vector of new', withdrawn: false },
        })
      }
    })

    it('[LOG-5] tells which documents changed, each once, in order of their newest row', async () => {
      const { store } = await started(make)
      await store.append(['a', 'b', 'a', 'c', 'b', 'a'].map((key) => rowOf(key, 'x')), []) // prettier-ignore
      await store.append([rowOf('a', 'x', { collection: 8 })], [])
      const seen = async (numbers: number[], after: number, limit = 100): Promise<string[]> =>
        (await store.changedAfter(numbers, after, limit)).map((head) => `${head.collection}/${head.key} ${head.seq}`)
      expect(await seen([6, 8], 0)).toEqual(['messages/c 4', 'messages/b 5', 'messages/a 6', 'reviews/a 7'])
      expect(await seen([6], 0)).toEqual(['messages/c 4', 'messages/b 5', 'messages/a 6'])
      expect(await seen([8, 6, 5], 4, 2)).toEqual(['messages/b 5', 'messages/a 6'])
      expect(await seen([6, 8], 7)).toEqual([])
      expect(await seen([], 0)).toEqual([])
      expect(await store.countChangedAfter([6, 8], 4)).toBe(3)
      expect(await store.countChangedAfter([6], 4)).toBe(2)
      expect(await store.countChangedAfter([], 0)).toBe(0)
    })

    it('[LOG-4] a fold takes the place of exactly the rows that it was made of, at the highest of them, with their sources', async () => {
      const { store, starts } = await started(make)
      for (const peer of ['p', 'q']) await store.meet(strangerOf(peer, collections.length))
      const from = (peer: string, seq: number): Partial<NewRow> => ({ origin: { peer, epoch: 5, seq } })
      await store.append(
        [
          rowOf('a', '1'),
          rowOf('b', 'not of it'),
          rowOf('a', '3', from('p', 60)),
          rowOf('a', '4', { ...from('q', 70), receipt: true }),
          rowOf('a', '5', from('p', 80)),
          rowOf('a', '6'),
          rowOf('a', 'elsewhere', { collection: 7 }),
        ],
        [],
      )
      const others = async (now: Store): Promise<unknown> => [
        await rowsOf(now, 7),
        plain(await now.updatesOf(6, 'b')),
        plain(await now.documents(6, ['a', 'b'])),
        plain(await now.changedAfter([6, 7], 0, 9)),
      ]
      const before = await others(store)
      expect(await store.fold(6, 'a', [1, 3, 4, 5], bytes('1345'))).toBe(true)
      const folded = { sources: { '': 1, p: 5, q: 4 }, folded: true, receipt: true, update: 'bytes 1345', seq: 5 }
      for await (const now of starts()) {
        expect(plain(await now.updatesOf(6, 'a'))).toEqual(['bytes 1345', 'bytes 6'])
        expect(plain(await now.rowsOf(6, 'a'))).toEqual([{ seq: 5, update: 'bytes 1345' }, { seq: 6, update: 'bytes 6' }]) // prettier-ignore
        expect((await rowsOf(now, 6)).slice(1)).toMatchObject([folded, { seq: 6, sources: { '': 6 }, folded: false }])
        expect(await others(now)).toEqual(before)
      }
    })

    it('[LOG-4] a fold of a fold keeps the newest of each source', async () => {
      const { store, again } = await started(make)
      await store.meet(strangerOf('p', collections.length))
      const fromPeer = { origin: { peer: 'p', epoch: 1, seq: 1 } }
      await store.append([rowOf('a', '1', fromPeer), rowOf('a', '2'), rowOf('a', '3', fromPeer)], [])
      await store.fold(6, 'a', [1, 2], bytes('12'))
      const next = await again()
      await next.append([rowOf('a', '4')], [])
      await next.fold(6, 'a', [2, 3, 4], bytes('1234'))
      expect(await rowsOf(next, 6)).toMatchObject([{ seq: 4, update: 'bytes 1234', sources: { '': 4, p: 3 }, folded: true }]) // prettier-ignore
      expect(await next.append([rowOf('a', '5')], [])).toEqual([5])
    })

    it('[LOG-4] a fold of rows of which one is gone does nothing: the document was replaced meanwhile', async () => {
      const { store, again } = await started(make)
      await store.append(['1', '2', '3'].map((text) => rowOf('a', text)), []) // prettier-ignore
      await store.append([rowOf('a', 'later', { generation: 2, mode: 'replace' })], [])
      const before = await contentOf(store, ['a'])
      expect(await store.fold(6, 'a', [1, 2], bytes('12'))).toBe(false)
      expect(await store.fold(6, 'a', [3, 4], bytes('34'))).toBe(false)
      expect(await contentOf(store, ['a'])).toEqual(before)
      expect(await contentOf(await again(), ['a'])).toEqual(before)
    })

    it('tells which documents have many rows, as they are after folds', async () => {
      const { store, again, starts } = await started(make)
      const rows = (key: string, count: number): NewRow[] => Array.from({ length: count }, () => rowOf(key, 'x'))
      await store.append([...rows('a', 40), ...rows('b', 33), ...rows('c', 5)], [])
      const long = async (now: Store, least: number): Promise<string[]> =>
        (await now.longDocuments(least, 10)).map((one) => `${one.collection}/${one.key} ${one.rows}`).toSorted()
      for await (const now of starts()) {
        expect(await long(now, 32)).toEqual(['messages/a 40', 'messages/b 33'])
        expect(await long(now, 34)).toEqual(['messages/a 40'])
        expect((await now.longDocuments(32, 1)).length).toBe(1)
      }
      const next = await again()
      const seqs = (await next.rowsOf(6, 'a')).map((row) => row.seq).slice(0, 39)
      expect(await next.fold(6, 'a', seqs, bytes('folded'))).toBe(true)
      await next.append([rowOf('b', 'anew', { mode: 'anew' })], [])
      expect(await long(next, 32)).toEqual([])
      expect(await long(await again(), 32)).toEqual([])
    })

    it('[LOG-4] a fold of a document that is not there is refused, and changes nothing', async () => {
      const { store } = await started(make)
      await store.append([rowOf('a', '1')], [])
      const before = await contentOf(store, ['a', 'b'])
      await expect(store.fold(6, 'b', [1], bytes('x'))).rejects.toBeInstanceOf(Error)
      expect(await contentOf(store, ['a', 'b'])).toEqual(before)
    })

    it('[R10] a document logged anew is one fold at a fresh seq with itself as the only source', async () => {
      const { store, starts } = await started(make)
      await store.meet(strangerOf('p', collections.length))
      await store.append(
        [rowOf('a', '1', { origin: { peer: 'p', epoch: 1, seq: 1 } }), rowOf('b', '2'), rowOf('a', '3')],
        [],
      )
      await store.append([rowOf('a', '123', { mode: 'anew' })], [])
      for await (const now of starts()) {
        expect(plain(await now.updatesOf(6, 'a'))).toEqual(['bytes 123'])
        expect(await rowsOf(now, 6)).toMatchObject([
          { seq: 2, update: 'bytes 2' },
          { seq: 4, update: 'bytes 123', sources: { '': 4 }, folded: true, generation: 1 },
        ])
      }
    })

    it('[R9] a withdrawal takes the content of a document, and keeps its generation and where it came from', async () => {
      const { store, again, starts } = await started(make)
      for (const peer of ['p', 'q']) await store.meet(strangerOf(peer, collections.length))
      const from = (peer: string, seq: number): Partial<NewRow> => ({ origin: { peer, epoch: 1, seq } })
      await store.append([rowOf('a', '', { generation: 3, erased: 2, mode: 'replace', ...from('p', 1) }), rowOf('b', '2')], []) // prettier-ignore
      await store.append([rowOf('a', '3', { generation: 3, erased: 2, ...from('q', 5) }), rowOf('a', '4', { generation: 3, erased: 2 })], []) // prettier-ignore
      await store.append([rowOf('a', '', { generation: 3, erased: 2, mode: 'withdraw', receipt: true })], [])
      const receipt = { seq: 5, generation: 3, head: { erased: 2, seq: 5 }, receipt: true, folded: true, update: 'bytes ', sources: { '': 5, p: 1, q: 3 } } // prettier-ignore
      for await (const now of starts()) {
        expect(plain(await now.updatesOf(6, 'a'))).toEqual(['bytes '])
        expect(await rowsOf(now, 6)).toMatchObject([{ seq: 2, update: 'bytes 2' }, receipt])
        expect((await now.withdrawn(6, undefined, 9)).map(({ key }) => key)).toEqual(['a'])
        expect((await now.documents(6, ['a', 'b'])).get('a')!.withdrawn).toBe(true)
        expect((await now.documents(6, ['b'])).get('b')!.withdrawn).toBe(false)
      }
      const next = await again()
      // What comes after stands beside the receipt; logged anew the document is as any other.
      await next.append([rowOf('a', '6', { generation: 3, erased: 2 })], [])
      expect((await next.documents(6, ['a'])).get('a')!.withdrawn).toBe(true)
      await next.append([rowOf('a', '7', { generation: 3, erased: 2, mode: 'anew' })], [])
      expect((await next.documents(6, ['a'])).get('a')!.withdrawn).toBe(false)
      expect(await next.withdrawn(6, undefined, 9)).toEqual([])
    })

    it('[R9] what a peer has withdrawn is remembered with the cursor of the batch that said so', async () => {
      const { store, starts } = await started(make)
      await store.meet(strangerOf('p', collections.length))
      await store.append(nastyKeys.map((key) => rowOf(key, 'x')), []) // prettier-ignore
      const cursor = { epoch: 1, position: 9, complete: 9, erasedAt: 9 }
      const progress = { peer: 'p', collection: 6, cursor, seen: 9, withdrawn: [...nastyKeys, 'not here'] }
      await expect(store.append([], [progress, { ...progress, peer: 'never met' }])).rejects.toThrow('never met')
      expect(await store.withdrawn(6, undefined, 1_000)).toEqual([])
      await store.append([], [progress])
      const expected = nastyKeys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      for await (const now of starts()) {
        const found: string[] = []
        for (let after: string | undefined; ;) {
          const page = (await now.withdrawn(6, after, 3)).map(({ key }) => key)
          if (page.length === 0) break
          found.push(...page)
          after = found.at(-1)
        }
        expect(found).toEqual(expected)
        expect(await now.withdrawn(7, undefined, 9)).toEqual([])
        expect((await now.updatesOf(6, 'a')).length).toBe(1)
      }
    })

    it('[R8] the first row of a higher generation takes the place of all rows of lower ones', async () => {
      const { store, starts } = await started(make)
      await store.meet(strangerOf('p', collections.length))
      const origin = { peer: 'p', epoch: 1, seq: 4 }
      await store.append([rowOf('a', '1'), rowOf('b', '2'), rowOf('a', '3')], [])
      await store.append([rowOf('a', '', { generation: 7, erased: 7, mode: 'replace', origin })], [])
      await store.append([rowOf('a', '5', { generation: 7, erased: 7 })], [])
      for await (const now of starts()) {
        expect(plain(await now.updatesOf(6, 'a'))).toEqual(['bytes ', 'bytes 5'])
        expect(await rowsOf(now, 6)).toMatchObject([
          { seq: 2, generation: 1 },
          { seq: 4, generation: 7, head: { erased: 7 }, sources: { p: 4 }, folded: false },
          { seq: 5, generation: 7, head: { generation: 7, seq: 5 } },
        ])
      }
    })
  })

  async function seqsOf(store: Store, collection: number, key: string): Promise<number[]> {
    const { rows } = await store.rowsAfter(collection, 0, 1e9)
    return rows.filter((row) => row.head.key === key).map((row) => row.seq)
  }
}
