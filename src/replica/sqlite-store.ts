/**
 * The store in one SQLite file: WAL with synchronous=FULL, so what resolved has been synced to disk; opened for this
 * process alone, so a folder never has two writers. Rows and index bodies are sealed by the practice's data key.
 * Here stands the contract: each operation one transaction over the log, the documents, the peers and the index.
 */
import Database from 'better-sqlite3'
import { collectionNumber, collections } from './collections.ts'
import type { DocumentHead } from './replica-face.ts'
import { unwrapKey, wrapNewKey, type Sealer } from './sealing.ts'
import type { LogRow, RowHead } from './segment.ts'
import { sqliteAside } from './sqlite-aside.ts'
import { sqliteChunks } from './sqlite-chunks.ts'
import { sqliteDocuments } from './sqlite-documents.ts'
import { sqliteIndex } from './sqlite-index.ts'
import { sqliteLog } from './sqlite-log.ts'
import { sqlitePeers } from './sqlite-peers.ts'
import { laterIndexes, storeTables, storeVersion } from './sqlite-schema.ts'
import { StoreFull, StoreRefused, withEpoch, type NewRow, type Store, type StoredRow } from './store.ts'

/** Opens `file`, made where it is missing; `mostBytes`: the largest that it may become, where that is bounded. Rejects with StoreRefused where another process has it, or its version is newer. */
export async function openSqliteStore(options: {
  readonly file: string
  readonly master: Sealer
  readonly mostBytes?: number | undefined
}): Promise<Store> {
  const { file, master } = options
  // Who has the file keeps it: waiting longer than for a process that is just ending is of no use.
  const db = new Database(file, { timeout: 250 })
  try {
    db.pragma('locking_mode = EXCLUSIVE')
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma('secure_delete = ON')
    db.exec('begin exclusive; commit')
    if (options.mostBytes !== undefined) {
      const pages = Math.floor(options.mostBytes / (db.pragma('page_size', { simple: true }) as number))
      // To SQLite 0 is no limit; of a file that is larger already it makes the limit its size.
      db.pragma(`max_page_count = ${Math.max(1, pages)}`)
    }
  } catch (error) {
    db.close()
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY'))
      throw new StoreRefused(`${file} is in use by another process. Stop that one first.`, { cause: error })
    throw error
  }
  const version = db.pragma('user_version', { simple: true }) as number
  if (version > storeVersion) {
    db.close()
    throw new StoreRefused(
      `${file} was written by a newer PatientConnection (store ${version}); this one reads up to ${storeVersion}. Update first.`,
    )
  }
  if (version > 0 && version < storeVersion) {
    db.close()
    throw new StoreRefused(
      `${file} was written by a PatientConnection from before the first release (store ${version}), which this one cannot read. Enroll a new folder; InSched and the portal bring its records back.`,
    )
  }
  if (version === 0)
    db.transaction(() => {
      db.exec(storeTables)
      db.prepare('insert into meta values (?, ?)').run('data key', wrapNewKey(master, 'data key'))
      db.pragma(`user_version = ${storeVersion}`)
    })()
  db.exec(laterIndexes)
  const wrapped = db.prepare('select value from meta where name = ?').pluck().get('data key') as Uint8Array
  return sqliteStore(db, unwrapKey(master, wrapped, 'data key'))
}

