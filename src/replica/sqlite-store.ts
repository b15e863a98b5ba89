/**
 * The store in one SQLite file: WAL with synchronous=FULL, so what resolved has been synced to disk; opened for this
 * process alone, so a folder never has two writers. Rows and index bodies are sealed by the practice's data key.
 */
import Database from 'better-sqlite3'
import { collectionNumber, collectionOf, collections, type Facts } from './collections.ts'
import { DocumentMap } from './document-map.ts'
import type { DocumentHead, IndexRow } from './replica-face.ts'
import { unwrapKey, wrapNewKey, type Sealer } from './sealing.ts'
import { storeTables, storeVersion } from './sqlite-schema.ts'
import {
  StoreRefused,
  withEpoch,
  type NewRow,
  type Opened,
  type PeerKnowledge,
  type Store,
  type StoredRow,
} from './store.ts'

interface DocumentRow {
  id: number
  collection: number
  key: string
  generation: number
  erased: number
  newest: number
  patient: string | null
  site: string | null
  shown: number
  reachable: number
  starts_at: number | null
  facts_at: number
  vector: Uint8Array
}
interface UpdateRow {
  seq: number
  generation: number
  previous: number
  source: number
  source_epoch: number | null
  source_seq: number | null
  receipt: number
  sources: string | null
  sealed: Uint8Array
}
/** Where a document stands: its row, and the newest of its updates. */
interface Place {
  readonly id: number
  readonly newest: number
}
type RawRow = readonly [
  seq: number, generation: number, source: number, receipt: number, sources: string | null, sealed: Uint8Array,
  key: string, current: number, erased: number, newest: number, patient: string | null, site: string | null, shown: number, reachable: number,
  startsAt: number | null, at: number,
] // prettier-ignore
interface IndexRecord {
  view: string
  id: string
  patient: string | null
  state: string
  at: number
  sealed: Uint8Array
}

