/** LOG-1: links walk rows. Why they may not walk documents, and that a walk over rows loses nothing whatever happens in between. */
import fc from 'fast-check'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import type { Store } from '../../src/replica/store.ts'
import { bytes, identity, rowOf } from './store-values.ts'
import { folder, master } from './world.ts'

const stores: readonly (readonly [string, () => Promise<Store>])[] = [
  ['in memory', async () => memoryStore()],
  ['in a SQLite file', () => openSqliteStore({ file: join(folder(), 'a.sqlite'), master })],
]

async function opened(open: () => Promise<Store>): Promise<Store> {
  const store = await open()
  onTestFinished(() => store.close())
  await store.open(identity)
  return store
}

/** What a walk hands over: the cursor after a part, and the rows of it. */
interface Part {
  readonly cursor: number
  readonly updates: readonly string[]
  readonly tail: boolean
}
type Walk = (store: Store, collection: number, cursor: number, size: number) => Promise<Part>

const overRows: Walk = async (store, collection, cursor, size) => {
  const { rows, tail } = await store.rowsAfter(collection, cursor, size)
  const updates = rows.map((row) => Buffer.from(row.update).toString())
  return { cursor: rows.at(-1)?.seq ?? cursor, updates, tail }
}

/** As a follower walks: the documents by their newest row, and of each what it has beyond the cursor. */
const overDocuments: Walk = async (store, collection, cursor, size) => {
  const heads = await store.changedAfter([collection], cursor, size)
  const { rows } = await store.rowsAfter(collection, cursor, 1e9)
  const of = (key: string): string[] =>
    rows.filter((row) => row.head.key === key).map((row) => Buffer.from(row.update).toString())
  return { cursor: heads.at(-1)?.seq ?? cursor, updates: heads.flatMap((head) => of(head.key)), tail: heads.length < size } // prettier-ignore
}

async function walked(walk: Walk, store: Store, size: number): Promise<string[]> {
  const found: string[] = []
  for (let cursor = 0; ;) {
    const part = await walk(store, 6, cursor, size)
    found.push(...part.updates)
    if (part.tail) return found
    cursor = part.cursor
  }
}

it.each(stores)(
  '[LOG-1] [R2] a walk over documents would lose D1’s row 105 once D2 went out at 120; the walk over rows sends it, %s',
  async (_, open) => {
    const store = await opened(open)
    // D1 has rows 105 and 130, D2 has row 120; every other number belongs to another collection.
    const keys = new Map([
      [105, 'D1'],
      [120, 'D2'],
      [130, 'D1'],
    ])
    const rows = Array.from({ length: 130 }, (_unused, i) => {
      const key = keys.get(i + 1)
      return key ? rowOf(key, `${key} at ${i + 1}`) : rowOf('other', 'x', { collection: 7 })
    })
    await store.append(rows, [])
    expect(await walked(overDocuments, store, 1)).toEqual(['D2 at 120', 'D1 at 130'])
    expect(await walked(overRows, store, 1)).toEqual(['D1 at 105', 'D2 at 120', 'D1 at 130'])
  },
)

/** What happens to a log while a link walks it. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), keys: fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }), size: fc.nat(60) }) }, // prettier-ignore
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const), size: fc.integer({ min: 1, max: 400 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fold' as const), key: fc.nat(4), oldest: fc.integer({ min: 1, max: 5 }) }) }, // prettier-ignore
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Runs a history with one walk in it; says what was written, and what the walk handed over by the end. */
async function history(store: Store, steps: readonly Step[], walk: Walk, size: (bytes: number) => number) {
  const written: string[] = []
  const arrived: string[] = []
  let cursor = 0
  const read = async (most: number): Promise<boolean> => {
    const part = await walk(store, 6, cursor, size(most))
    // A fold holds the words of all rows that it was made of.
    arrived.push(...part.updates.flatMap((update) => update.split(' ')))
    cursor = part.cursor
    return part.tail
  }
  for (const one of steps) {
    if (one.kind === 'read') await read(one.size)
    if (one.kind === 'write') {
      const rows = one.keys.map((key) => {
        const word = `${written.length}${'.'.repeat(one.size)}`
        written.push(word)
        return rowOf(`D${key}`, word)
      })
      await store.append([...rows, rowOf('other', 'x', { collection: 7 })], [])
    }
    if (one.kind === 'fold') {
      const chosen = (await store.rowsOf(6, `D${one.key}`)).slice(0, one.oldest)
      const words = chosen.map((row) => Buffer.from(row.update).toString()).join(' ')
      if (chosen.length > 0) await store.fold(6, `D${one.key}`, chosen.map((row) => row.seq), bytes(words)) // prettier-ignore
    }
  }
  while (!(await read(100)));
  return { written, arrived }
}

it('[LOG-1] [R2] everything logged arrives by a walk over rows, whatever the size of its parts and whatever is written and folded in between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { written, arrived } = await history(memoryStore(), steps, overRows, (most) => most)
      expect(new Set(arrived)).toEqual(new Set(written))
      // Nothing twice but what a fold beyond the cursor brings along.
      if (!steps.some((one) => one.kind === 'fold')) expect(arrived).toEqual(written)
    }),
    { numRuns: 500 },
  )
})

it('[LOG-1] a walk over documents does lose rows in such histories: the property can fail', async () => {
  const loses = fc.check(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 40 }), async (steps) => {
      const { written, arrived } = await history(memoryStore(), steps, overDocuments, () => 1)
      expect(new Set(arrived)).toEqual(new Set(written))
    }),
    { numRuns: 500, endOnFailure: true },
  )
  expect((await loses).failed).toBe(true)
})
