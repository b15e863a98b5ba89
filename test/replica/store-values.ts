/** What the tests of the store put into it, and how they read all of it back. */
import { onTestFinished } from 'vitest'
import { collections, type Collection } from '../../src/replica/collections.ts'
import type { IndexRow } from '../../src/replica/replica-face.ts'
import type { AsideRow, NewRow, PeerKnowledge, Store } from '../../src/replica/store.ts'

/** Where a store stands: each `open` is another start on the same data, after the store of the one before was closed. */
export interface StorePlace {
  open(): Promise<Store>
}

export const identity = { practice: 'practice 1', replica: 'replica 1' }
export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

/** A row as an edit made here would bring it. */
export function rowOf(key: string, text: string, over: Partial<NewRow> = {}): NewRow {
  return {
    collection: 6,
    key,
    generation: 1,
    erased: 0,
    facts: { patient: null, site: null, shown: false, reachable: false, startsAt: null, at: 0 },
    update: bytes(text),
    vector: bytes(`vector of ${text}`),
    origin: null,
    receipt: false,
    mode: 'add',
    ...over,
  }
}

/** A row that is kept aside. */
export function asideOf(place: number, over: Partial<AsideRow> = {}): AsideRow {
  const packed = bytes(`aside ${place}`)
  return { place, peer: 'p', epoch: 3, seq: place, collection: 6, key: 'a', since: 100 + place, review: 'r', size: 10, packed, ...over } // prettier-ignore
}

/** The row of an index, with its view and id. */
export function indexRowOf(view: string, id: string, over: Partial<IndexRow> = {}): IndexRow {
  return { view, id, patient: null, state: 'new', at: 0, body: { of: id }, ...over }
}

/** A peer of which something stands in every field. */
export function peerOf(replica: string, base = 0): PeerKnowledge {
  return {
    replica,
    chain: [
      { id: base + 1, first: 1 },
      { id: 2 ** 48 - 1 - base, first: 17 },
    ],
    seen: base + 30,
    incarnations: collections.map((_, number) => (number % 2 ? `incarnation ${base}/${number}` : '')),
    cursors: collections.map((_, number) => ({
      epoch: base + 1,
      position: base + number + 3,
      complete: base + number + 2,
      erasedAt: number,
    })),
    amnesty: collections.map((_, number) => base + number),
    acknowledged: collections.map((_, number) => base + 2 * number),
  }
}

/** Values as they can be compared whatever class of bytes and maps a store hands out. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('latin1')}`
  if (value instanceof Map) return plain(Object.fromEntries(value))
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, held]) => [name, plain(held)]),
  )
}

/** All rows of a collection, walked as a link walks them. */
export async function rowsOf(store: Store, collection: number, maxBytes = 1): Promise<unknown[]> {
  const found: unknown[] = []
  for (let after = 0; ;) {
    const { rows, tail } = await store.rowsAfter(collection, after, maxBytes)
    found.push(...rows.map(plain))
    if (tail) return found
    after = rows.at(-1)!.seq
  }
}

/** Everything that a store says of itself; `keys` are those that are asked for by name. */
export async function contentOf(
  store: Store,
  keys: readonly string[],
  indexIds: readonly (readonly [string, string])[] = [],
): Promise<unknown> {
  // prettier-ignore
  const numbers = collections.map((_, number) => number)
  const perCollection = await Promise.all(
    numbers.map(async (number) => ({
      rows: await rowsOf(store, number, 200),
      documents: plain(await store.documents(number, keys)),
      updates: await Promise.all(keys.map(async (key) => plain(await store.updatesOf(number, key)))),
      rowsOf: await Promise.all(keys.map(async (key) => plain(await store.rowsOf(number, key)))),
      list: plain(await store.list(number, undefined, 1_000)),
      withdrawn: plain(await store.withdrawn(number, undefined, 1_000)),
      count: await store.count(number),
    })),
  )
  const { peers, ...opened } = await store.open(identity)
  return {
    opened: plain(opened),
    peers: plain(peers.toSorted((a, b) => (a.replica < b.replica ? -1 : 1))),
    perCollection,
    aside: plain([await store.asideTotals(), await store.asideAfter(0, 1_000)]),
    changed: plain(await store.changedAfter(numbers, 0, 1_000)),
    indexed: await Promise.all(indexIds.map(async ([view, id]) => plain(await store.indexed(view, id)))),
    views: await Promise.all(
      [...new Set(indexIds.map(([view]) => view))].map(async (view) => plain(await store.index({ view }))),
    ),
  }
}

/** Keys that a store which pastes, splits, pads, folds case or matches patterns would mix up. */
export const nastyKeys = [
  '',
  ' ',
  'a',
  'a ',
  'a/',
  'a/1',
  'a/1/1',
  '1/a',
  'A',
  'ab',
  'a%',
  'a_',
  '%',
  '_',
  '__proto__',
  'constructor',
  "'",
  '"',
  "'; drop table updates; --",
  '\\',
  '\\0',
  '\0',
  'a\0',
  'a\0b',
  '\n',
  '*',
  '?',
  '[a]',
  'null',
  '0',
  '00',
  '-1',
  '1e3',
  'é',
  'e\u0301',
  'ß',
  'ss',
  'İ',
  'i',
  '字',
  '\u{1F9B7}',
  '\uFFFD',
  '\uE000',
  'x'.repeat(200),
  'x'.repeat(199),
  'y'.repeat(100_000), // prettier-ignore
]

/** The name of a collection for its number. */
export const nameOf = (number: number): Collection => collections[number]!

/** A store that has been opened, and another start of it. */
export async function started(make: () => StorePlace) {
  const place = make()
  let store = await place.open()
  onTestFinished(() => store.close())
  await store.open(identity)
  const again = async (): Promise<Store> => {
    await store.close()
    store = await place.open()
    await store.open(identity)
    return store
  }
  return {
    store,
    again,
    /** The store as it is, and then after a new start. */
    async *starts() {
      yield store
      yield await again()
    },
  }
}
