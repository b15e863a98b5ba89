/** The store in memory: for tests and simulation, where a crash is the loss of everything but this object. */
import { collectionNumber, collectionOf, collections } from './collections.ts'
import type { DocumentHead, IndexRow } from './replica-face.ts'
import {
  StoreRefused,
  withEpoch,
  type Epoch,
  type NewRow,
  type Origin,
  type PeerKnowledge,
  type Store,
  type StoredRow,
} from './store.ts'

interface Row {
  readonly seq: number
  readonly generation: number
  readonly update: Uint8Array
  readonly receipt: boolean
  readonly origin: Origin | null
  readonly sources: ReadonlyMap<string, number> | null
}
interface Document {
  head: DocumentHead
  vector: Uint8Array
  rows: Row[]
}

/** An empty store in memory. */
export function memoryStore(): Store {
  const documents = new Map<string, Document>()
  const peers = new Map<string, PeerKnowledge>()
  const followers = new Map<string, number>()
  const index = new Map<string, { row: IndexRow; document: string }>()
  let identity: { practice: string; replica: string } | undefined
  let epochs: Epoch[] = []
  let incarnations: string[] = []
  let head = 0

  const place = (collection: number, key: string): string => `${collection}/${key}`
  const inCollection = (collection: number): Document[] =>
    [...documents.values()].filter((document) => collectionNumber(document.head.collection) === collection)
  const sourcesOf = (row: Row): ReadonlyMap<string, number> =>
    row.sources ?? new Map([[row.origin?.peer ?? '', row.seq]])
  const knownPeer = (replica: string): PeerKnowledge => {
    const peer = peers.get(replica)
    if (!peer) throw new Error(`A row came from ${replica}, which was never met`)
    return peer
  }
  const appendRow = (row: NewRow): number => {
    const seq = ++head
    const at = place(row.collection, row.key)
    const former = documents.get(at)
    const stored: Row = {
      seq,
      generation: row.generation,
      update: row.update.slice(),
      receipt: row.receipt,
      origin: row.origin,
      sources: row.mode === 'anew' ? new Map([['', seq]]) : null,
    }
    documents.set(at, {
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
    })
    return seq
  }
  const changed = (numbers: readonly number[], after: number): DocumentHead[] =>
    [...documents.values()]
      .map((document) => document.head)
      .filter((item) => item.seq > after && numbers.includes(collectionNumber(item.collection)))
      .toSorted((a, b) => a.seq - b.seq)

  return {
    async open({ practice, replica }) {
      identity ??= { practice, replica }
      if (identity.practice !== practice || identity.replica !== replica)
        throw new StoreRefused(`This folder belongs to replica ${identity.replica}, not to ${replica}.`)
      if (incarnations.length === 0) incarnations = collections.map(() => '')
      return { head, epochs, incarnations, peers: [...peers.values()] }
    },
    async startEpoch(id) {
      epochs = withEpoch(epochs, id, head + 1)
      return epochs
    },
    async append(rows, progress) {
      for (const row of rows) if (row.origin) knownPeer(row.origin.peer)
      const next = progress.map(({ peer, collection, cursor, seen }) => ({
        peer,
        collection,
        cursor,
        seen,
        known: knownPeer(peer),
      }))
      const seqs = rows.map(appendRow)
      for (const { peer, collection, cursor, seen } of next) {
        const known = knownPeer(peer)
        peers.set(peer, { ...known, seen, cursors: known.cursors.with(collection, cursor) })
      }
      return seqs
    },
    async meet(peer) {
      peers.set(peer.replica, peer)
    },
    async acknowledge(peer, collection, position) {
      const known = knownPeer(peer)
      peers.set(peer, { ...known, acknowledged: known.acknowledged.with(collection, position) })
    },
    async fold(collection, key, seqs, update) {
      const document = documents.get(place(collection, key))!
      const wanted = new Set(seqs)
      const gone = document.rows.filter((row) => wanted.has(row.seq))
      if (gone.length < seqs.length) return false
      const sources = new Map<string, number>()
      for (const row of gone)
        for (const [source, seq] of sourcesOf(row)) sources.set(source, Math.max(sources.get(source) ?? 0, seq))
      const folded: Row = { ...gone.at(-1)!, update: update.slice(), receipt: gone.some((row) => row.receipt), sources }
      document.rows = [folded, ...document.rows.filter((row) => !wanted.has(row.seq))].toSorted((a, b) => a.seq - b.seq)
      return true
    },
    async advance(follower, cursor, projections) {
      for (const { collection, key } of projections)
        if (!documents.has(place(collectionNumber(collection), key)))
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
        const document = documents.get(place(collection, key))
        return document ? [[key, { head: document.head, vector: document.vector }] as const] : []
      })
      return new Map(found)
    },
    async updatesOf(collection, key) {
      return documents.get(place(collection, key))?.rows.map((row) => row.update) ?? []
    },
    async rowsOf(collection, key) {
      return documents.get(place(collection, key))?.rows.map(({ seq, update }) => ({ seq, update })) ?? []
    },
    async longDocuments(rows, limit) {
      return [...documents.values()]
        .filter((document) => document.rows.length >= rows)
        .slice(0, limit)
        .map(({ head: { collection, key }, rows: held }) => ({ collection, key, rows: held.length }))
    },
    async rowsAfter(collection, after, maxBytes) {
      const all = inCollection(collection)
        .flatMap((document) => document.rows.map((row) => ({ row, head: document.head })))
        .filter(({ row }) => row.seq > after)
        .toSorted((a, b) => a.row.seq - b.row.seq)
      const rows: StoredRow[] = []
      let bytes = 0
      for (const { row, head: document } of all) {
        if (bytes >= maxBytes) return { rows, tail: false }
        bytes += row.update.length + 64
        const { seq, generation, update, receipt } = row
        rows.push({
          seq,
          head: document,
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
    async list(collection, after, limit) {
      return inCollection(collection)
        .map((document) => document.head)
        .filter((item) => after === undefined || byBytes(item.key, after) > 0)
        .toSorted((a, b) => byBytes(a.key, b.key))
        .slice(0, limit)
    },
    async count(collection) {
      return inCollection(collection).length
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
