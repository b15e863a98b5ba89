/**
 * The store in memory: for tests and simulation, where a crash is the loss of everything but this object. A `copy` is
 * what a backup of a folder is: the same history, going its own way from here. Documents and rows are never changed in
 * place, so a copy shares them.
 */
import { copyOfChunks, memoryChunks, noChunks, type ChunkState } from './memory-chunks.ts'
import { collectionNumber, collectionOf, collections as collectionNames } from './collections.ts'
import type { DocumentHead, IndexRow } from './replica-face.ts'
import {
  atStart,
  StoreRefused,
  withEpoch,
  type Aside,
  type AsideRow,
  type AsideTotal,
  type Epoch,
  type NewRow,
  type Origin,
  type PeerKnowledge,
  type Store,
  type StoredRow,
} from './store.ts'

interface Row {
  readonly key: string
  readonly seq: number
  readonly generation: number
  readonly update: Uint8Array
  readonly receipt: boolean
  readonly origin: Origin | null
  readonly sources: ReadonlyMap<string, number> | null
}
interface Document {
  readonly head: DocumentHead
  readonly vector: Uint8Array
  readonly rows: readonly Row[]
  readonly withdrawn: boolean
}
/** One collection: its documents, and its rows in order of seq. */
interface Held {
  readonly documents: Map<string, Document>
  log: Row[]
}
interface State {
  readonly collections: Map<number, Held>
  readonly peers: Map<string, PeerKnowledge>
  readonly followers: Map<string, number>
  readonly index: Map<string, { row: IndexRow; document: string }>
  readonly aside: Map<number, AsideRow>
  readonly chunks: ChunkState
  identity: { practice: string; replica: string } | undefined
  epochs: readonly Epoch[]
  incarnations: readonly string[]
  head: number
}

export interface MemoryStore extends Store {
  /** The same as it stands now; neither sees what becomes of the other. */
  copy(): MemoryStore
}

/** An empty store in memory. */
export function memoryStore(): MemoryStore {
  return storeOver({
    collections: new Map(),
    peers: new Map(),
    followers: new Map(),
    index: new Map(),
    aside: new Map(),
    chunks: noChunks(),
    identity: undefined,
    epochs: [],
    incarnations: collectionNames.map(() => ''),
    head: 0,
  })
}

function copyOf(state: State): State {
  const { collections, peers, followers, index, aside } = state
  return {
    ...state,
    collections: new Map(
      [...collections].map(([number, held]) => [number, { documents: new Map(held.documents), log: held.log.slice() }]),
    ),
    peers: new Map(peers),
    followers: new Map(followers),
    index: new Map(index),
    aside: new Map(aside),
    chunks: copyOfChunks(state.chunks),
  }
}

/** The place of the first row beyond `seq` in rows that are in order. */
function placeAfter(log: readonly Row[], seq: number): number {
  let [low, high] = [0, log.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (log[middle]!.seq <= seq) low = middle + 1
    else high = middle
  }
  return low
}

/** Per source the newest seq that is in any of the rows. */
function sourcesIn(rows: readonly Row[]): Map<string, number> {
  const sources = new Map<string, number>()
  for (const row of rows)
    for (const [source, seq] of sourcesOf(row)) sources.set(source, Math.max(sources.get(source) ?? 0, seq))
  return sources
}

function sourcesOf(row: Row): ReadonlyMap<string, number> {
  return row.sources ?? new Map([[row.origin?.peer ?? '', row.seq]])
}

