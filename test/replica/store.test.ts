/** The contract of the store on both stores, and that the two agree on whatever is asked of them in whatever order. */
import fc from 'fast-check'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { collections } from '../../src/replica/collections.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import type { NewRow, Progress, Store } from '../../src/replica/store.ts'
import { chunkContract } from './chunk-contract.ts'
import { knowledgeContract } from './knowledge-contract.ts'
import { logContract } from './store-contract.ts'
import { bytes, contentOf, identity, indexRowOf, nameOf, peerOf, plain, rowOf, type StorePlace } from './store-values.ts' // prettier-ignore
import { folder, master } from './world.ts'

const inMemory = (): StorePlace => {
  const store = memoryStore()
  return { open: async () => store }
}
const inSqlite = (): StorePlace => {
  const file = join(folder(), 'replica.sqlite')
  return { open: () => openSqliteStore({ file, master }) }
}

for (const contract of [logContract, knowledgeContract, chunkContract]) {
  contract('in memory', inMemory)
  contract('in a SQLite file', inSqlite)
}

it('[LOG-3] what resolved is in the files: a copy of them taken at that moment opens with it', async () => {
  const [dir, copies] = [folder(), folder()]
  const store = await openSqliteStore({ file: join(dir, 'a.sqlite'), master })
  await store.open(identity)
  for (let i = 1; i <= 5; i++) {
    await store.append([rowOf('a', String(i))], [])
    for (const end of ['', '-wal']) copyFileSync(join(dir, `a.sqlite${end}`), join(copies, `${i}.sqlite${end}`))
  }
  await store.close()
  for (let i = 1; i <= 5; i++) {
    const copy = await openSqliteStore({ file: join(copies, `${i}.sqlite`), master })
    expect((await copy.open(identity)).head).toBe(i)
    expect((await copy.updatesOf(6, 'a')).length).toBe(i)
    await copy.close()
  }
})

// The two stores side by side: few keys and collections, so that operations meet.
const keys = ['', 'a', 'a/', 'a/1', '%', '\u{1F9B7}', '\uE000']
const peers = ['p', 'q', 'r']
const views = ['v', 'v/']
const indexIds = views.flatMap((view) => keys.map((id) => [view, id] as const))
const key = fc.constantFrom(...keys)
const collection = fc.constantFrom(0, 1, 11)
const peer = fc.constantFrom(...peers)
const cursor = fc.record({ epoch: fc.nat(9), position: fc.nat(99), complete: fc.nat(99), erasedAt: fc.nat(9) })
const facts = fc.record({
  patient: fc.option(key),
  site: fc.option(key),
  shown: fc.boolean(),
  reachable: fc.boolean(),
  startsAt: fc.option(fc.integer()),
  at: fc.nat(),
})
const row = fc.record({
  collection,
  key,
  facts,
  update: fc.uint8Array({ maxLength: 80 }),
  vector: fc.uint8Array({ maxLength: 8 }),
  origin: fc.option(fc.record({ peer, epoch: fc.nat(9), seq: fc.nat(99) })),
  receipt: fc.boolean(),
  erased: fc.boolean(),
  mode: fc.constantFrom('add' as const, 'add' as const, 'anew' as const, 'replace' as const, 'withdraw' as const),
})
const asideRow = fc.record({
  place: fc.nat(40),
  peer: fc.constantFrom('p', 'q'),
  epoch: fc.nat(9),
  seq: fc.nat(9),
  collection,
  key,
  since: fc.nat(9),
  review: key,
  size: fc.nat(99),
  packed: fc.uint8Array({ maxLength: 20 }),
})
const projection = fc.record({
  collection: collection.map(nameOf),
  key,
  rows: fc.array(
    fc.record({ view: fc.constantFrom(...views), id: key, patient: fc.option(key), state: key, at: fc.nat(5) }),
    { maxLength: 3 },
  ),
})
const operation = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('append' as const), rows: fc.array(row, { maxLength: 4 }), progress: fc.array(fc.record({ peer, collection, cursor, seen: fc.nat(99), withdrawn: fc.array(key, { maxLength: 2 }) }), { maxLength: 2 }), renewals: fc.array(fc.record({ collection, incarnation: key }), { maxLength: 1 }) }) }, // prettier-ignore
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('meet' as const), peer, base: fc.nat(50) }) },
  fc.record({ kind: fc.constant('acknowledge' as const), peer, collection, position: fc.nat(99) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fold' as const), collection, key, oldest: fc.integer({ min: 1, max: 5 }) }) }, // prettier-ignore
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('advance' as const), follower: key, cursor: fc.nat(99), projections: fc.array(projection, { maxLength: 3 }) }) }, // prettier-ignore
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('aside' as const), put: fc.uniqueArray(asideRow, { maxLength: 3, selector: ({ place }) => place }), drop: fc.array(fc.nat(40), { maxLength: 2 }), skip: fc.array(fc.record({ review: key, until: fc.nat(9), next: key }), { maxLength: 1 }) }) }, // prettier-ignore
  fc.record({ kind: fc.constant('startEpoch' as const), id: fc.nat(2 ** 31) }),
  fc.record({ kind: fc.constant('rowsAfter' as const), collection, after: fc.nat(30), maxBytes: fc.integer({ min: 1, max: 500 }) }), // prettier-ignore
  fc.record({ kind: fc.constant('changedAfter' as const), numbers: fc.uniqueArray(collection), after: fc.nat(30), limit: fc.nat(5) }), // prettier-ignore
  fc.record({ kind: fc.constant('list' as const), collection, after: fc.option(key, { nil: undefined }), limit: fc.integer({ min: 1, max: 4 }) }), // prettier-ignore
  fc.record({ kind: fc.constant('index' as const), query: fc.record({ view: fc.constantFrom(...views), patient: key, state: key, from: fc.nat(5), before: fc.nat(5), descending: fc.boolean(), limit: fc.nat(3) }, { requiredKeys: ['view'] }) }), // prettier-ignore
  fc.record({ kind: fc.constant('restart' as const) }),
)
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never