/** Opens `file`, made where it is missing. Rejects with StoreRefused where another process has it, or its version is newer. */
export async function openSqliteStore(options: { readonly file: string; readonly master: Sealer }): Promise<Store> {
  const { file, master } = options
  // Who has the file keeps it: waiting longer than for a process that is just ending is of no use.
  const db = new Database(file, { timeout: 250 })
  try {
    db.pragma('locking_mode = EXCLUSIVE')
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma('secure_delete = ON')
    db.exec('begin exclusive; commit')
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
  if (version === 0)
    db.transaction(() => {
      db.exec(storeTables)
      db.prepare('insert into meta values (?, ?)').run('data key', wrapNewKey(master, 'data key'))
      db.pragma(`user_version = ${storeVersion}`)
    })()
  const wrapped = db.prepare('select value from meta where name = ?').pluck().get('data key') as Uint8Array
  return sqliteStore(db, unwrapKey(master, wrapped, 'data key'))
}

function sqliteStore(db: Database.Database, sealer: Sealer): Store {
  // The newest row of a collection is never taken away without another in its place, so this is the highest seq ever given.
  const newestOf = db.prepare('select max(seq) from updates where collection = ?').pluck()
  let head = Math.max(0, ...collections.map((_, number) => (newestOf.get(number) as number | null) ?? 0))
  const peerNumbers = new Map(
    (db.prepare('select number, replica from peers').all() as { number: number; replica: string }[]).map((peer) => [
      peer.replica,
      peer.number,
    ]),
  )
  const peerNames = new Map([...peerNumbers].map(([name, number]) => [number, name]))

  const findDocument = db.prepare('select * from documents where collection = ? and key = ?')
  const findPlace = db.prepare('select id, newest from documents where collection = ? and key = ?')
  const insertDocument = db.prepare(
    `insert into documents(collection, key, generation, erased, newest, rows, patient, site, shown, reachable, starts_at, facts_at, vector)
     values (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const updateDocument = db.prepare(
    `update documents set generation = ?, erased = ?, newest = ?, rows = case when ? then rows + 1 else 1 end, patient = ?, site = ?, shown = ?, reachable = ?, starts_at = ?, facts_at = ?, vector = ? where id = ?`,
  )
  const insertUpdate = db.prepare('insert into updates values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const findUpdate = db.prepare(
    'select seq, generation, previous, source, source_epoch, source_seq, receipt, sources, sealed from updates where collection = ? and seq = ?',
  )
  const setRows = db.prepare('update documents set rows = ? where id = ?')
  const longDocuments = db.prepare('select collection, key, rows from documents where rows >= 32 and rows >= ? limit ?')
  const setPrevious = db.prepare('update updates set previous = ? where collection = ? and seq = ?')
  const deleteRow = db.prepare('delete from updates where collection = ? and seq = ?')
  const rowsAfter = db
    .prepare(
      `select u.seq, u.generation, u.source, u.receipt, u.sources, u.sealed,
       d.key, d.generation, d.erased, d.newest, d.patient, d.site, d.shown, d.reachable, d.starts_at, d.facts_at
       from updates u join documents d on d.id = u.document where u.collection = ? and u.seq > ? order by u.seq`,
    )
    .raw()
  const changedAfter = db.prepare(
    `select d.* from updates u join documents d on d.id = u.document
     where u.collection = ? and u.seq > ? and d.newest = u.seq order by u.seq limit ?`,
  )
  const countChangedAfter = db
    .prepare(
      `select count(*) from updates u join documents d on d.id = u.document
       where u.collection = ? and u.seq > ? and d.newest = u.seq`,
    )
    .pluck()
  const setCursor = db.prepare(
    `update cursors set epoch = ?, position = ?, complete = ?, erased_at = ? where peer = ? and collection = ?`,
  )
  const setSeen = db.prepare('update peers set seen = ? where number = ?')
  const insertPeer = db.prepare('insert into peers(replica, chain, seen, incarnations) values (?, ?, ?, ?)')
  const updatePeer = db.prepare('update peers set chain = ?, seen = ?, incarnations = ? where number = ?')
  const putCursor = db.prepare('insert or replace into cursors values (?, ?, ?, ?, ?, ?, ?, ?)')
  const setAcknowledged = db.prepare('update cursors set acknowledged = ? where peer = ? and collection = ?')
  const setFollower = db.prepare('insert or replace into followers values (?, ?)')
  const unindex = db.prepare('delete from page_index where document = ?')
  const putIndex = db.prepare('insert or replace into page_index values (?, ?, ?, ?, ?, ?, ?)')

  const place = (collection: number, key: string, generation: number, seq: number): string =>
    `${collection}/${key}/${generation}/${seq}`
  const bodyPlace = (view: string, id: string): string => `index/${view}/${id}`
  const peerNumber = (replica: string): number => {
    const number = peerNumbers.get(replica)
    if (number === undefined) throw new Error(`A row came from ${replica}, which was never met`)
    return number
  }
  const sourcesOf = (seq: number, source: number, sources: string | null): Map<string, number> =>
    sources === null
      ? new Map([[source === 0 ? '' : peerNames.get(source)!, seq]])
      : new Map(Object.entries(JSON.parse(sources) as Record<string, number>))

  // A commit asks for each document before it writes it: what it learned then is not asked again. One writer keeps it true.
  const places = new DocumentMap<number, Place | undefined>()
  const remember = (collection: number, key: string, found: Place | undefined): Place | undefined => {
    if (places.size >= 10_000) places.clear()
    places.set(collection, key, found)
    return found
  }
  const placeOf = (collection: number, key: string): Place | undefined =>
    places.get(collection, key) ??
    (places.has(collection, key)
      ? undefined
      : remember(collection, key, findPlace.get(collection, key) as Place | undefined))
  /** The updates of a document, newest first: each names the one before it. */
  const chainOf = (collection: number, newest: number): UpdateRow[] => {
    const chain: UpdateRow[] = []
    for (let seq = newest; seq > 0; seq = chain.at(-1)!.previous)
      chain.push(findUpdate.get(collection, seq) as UpdateRow)
    return chain
  }

  const openedRows = (collection: number, key: string): { seq: number; update: Uint8Array }[] => {
    const found = placeOf(collection, key)
    const chain = found ? chainOf(collection, found.newest).toReversed() : []
    return chain.map(({ seq, generation, sealed }) => ({
      seq,
      update: sealer.open(sealed, place(collection, key, generation, seq)),
    }))
  }

  const appendRow = (row: NewRow): number => {
    const seq = ++head
    const { collection, key, generation, erased } = row
    const { patient, site, shown, reachable, startsAt, at } = row.facts
    const held = placeOf(collection, key)
    let document = held?.id
    let previous = 0
    if (held) {
      if (row.mode === 'add') previous = held.newest
      else for (const old of chainOf(collection, held.newest)) deleteRow.run(collection, old.seq)
      updateDocument.run(
        generation,
        erased,
        seq,
        +(row.mode === 'add'),
        patient,
        site,
        +shown,
        +reachable,
        startsAt,
        at,
        row.vector,
        held.id,
      )
    } else {
      document = Number(
        insertDocument.run(
          collection, key, generation, erased, seq, patient, site, +shown, +reachable, startsAt, at, row.vector,
        ).lastInsertRowid,
      ) // prettier-ignore
    }
    remember(collection, key, { id: document!, newest: seq })
    const sealed = sealer.seal(row.update, place(collection, key, generation, seq))
    const sources = row.mode === 'anew' ? JSON.stringify({ '': seq }) : null
    const source = row.origin ? peerNumber(row.origin.peer) : 0
    insertUpdate.run(
      collection, seq, document, generation, previous, source, row.origin?.epoch ?? null, row.origin?.seq ?? null,
      +row.receipt, sources, sealed,
    ) // prettier-ignore
    return seq
  }

  /** What was deleted is zeros in the file (secure_delete), and goes from the write-ahead log too. */
  const scrub = (): void => void db.pragma('wal_checkpoint(TRUNCATE)')

  const append = db.transaction(
    (rows: Parameters<Store['append']>[0], progress: Parameters<Store['append']>[1]): number[] => {
      const seqs = rows.map(appendRow)
      for (const { peer, collection, cursor, seen } of progress) {
        const number = peerNumber(peer)
        setCursor.run(cursor.epoch, cursor.position, cursor.complete, cursor.erasedAt, number, collection)
        setSeen.run(seen, number)
      }
      return seqs
    },
  )

  const meet = db.transaction((peer: PeerKnowledge) => {
    const chain = JSON.stringify(peer.chain)
    const incarnations = JSON.stringify(peer.incarnations)
    let number = peerNumbers.get(peer.replica)
    if (number === undefined) {
      number = Number(insertPeer.run(peer.replica, chain, peer.seen, incarnations).lastInsertRowid)
      peerNumbers.set(peer.replica, number)
      peerNames.set(number, peer.replica)
    } else updatePeer.run(chain, peer.seen, incarnations, number)
    peer.cursors.forEach(
      (cursor, collection) =>
      putCursor.run(
        number, collection, cursor.epoch, cursor.position, cursor.complete, cursor.erasedAt,
        peer.amnesty[collection], peer.acknowledged[collection],
      ), // prettier-ignore
    )
  })

  const fold = db.transaction((collection: number, key: string, seqs: readonly number[], update: Uint8Array) => {
    const { id, newest } = placeOf(collection, key)!
    const chain = chainOf(collection, newest)
    const wanted = new Set(seqs)
    const gone = chain.filter((row) => wanted.has(row.seq))
    if (gone.length < seqs.length) return false
    const sources = new Map<string, number>()
    for (const row of gone)
      for (const [source, seq] of sourcesOf(row.seq, row.source, row.sources))
        sources.set(source, Math.max(sources.get(source) ?? 0, seq))
    const top = gone[0]!
    for (const row of gone) deleteRow.run(collection, row.seq)
    insertUpdate.run(
      collection, top.seq, id, top.generation, 0, top.source, top.source_epoch, top.source_seq,
      gone.some((row) => row.receipt === 1) ? 1 : 0, JSON.stringify(Object.fromEntries(sources)),
      sealer.seal(update, place(collection, key, top.generation, top.seq)),
    ) // prettier-ignore
    const left = chain.filter((row) => row === top || !wanted.has(row.seq))
    left.forEach((row, i) => setPrevious.run(left[i + 1]?.seq ?? 0, collection, row.seq))
    setRows.run(left.length, id)
    return true
  })

  const advance = db.transaction((follower: string, cursor: number, projections: Parameters<Store['advance']>[2]) => {
    for (const projection of projections) {
      const found = placeOf(collectionNumber(projection.collection), projection.key)
      if (!found)
        throw new Error(`A projection of a document that is not there: ${projection.collection}/${projection.key}`)
      unindex.run(found.id)
      for (const row of projection.rows) {
        const sealed = sealer.seal(Buffer.from(JSON.stringify(row.body)), bodyPlace(row.view, row.id))
        putIndex.run(row.view, row.id, found.id, row.patient, row.state, row.at, sealed)
      }
    }
    setFollower.run(follower, cursor)
  })

  const indexRow = (row: IndexRecord): IndexRow => {
    const { view, id, patient, state, at, sealed } = row
    return {
      view,
      id,
      patient,
      state,
      at,
      body: JSON.parse(Buffer.from(sealer.open(sealed, bodyPlace(view, id))).toString()) as IndexRow['body'],
    }
  }
  return {
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
      const incarnations = collections.map(
        (_, number) =>
          (db.prepare('select id from incarnations where collection = ?').pluck().get(number) as string | undefined) ??
          '',
      )
      return { head, epochs: epochs(), incarnations, peers: peers() } satisfies Opened
    },
    async startEpoch(id) {
      const list = withEpoch(epochs(), id, head + 1)
      db.transaction(() => {
        db.exec('delete from epochs')
        list.forEach((epoch, position) =>
          db.prepare('insert into epochs values (?, ?, ?)').run(position, epoch.id, epoch.first),
        )
      })()
      return list
    },
    async append(rows, progress) {
      const before = head
      try {
        const seqs = append(rows, progress)
        if (rows.some((row) => row.mode === 'replace')) scrub()
        return seqs
      } catch (error) {
        head = before
        places.clear()
        throw error
      }
    },
    async meet(peer) {
      meet(peer)
    },
    async acknowledge(peer, collection, position) {
      setAcknowledged.run(position, peerNumber(peer), collection)
    },
    async fold(collection, key, seqs, update) {
      return fold(collection, key, seqs, update)
    },
    async advance(follower, cursor, projections) {
      advance(follower, cursor, projections)
      if (projections.some(({ rows }) => rows.length === 0)) scrub()
    },
    async cursorOf(follower) {
      return (
        (db.prepare('select cursor from followers where name = ?').pluck().get(follower) as number | undefined) ?? 0
      )
    },
    async documents(collection, keys) {
      const found = new Map<string, { head: DocumentHead; vector: Uint8Array }>()
      for (const key of keys) {
        const row = findDocument.get(collection, key) as DocumentRow | undefined
        remember(collection, key, row && { id: row.id, newest: row.newest })
        if (row) found.set(key, { head: headOf(row), vector: row.vector })
      }
      return found
    },
    async updatesOf(collection, key) {
      return openedRows(collection, key).map((row) => row.update)
    },
    async rowsOf(collection, key) {
      return openedRows(collection, key)
    },
    async longDocuments(rows, limit) {
      return (longDocuments.all(rows, limit) as { collection: number; key: string; rows: number }[]).map((row) => ({
        ...row,
        collection: collectionOf(row.collection)!,
      }))
    },
    async rowsAfter(collection, after, maxBytes) {
      const rows: StoredRow[] = []
      let bytes = 0
      for (const row of rowsAfter.iterate(collection, after) as Iterable<RawRow>) {
        if (bytes >= maxBytes) return { rows, tail: false }
        const [seq, generation, source, receipt, sources, sealed, key, current, erased, newest] = row
        const [, , , , , , , , , , patient, site, shown, reachable, startsAt, at] = row
        const update = sealer.open(sealed, place(collection, key, generation, seq))
        bytes += update.length + 64
        const facts: Facts = { patient, site, shown: shown === 1, reachable: reachable === 1, startsAt, at }
        rows.push({
          seq,
          head: { collection: collectionOf(collection)!, key, generation: current, erased, seq: newest, facts },
          generation,
          update,
          receipt: receipt === 1,
          sources: sourcesOf(seq, source, sources),
          folded: sources !== null,
        })
      }
      return { rows, tail: true }
    },
    async changedAfter(numbers, after, limit) {
      const rows = numbers.flatMap((number) => changedAfter.all(number, after, limit) as DocumentRow[])
      return rows
        .toSorted((a, b) => a.newest - b.newest)
        .slice(0, limit)
        .map(headOf)
    },
    async countChangedAfter(numbers, after) {
      return numbers.reduce((sum, number) => sum + (countChangedAfter.get(number, after) as number), 0)
    },
    async list(collection, after, limit) {
      const rows = db
        .prepare('select * from documents where collection = ? and key > ? order by key limit ?')
        .all(collection, after ?? '', limit) as DocumentRow[]
      // An empty key is a key too, and nothing is smaller than it.
      const first = after === undefined ? (findDocument.get(collection, '') as DocumentRow | undefined) : undefined
      return (first ? [first, ...rows].slice(0, limit) : rows).map(headOf)
    },
    async count(collection) {
      return db.prepare('select count(*) from documents where collection = ?').pluck().get(collection) as number
    },
    async index(query) {
      const conditions = ['view = ?']
      const values: unknown[] = [query.view]
      const where = (condition: string, value: unknown): void => {
        if (value === undefined) return
        conditions.push(condition)
        values.push(value)
      }
      where('patient = ?', query.patient)
      where('state = ?', query.state)
      where('at >= ?', query.from)
      where('at < ?', query.before)
      const order = query.descending ? 'desc' : 'asc'
      const sql = `select view, id, patient, state, at, sealed from page_index where ${conditions.join(' and ')} order by at ${order}, id ${order} limit ?`
      return (db.prepare(sql).all(...values, query.limit ?? -1) as IndexRecord[]).map(indexRow)
    },
    async indexed(view, id) {
      const row = db
        .prepare('select view, id, patient, state, at, sealed from page_index where view = ? and id = ?')
        .get(view, id)
      return row === undefined ? undefined : indexRow(row as IndexRecord)
    },
    async close() {
      db.close()
    },
  }

  function epochs(): { id: number; first: number }[] {
    return db.prepare('select id, first from epochs order by position').all() as { id: number; first: number }[]
  }

  function peers(): PeerKnowledge[] {
    interface CursorRow { epoch: number; position: number; complete: number; erased_at: number; amnesty: number; acknowledged: number } // prettier-ignore
    const rows = db.prepare('select * from peers').all() as {
      number: number
      replica: string
      chain: string
      seen: number
      incarnations: string
    }[]
    return rows.map((peer) => {
      const cursors = db
        .prepare('select * from cursors where peer = ? order by collection')
        .all(peer.number) as CursorRow[]
      return {
        replica: peer.replica,
        chain: JSON.parse(peer.chain) as PeerKnowledge['chain'],
        seen: peer.seen,
        incarnations: JSON.parse(peer.incarnations) as string[],
        cursors: cursors.map((row) => ({
          epoch: row.epoch,
          position: row.position,
          complete: row.complete,
          erasedAt: row.erased_at,
        })),
        amnesty: cursors.map((row) => row.amnesty),
        acknowledged: cursors.map((row) => row.acknowledged),
      }
    })
  }
}

function headOf(row: DocumentRow): DocumentHead {
  const facts: Facts = {
    patient: row.patient,
    site: row.site,
    shown: row.shown === 1,
    reachable: row.reachable === 1,
    startsAt: row.starts_at,
    at: row.facts_at,
  }
  const { key, generation, erased, newest } = row
  return { collection: collectionOf(row.collection)!, key, generation, erased, seq: newest, facts }
}