function storeOver(state: State): MemoryStore {
  const { collections, peers, followers, index, aside } = state
  const place = (collection: number, key: string): string => `${collection}/${key}`
  const held = (collection: number): Held => {
    let found = collections.get(collection)
    if (!found) collections.set(collection, (found = { documents: new Map(), log: [] }))
    return found
  }
  const documentAt = (collection: number, key: string): Document | undefined =>
    collections.get(collection)?.documents.get(key)
  const knownPeer = (replica: string): PeerKnowledge => {
    const peer = peers.get(replica)
    if (!peer) throw new Error(`A row came from ${replica}, which was never met`)
    return peer
  }
  const appendRow = (row: NewRow): number => {
    const seq = ++state.head
    const { documents, log } = held(row.collection)
    const former = documents.get(row.key)
    const stored: Row = {
      key: row.key,
      seq,
      generation: row.generation,
      update: row.update.slice(),
      receipt: row.receipt,
      origin: row.origin,
      sources:
        row.mode === 'anew'
          ? new Map([['', seq]])
          : row.mode === 'withdraw'
            ? sourcesIn(former?.rows ?? []).set('', seq)
            : null,
    }
    if (former && row.mode !== 'add') held(row.collection).log = log.filter((one) => one.key !== row.key)
    held(row.collection).log.push(stored)
    documents.set(row.key, {
      head: {
        collection: collectionOf(row.collection)!,
        key: row.key,
        generation: row.generation,
        erased: row.erased,
        seq,
        facts: row.facts,
      },
      vector: row.vector.slice(),
      rows: former && row.mode === 'add' ? [...former.rows, stored] : [stored],
      withdrawn: row.mode === 'withdraw' || (row.mode === 'add' && former?.withdrawn === true),
    })
    return seq
  }
  const setAside = ({ put, drop, skip }: Aside): void => {
    for (const place of drop) aside.delete(place)
    for (const { review, until, next } of skip)
      for (const [place, row] of aside)
        if (row.review === review && row.since <= until) aside.delete(place)
        else if (row.review === review) aside.set(place, { ...row, review: next })
    for (const row of put) aside.set(row.place, { ...row, packed: row.packed.slice() })
  }
  const listed = (
    collection: number,
    after: string | undefined,
    limit: number,
    wanted: (document: Document) => boolean,
  ): DocumentHead[] =>
    [...(collections.get(collection)?.documents.values() ?? [])]
      .filter(wanted)
      .map((document) => document.head)
      .filter((item) => after === undefined || byBytes(item.key, after) > 0)
      .toSorted((a, b) => byBytes(a.key, b.key))
      .slice(0, limit)
  const changed = (numbers: readonly number[], after: number): DocumentHead[] =>
    numbers
      .flatMap((number) => [...(collections.get(number)?.documents.values() ?? [])])
      .flatMap(({ head }) => (head.seq > after ? [head] : []))
      .toSorted((a, b) => a.seq - b.seq)

  return {
    chunks: memoryChunks(state.chunks),
    copy: () => storeOver(copyOf(state)),
    async open({ practice, replica }) {
      state.identity ??= { practice, replica }
      const { identity, head, epochs, incarnations } = state
      if (identity.practice !== practice || identity.replica !== replica)
        throw new StoreRefused(`This folder belongs to replica ${identity.replica}, not to ${replica}.`)
      return { head, epochs, incarnations, peers: [...peers.values()] }
    },
    async startEpoch(id, first = state.head + 1) {
      state.epochs = withEpoch(state.epochs, id, first)
      return state.epochs
    },
    async append(rows, progress, renewals = [], changes) {
      for (const row of rows) if (row.origin) knownPeer(row.origin.peer)
      for (const { peer } of changes?.put ?? []) knownPeer(peer)
      for (const { peer } of progress) knownPeer(peer)
      const seqs = rows.map(appendRow)
      for (const { peer, collection, cursor, seen, withdrawn = [] } of progress) {
        const known = knownPeer(peer)
        peers.set(peer, { ...known, seen, cursors: known.cursors.with(collection, cursor) })
        const { documents } = held(collection)
        for (const key of withdrawn) {
          const document = documents.get(key)
          if (document) documents.set(key, { ...document, withdrawn: true })
        }
      }
      for (const { collection, incarnation } of renewals) {
        state.incarnations = state.incarnations.with(collection, incarnation)
        for (const [replica, peer] of peers)
          peers.set(replica, { ...peer, cursors: peer.cursors.with(collection, atStart) })
      }
      if (changes) setAside(changes)
      return seqs
    },
    async meet(peer) {
      peers.set(peer.replica, peer)
    },
    async acknowledge(peer, collection, position) {
      const known = knownPeer(peer)
      peers.set(peer, { ...known, acknowledged: known.acknowledged.with(collection, position) })
    },
    async giveAmnesty(peer, collection, upTo) {
      const known = knownPeer(peer)
      peers.set(peer, { ...known, amnesty: known.amnesty.with(collection, upTo) })
    },
    async fold(collection, key, seqs, update) {
      const document = documentAt(collection, key)!
      const wanted = new Set(seqs)
      const gone = document.rows.filter((row) => wanted.has(row.seq))
      if (gone.length < seqs.length) return false
      const sources = sourcesIn(gone)
      const folded: Row = { ...gone.at(-1)!, update: update.slice(), receipt: gone.some((row) => row.receipt), sources }
      const replaced = (rows: readonly Row[]): Row[] =>
        [folded, ...rows.filter((row) => row.key !== key || !wanted.has(row.seq))].toSorted((a, b) => a.seq - b.seq)
      const { documents } = held(collection)
      held(collection).log = replaced(held(collection).log)
      documents.set(key, { ...document, head: { ...document.head }, rows: replaced(document.rows) })
      return true
    },
    async advance(follower, cursor, projections) {
      for (const { collection, key } of projections)
        if (!documentAt(collectionNumber(collection), key))
          throw new Error(`A projection of a document that is not there: ${collection}/${key}`)
      for (const { collection, key, rows } of projections) {
        const document = place(collectionNumber(collection), key)
        for (const [id, held] of index) if (held.document === document) index.delete(id)
        for (const row of rows) index.set(JSON.stringify([row.view, row.id]), { row, document })
      }
      followers.set(follower, cursor)
    },
    async cursorOf(follower) {
      return followers.get(follower) ?? 0
    },
    async documents(collection, keys) {
      const found = keys.flatMap((key) => {
        const document = documentAt(collection, key)
        if (!document) return []
        const { head, vector, withdrawn } = document
        return [[key, { head, vector, withdrawn }] as const]
      })
      return new Map(found)
    },
    async updatesOf(collection, key) {
      return documentAt(collection, key)?.rows.map((row) => row.update) ?? []
    },
    async rowsOf(collection, key) {
      return documentAt(collection, key)?.rows.map(({ seq, update }) => ({ seq, update })) ?? []
    },
    async longDocuments(rows, limit) {
      return [...collections.values()]
        .flatMap(({ documents }) => [...documents.values()])
        .filter((document) => document.rows.length >= rows)
        .slice(0, limit)
        .map(({ head: { collection, key }, rows: held }) => ({ collection, key, rows: held.length }))
    },
    async rowsAfter(collection, after, maxBytes) {
      const found = collections.get(collection)
      if (!found) return { rows: [], tail: true }
      const rows: StoredRow[] = []
      let bytes = 0
      for (let at = placeAfter(found.log, after); at < found.log.length; at++) {
        if (bytes >= maxBytes) return { rows, tail: false }
        const row = found.log[at]!
        const { seq, generation, update, receipt } = row
        bytes += update.length + 64
        rows.push({
          seq,
          head: found.documents.get(row.key)!.head,
          generation,
          update,
          receipt,
          sources: sourcesOf(row),
          folded: row.sources !== null,
        })
      }
      return { rows, tail: true }
    },
    async rowsFor(collection, after, maxBytes, { peer, beyond }) {
      const { rows, tail } = await this.rowsAfter(collection, after, maxBytes)
      const wanted = rows.filter((row) => row.folded || row.seq <= beyond || !row.sources.has(peer))
      return { rows: wanted, to: rows.at(-1)?.seq ?? after, tail }
    },
    async changedAfter(numbers, after, limit) {
      return changed(numbers, after).slice(0, limit)
    },
    async countChangedAfter(numbers, after) {
      return changed(numbers, after).length
    },
    list: async (collection, after, limit) => listed(collection, after, limit, () => true),
    withdrawn: async (collection, after, limit) => listed(collection, after, limit, (one) => one.withdrawn),
    async count(collection) {
      return collections.get(collection)?.documents.size ?? 0
    },
    async asideTotals() {
      const totals = new Map<string, AsideTotal>()
      for (const { review, peer, size, since, place } of aside.values()) {
        const had = totals.get(review) ?? { review, peer, rows: 0, bytes: 0, since, newest: since, place }
        totals.set(review, {
          ...had,
          rows: had.rows + 1,
          bytes: had.bytes + size,
          since: Math.min(had.since, since),
          newest: Math.max(had.newest, since),
          place: Math.max(had.place, place),
        })
      }
      return [...totals.values()].toSorted((a, b) => byBytes(a.review, b.review))
    },
    async asideOf(collection, key, after, limit) {
      return [...aside.values()]
        .filter((row) => row.collection === collection && row.key === key)
        .filter((row) => row.seq > after.seq || (row.seq === after.seq && row.place > after.place))
        .toSorted((a, b) => a.seq - b.seq || a.place - b.place)
        .slice(0, limit)
    },
    async asideAfter(after, limit) {
      return [...aside.values()]
        .filter((row) => row.place > after)
        .toSorted((a, b) => a.place - b.place)
        .slice(0, limit)
        .map(({ place: at, collection, key }) => ({ place: at, collection, key }))
    },
    async index(query) {
      const { view, patient, state, from, before, descending, limit } = query
      const rows = [...index.values()]
        .map(({ row }) => row)
        .filter((row) => row.view === view && (patient === undefined || row.patient === patient))
        .filter((row) => (state === undefined || row.state === state) && (from === undefined || row.at >= from))
        .filter((row) => before === undefined || row.at < before)
        .toSorted((a, b) => a.at - b.at || byBytes(a.id, b.id))
      return (descending ? rows.toReversed() : rows).slice(0, limit)
    },
    async indexCount(query) {
      return (await this.index(query)).length
    },
    async indexed(view, id) {
      return index.get(JSON.stringify([view, id]))?.row
    },
    async close() {},
  }
}

/** The order of keys and ids: that of their UTF-8 bytes, which a database can keep too. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