/** Carries out one operation; says what it gave, or that it was refused (each store has its own words for that). */
async function result(store: Store, op: Operation, generations: ReadonlyMap<string, number>): Promise<unknown> {
  try {
    return plain(await carryOut(store, op, generations))
  } catch {
    return 'refused'
  }
}

async function carryOut(store: Store, op: Operation, generations: ReadonlyMap<string, number>): Promise<unknown> {
  switch (op.kind) {
    case 'append':
      return store.append(withGenerations(op.rows, generations), op.progress satisfies Progress[], op.renewals)
    case 'meet':
      return store.meet(peerOf(op.peer, op.base))
    case 'acknowledge':
      return store.acknowledge(op.peer, op.collection, op.position)
    case 'fold': {
      const seqs = (await store.rowsOf(op.collection, op.key)).map((one) => one.seq).slice(0, op.oldest)
      return seqs.length === 0 ? 'nothing to fold' : store.fold(op.collection, op.key, seqs, bytes(seqs.join()))
    }
    case 'advance':
      return store.advance(
        op.follower,
        op.cursor,
        op.projections.map((one) => ({
          ...one,
          rows: one.rows.map((entry) => indexRowOf(entry.view, entry.id, entry)),
        })),
      )
    case 'aside': {
      // A place is never given twice, and a review is of one peer.
      const taken = new Set((await store.asideAfter(-1, 100)).map(({ place }) => place))
      const put = op.put.filter(({ place }) => !taken.has(place)).map((one) => ({ ...one, peer: one.review === '' ? 'p' : 'q' })) // prettier-ignore
      await store.append([], [], [], { put, drop: op.drop, skip: op.skip.filter(({ review, next }) => (review === '') === (next === '')) }) // prettier-ignore
      return [await store.asideTotals(), await store.asideOf(1, 'a', { seq: 2, place: 3 }, 2)]
    }
    case 'startEpoch':
      return store.startEpoch(op.id)
    case 'rowsAfter':
      return store.rowsAfter(op.collection, op.after, op.maxBytes)
    case 'changedAfter':
      return [
        await store.changedAfter(op.numbers, op.after, op.limit),
        await store.countChangedAfter(op.numbers, op.after),
      ]
    case 'list':
      return store.list(op.collection, op.after, op.limit)
    case 'index':
      return store.index(op.query)
    case 'restart':
      return 'restarted'
  }
}

/** Rows as a replica appends them: a replacing row is of the next generation, every other of its document's. */
function withGenerations(
  rows: readonly (Omit<NewRow, 'generation' | 'erased'> & { erased: boolean })[],
  held: ReadonlyMap<string, number>,
): NewRow[] {
  const now = new Map(held)
  return rows.map((one) => {
    const at = `${one.collection}/${one.key}`
    const generation = (now.get(at) ?? 0) + (one.mode === 'replace' || !now.has(at) ? 1 : 0)
    now.set(at, generation)
    return { ...one, generation, erased: one.erased ? generation : 0 }
  })
}

it('memory and SQLite agree on any sequence of operations, also over new starts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (operations) => {
      const file = inSqlite()
      const memory = memoryStore()
      let sqlite = await file.open()
      try {
        for (const store of [memory, sqlite]) {
          await store.open(identity)
          // The third is a stranger until an operation meets it.
          for (const name of ['p', 'q']) await store.meet(peerOf(name))
        }
        for (const op of operations) {
          const generations = new Map<string, number>()
          for (const number of collections.keys())
            for (const head of await memory.list(number, undefined, 100))
              generations.set(`${number}/${head.key}`, head.generation)
          expect(await result(sqlite, op, generations)).toEqual(await result(memory, op, generations))
          if (op.kind !== 'restart') continue
          await sqlite.close()
          sqlite = await file.open()
        }
        expect(await contentOf(sqlite, keys, indexIds)).toEqual(await contentOf(memory, keys, indexIds))
      } finally {
        await sqlite.close()
      }
    }),
    { numRuns: 150 },
  )
})