function sqliteStore(db: Database.Database, sealer: Sealer): Store {
  const log = sqliteLog(db, sealer)
  const documents = sqliteDocuments(db)
  const peers = sqlitePeers(db)
  const index = sqliteIndex(db, sealer)
  const aside = sqliteAside(db, sealer, peers)
  // The newest row of a collection is never taken away without another in its place, so this is the highest seq ever given.
  let head = Math.max(0, ...collections.map((_, number) => log.newest(number)))

  const transaction = db.transaction((run: () => unknown) => run())
  /** One transaction; where it fails, what is kept in memory goes back with it. */
  const atomically = <T>(run: () => T): T => {
    const before = head
    try {
      return transaction(run) as T
    } catch (error) {
      head = before
      log.forget()
      documents.forget()
      peers.forget()
      if (error instanceof Database.SqliteError && error.code === 'SQLITE_FULL')
        throw new StoreFull(
          'The disk is full. Nothing of this was saved; what was saved before is safe. Free some space: it goes on by itself.',
          { cause: error },
        )
      throw error
    }
  }
  /** What was deleted is zeros in the file (secure_delete), and goes from the write-ahead log too. */
  const scrub = (): void => void db.pragma('wal_checkpoint(TRUNCATE)')
  /** The rows of a document, newest first: each names the one before it. */
  const chainOf = (collection: number, newest: number): LogRow[] => {
    const chain: LogRow[] = []
    for (let seq = newest; seq > 0; seq = chain.at(-1)!.previous) chain.push(log.find(collection, seq))
    return chain
  }

  const rowsOf = (collection: number, key: string): LogRow[] =>
    chainOf(collection, documents.place(collection, key)?.newest ?? 0).toReversed()

  const appendRow = (row: NewRow): number => {
    const seq = ++head
    const { collection, key, generation, update, origin, receipt, mode } = row
    const before = documents.place(collection, key)?.newest ?? 0
    const gone = mode === 'add' ? [] : chainOf(collection, before)
    for (const old of gone) log.remove(collection, old.seq)
    log.add(collection, {
      seq,
      document: documents.put(row, seq),
      generation,
      previous: mode === 'add' ? before : 0,
      source: origin ? peers.numberOf(origin.peer) : 0,
      epoch: origin?.epoch ?? 0,
      position: origin?.seq ?? 0,
      receipt,
      sources: mode === 'anew' ? new Map([[0, seq]]) : mode === 'withdraw' ? sourcesIn(gone).set(0, seq) : null,
      size: update.length,
      update,
    })
    return seq
  }

  const fold = (collection: number, key: string, seqs: readonly number[], update: Uint8Array): boolean => {
    const held = documents.place(collection, key)
    if (!held) throw new Error(`A fold of a document that is not there: collection ${collection}`)
    const chain = chainOf(collection, held.newest)
    const wanted = new Set(seqs)
    const gone = chain.filter((row) => wanted.has(row.seq))
    const top = gone[0]
    if (!top || gone.length < wanted.size) return false
    const sources = sourcesIn(gone)
    for (const row of gone) if (row !== top) log.remove(collection, row.seq)
    const left = chain.filter((row) => row === top || !wanted.has(row.seq))
    left.forEach((row, i) => {
      const previous = left[i + 1]?.seq ?? 0
      if (row === top) {
        const receipt = gone.some((one) => one.receipt)
        log.replace(collection, { ...top, previous, receipt, sources, size: update.length, update })
      } else if (row.previous !== previous) log.replace(collection, { ...row, previous })
    })
    log.flush()
    documents.setRows(collection, key, left.length)
    return true
  }

  const advance = (follower: string, cursor: number, projections: Parameters<Store['advance']>[2]): void => {
    for (const { collection, key, rows } of projections) {
      const found = documents.place(collectionNumber(collection), key)
      if (!found) throw new Error(`A projection of a document that is not there: ${collection}/${key}`)
      index.project(found.id, rows)
    }
    index.setCursor(follower, cursor)
  }

  /** The rows beyond `after` that are wanted, segment by segment: one of which none is wanted is not opened. */
  const rowsAfter = (
    collection: number,
    after: number,
    maxBytes: number,
    wanted: (row: RowHead) => boolean,
  ): Awaited<ReturnType<Store['rowsFor']>> => {
    const rows: StoredRow[] = []
    let to = after
    let bytes = 0
    for (let heads = log.headsAfter(collection, to); heads.length > 0; heads = log.headsAfter(collection, to)) {
      const some: RowHead[] = []
      let taken = 0
      while (taken < heads.length && bytes < maxBytes) {
        const row = heads[taken++]!
        const isWanted = wanted(row)
        if (isWanted) some.push(row)
        // Also what is left out takes time: about that of its head.
        bytes += isWanted ? row.size + 64 : 16
      }
      const found = documents.headsOf(some)
      for (const [i, update] of log.updatesOf(collection, some).entries()) {
        const { seq, generation, receipt, sources, source } = some[i]!
        const named = sources ? [...sources] : [[source, seq] as const]
        rows.push({
          seq,
          head: found[i]!,
          generation,
          update,
          receipt,
          sources: new Map(named.map(([number, newest]) => [peers.nameOf(number), newest])),
          folded: sources !== null,
        })
      }
      to = taken > 0 ? heads[taken - 1]!.seq : to
      if (taken < heads.length) return { rows, to, tail: false }
    }
    return { rows, to, tail: true }
  }

  /** The documents whose newest row is beyond `after`, in order of it. */
  const changedAfter = function* (collection: number, after: number): Generator<DocumentHead> {
    for (let heads = log.headsAfter(collection, after); heads.length > 0;) {
      for (const [i, document] of documents.headsOf(heads).entries()) if (document.seq === heads[i]!.seq) yield document
      heads = log.headsAfter(collection, heads.at(-1)!.seq)
    }
  }

  return {
    chunks: sqliteChunks(db, sealer, { atomically, scrub }),
    async open({ practice, replica }) {
      const get = db.prepare('select value from meta where name = ?').pluck()
      const held = get.get('replica') as string | undefined
      if (held === undefined) {
        const put = db.prepare('insert into meta values (?, ?)')
        db.transaction(() => {
          put.run('practice', practice)
          put.run('replica', replica)
        })()
      } else if (held !== replica || get.get('practice') !== practice)
        throw new StoreRefused(`This folder belongs to replica ${held}, not to ${replica}.`)
      return { head, epochs: peers.epochs(), incarnations: peers.incarnations(), peers: peers.all() }
    },
    async startEpoch(id, first = head + 1) {
      const list = withEpoch(peers.epochs(), id, first)
      atomically(() => peers.setEpochs(list))
      return list
    },
    async append(rows, progress, renewals = [], changes) {
      const seqs = atomically(() => {
        const given = rows.map(appendRow)
        documents.flush()
        log.flush()
        for (const one of progress) {
          peers.progress(one)
          for (const key of one.withdrawn ?? []) documents.setWithdrawn(one.collection, key)
        }
        for (const one of renewals) peers.renew(one)
        if (changes) aside.change(changes)
        return given
      })
      const gone = changes !== undefined && changes.drop.length + changes.skip.length > 0
      if (gone || rows.some((row) => row.mode === 'replace' || row.mode === 'withdraw')) scrub()
      return seqs
    },
    meet: async (peer) => atomically(() => peers.meet(peer)),
    acknowledge: async (peer, collection, position) => atomically(() => peers.acknowledge(peer, collection, position)),
    giveAmnesty: async (peer, collection, upTo) => atomically(() => peers.giveAmnesty(peer, collection, upTo)),
    fold: async (collection, key, seqs, update) => atomically(() => fold(collection, key, seqs, update)),
    async advance(follower, cursor, projections) {
      atomically(() => advance(follower, cursor, projections))
      if (projections.some(({ rows }) => rows.length === 0)) scrub()
    },
    cursorOf: async (follower) => index.cursorOf(follower),
    documents: async (collection, keys) => documents.find(collection, keys),
    updatesOf: async (collection, key) => rowsOf(collection, key).map((row) => row.update),
    rowsOf: async (collection, key) => rowsOf(collection, key).map(({ seq, update }) => ({ seq, update })),
    withdrawn: async (collection, after, limit) => documents.withdrawn(collection, after, limit),
    longDocuments: async (rows, limit) => documents.long(rows, limit),
    async rowsAfter(collection, after, maxBytes) {
      const { rows, tail } = rowsAfter(collection, after, maxBytes, () => true)
      return { rows, tail }
    },
    async rowsFor(collection, after, maxBytes, { peer, beyond }) {
      const source = peers.numberOf(peer)
      return rowsAfter(
        collection,
        after,
        maxBytes,
        (row) => row.sources !== null || row.seq <= beyond || row.source !== source,
      )
    },
    async changedAfter(numbers, after, limit) {
      const heads: DocumentHead[] = []
      for (const number of numbers) {
        let taken = 0
        for (const document of changedAfter(number, after)) {
          if (++taken > limit) break
          heads.push(document)
        }
      }
      return heads.toSorted((a, b) => a.seq - b.seq).slice(0, limit)
    },
    async countChangedAfter(numbers, after) {
      let count = 0
      for (const number of numbers)
        if (after <= 0) count += documents.count(number)
        else for (const _ of changedAfter(number, after)) count++
      return count
    },
    list: async (collection, after, limit) => documents.list(collection, after, limit),
    count: async (collection) => documents.count(collection),
    asideTotals: async () => aside.totals(),
    asideOf: async (...asked) => aside.of(...asked),
    asideAfter: async (...asked) => aside.after(...asked),
    index: async (query) => index.query(query),
    indexCount: async (query) => index.count(query),
    indexed: async (view, id) => index.find(view, id),
    async close() {
      log.forget()
      db.close()
    },
  }
}

/** Per source the newest seq that is in any of the rows. */
function sourcesIn(rows: readonly LogRow[]): Map<number, number> {
  const sources = new Map<number, number>()
  for (const row of rows)
    for (const [source, seq] of row.sources ?? [[row.source, row.seq] as const])
      sources.set(source, Math.max(sources.get(source) ?? 0, seq))
  return sources
}
