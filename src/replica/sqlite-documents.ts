/**
 * The table of documents: for each its key, generation, newest row, facts and state vector, in clear. Facts are packed
 * (a site is a number, a patient that is the key itself is a flag), since this table and its one index are most of what
 * a first upload writes.
 */
import type Database from 'better-sqlite3'
import { collectionOf, type Collection, type Facts } from './collections.ts'
import { DocumentMap } from './document-map.ts'
import type { DocumentHead } from './replica-face.ts'
import type { RowHead } from './segment.ts'
import type { NewRow, StoredDocument } from './store.ts'

/** Where a document stands: its number, and the newest of its rows. */
export interface DocumentPlace {
  readonly id: number
  readonly newest: number
}
interface Place {
  readonly id: number
  newest: number
  rows: number
  withdrawn: boolean
  /** Whether the table has it. */
  stored: boolean
  /** What it is to be written with. */
  row: NewRow | undefined
}

type Columns = readonly [
  id: number, collection: number, key: string, generation: number, erased: number, newest: number, rows: number, flags: number,
  patient: string | null, site: number | null, startsAt: number | null, at: number, vector?: Uint8Array,
] // prettier-ignore
/** Without the vector: a column of bytes costs as much to read as all others. */
const headColumns = 'id, collection, key, generation, erased, newest, rows, flags, patient, site, starts_at, facts_at'

const shownFlag = 1
const reachableFlag = 2
const patientIsKey = 4
const withdrawnFlag = 8

/** How many places are kept: about those of one commit, or of one batch of a follower. */
const mostPlaces = 4_000
/** How many documents a statement asks for or inserts at once: each statement costs as much as two documents. */
const atOnce = 16

export interface SqliteDocuments {
  /** Those of the documents that are there. */
  find(collection: number, keys: readonly string[]): Map<string, StoredDocument>
  /** Mostly without asking SQLite where the document was asked for or written last. */
  place(collection: number, key: string): DocumentPlace | undefined
  /** The head of the document of each row. */
  headsOf(rows: readonly RowHead[]): DocumentHead[]
  /** Takes in the document as it stands with `row` at `seq`, and gives its number. It waits for `flush`. */
  put(row: NewRow, seq: number): number
  /** Says how many rows a document has after a fold of some. */
  setRows(collection: number, key: string, rows: number): void
  /** Says that a peer has erased a document's content; one that is not there stays so. It waits for no flush. */
  setWithdrawn(collection: number, key: string): void
  /** Documents that count as withdrawn, as `list` lists all. */
  withdrawn(collection: number, after: string | undefined, limit: number): DocumentHead[]
  /** Documents of at least so many rows. */
  long(rows: number, limit: number): { collection: Collection; key: string; rows: number }[]
  /** Writes what waits; to be called in a transaction. */
  flush(): void
  list(collection: number, after: string | undefined, limit: number): DocumentHead[]
  count(collection: number): number
  /** Forgets what it keeps: after a transaction that failed. */
  forget(): void
}

const columnsOfOne = 13
const valuesOfOne = `(${Array<string>(columnsOfOne).fill('?').join(', ')})`
const listOf = (part: string): string => Array<string>(atOnce).fill(part).join(', ')

/** The documents in the tables `documents` and `sites` of `db`. */
export function sqliteDocuments(db: Database.Database): SqliteDocuments {
  const byKeys = db.prepare(`select * from documents where collection = ? and key in (${listOf('?')})`).raw()
  const byKey = db.prepare('select * from documents where collection = ? and key = ?').raw()
  const byIds = db.prepare(`select ${headColumns} from documents where id in (${listOf('?')})`).raw()
  const byId = db.prepare(`select ${headColumns} from documents where id = ?`).raw()
  const placeByKey = db.prepare('select id, newest, rows, flags from documents where collection = ? and key = ?').raw()
  const insert = db.prepare(`insert into documents values ${valuesOfOne}`)
  const insertMany = db.prepare(`insert into documents values ${listOf(valuesOfOne)}`)
  const update = db.prepare(
    'update documents set generation = ?, erased = ?, newest = ?, rows = ?, flags = ?, patient = ?, site = ?, starts_at = ?, facts_at = ?, vector = ? where id = ?',
  )
  const beyond = db
    .prepare(`select ${headColumns} from documents where collection = ? and key > ? order by key limit ?`)
    .raw()
  // As the partial index says it.
  const beyondWithdrawn = db
    .prepare(
      `select ${headColumns} from documents where flags >= 8 and collection = ? and key >= ? order by key limit ?`,
    )
    .raw()
  const setWithdrawn = db.prepare(`update documents set flags = flags | ${withdrawnFlag} where id = ?`)
  const setRows = db.prepare('update documents set rows = ? where id = ?')
  // As the partial index says it.
  const long = db.prepare('select collection, key, rows from documents where rows >= 32 and rows >= ? limit ?')
  const count = db.prepare('select count(*) from documents where collection = ?').pluck()
  const insertSite = db.prepare('insert into sites(site) values (?)')
  const siteNumbers = new Map<string, number>()
  const siteNames = new Map<number, string>()
  // A commit asks for each document before it writes it: what it learned then is not asked again. One writer keeps it true.
  const places = new DocumentMap<number, Place | undefined>()
  let waiting: Place[] = []
  let lastId = 0

  const load = (): void => {
    lastId = db.prepare('select coalesce(max(id), 0) from documents').pluck().get() as number
    siteNumbers.clear()
    siteNames.clear()
    for (const [number, site] of db.prepare('select number, site from sites').raw().all() as [number, string][]) {
      siteNumbers.set(site, number)
      siteNames.set(number, site)
    }
  }
  load()
  const siteNumber = (site: string): number => {
    let number = siteNumbers.get(site)
    if (number === undefined) {
      number = Number(insertSite.run(site).lastInsertRowid)
      siteNumbers.set(site, number)
      siteNames.set(number, site)
    }
    return number
  }
  const remember = (collection: number, key: string, found: Place | undefined): Place | undefined => {
    if (places.size >= mostPlaces && waiting.length === 0) places.clear()
    places.set(collection, key, found)
    return found
  }
  const placed = (id: number, newest: number, rows: number, flags: number, stored = true): Place =>
    ({ id, newest, rows, withdrawn: (flags & withdrawnFlag) !== 0, stored, row: undefined }) // prettier-ignore
  const placeOf = (collection: number, key: string): Place | undefined => {
    const known = places.get(collection, key)
    if (known || places.has(collection, key)) return known
    const found = placeByKey.get(collection, key) as [number, number, number, number] | undefined
    return remember(collection, key, found && placed(...found))
  }
  const factColumns = (key: string, facts: Facts, withdrawn: boolean): unknown[] => {
    const own = facts.patient === key
    const flags =
      (facts.shown ? shownFlag : 0) |
      (facts.reachable ? reachableFlag : 0) |
      (own ? patientIsKey : 0) |
      (withdrawn ? withdrawnFlag : 0)
    const site = facts.site === null ? null : siteNumber(facts.site)
    return [flags, own ? null : facts.patient, site, facts.startsAt, facts.at]
  }
  const flush = (): void => {
    let values: unknown[] = []
    for (const place of waiting) {
      const { id, newest, rows, stored, withdrawn } = place
      const { collection, key, generation, erased, facts, vector } = place.row!
      if (stored) update.run(generation, erased, newest, rows, ...factColumns(key, facts, withdrawn), vector, id)
      else
        values.push(
          id,
          collection,
          key,
          generation,
          erased,
          newest,
          rows,
          ...factColumns(key, facts, withdrawn),
          vector,
        )
      place.stored = true
      place.row = undefined
      if (values.length < atOnce * columnsOfOne) continue
      insertMany.run(values)
      values = []
    }
    for (let at = 0; at < values.length; at += columnsOfOne) insert.run(values.slice(at, at + columnsOfOne))
    waiting = []
  }
  const headOf = (columns: Columns): DocumentHead => {
    const [, collection, key, generation, erased, seq, , flags, patient, site, startsAt, at] = columns
    const facts: Facts = {
      patient: flags & patientIsKey ? key : patient,
      site: site === null ? null : siteNames.get(site)!,
      shown: (flags & shownFlag) !== 0,
      reachable: (flags & reachableFlag) !== 0,
      startsAt,
      at,
    }
    return { collection: collectionOf(collection)!, key, generation, erased, seq, facts }
  }

  return {
    find(collection, keys) {
      const found = new Map<string, StoredDocument>()
      const take = (columns: Columns): void => {
        const [id, , key, , , newest, rows, flags] = columns
        const { withdrawn } = remember(collection, key, placed(id, newest, rows, flags))!
        found.set(key, { head: headOf(columns), vector: columns[12]!, withdrawn })
      }
      let at = 0
      for (; at + atOnce <= keys.length; at += atOnce)
        for (const columns of byKeys.all(collection, keys.slice(at, at + atOnce)) as Columns[]) take(columns)
      for (; at < keys.length; at++) {
        const columns = byKey.get(collection, keys[at]) as Columns | undefined
        if (columns) take(columns)
      }
      for (const key of keys) if (!found.has(key)) remember(collection, key, undefined)
      return found
    },
    place: placeOf,
    headsOf(rows) {
      const ids = [...new Set(rows.map((row) => row.document))]
      const found = new Map<number, DocumentHead>()
      const take = (columns: Columns): void => {
        const [id, collection, key, , , newest, count, flags] = columns
        // Who walks documents mostly asks next for their rows.
        remember(collection, key, placed(id, newest, count, flags))
        found.set(id, headOf(columns))
      }
      let at = 0
      for (; at + atOnce <= ids.length; at += atOnce)
        for (const columns of byIds.all(ids.slice(at, at + atOnce)) as Columns[]) take(columns)
      for (; at < ids.length; at++) {
        const columns = byId.get(ids[at]) as Columns | undefined
        if (columns) take(columns)
      }
      return rows.map(({ document }) => {
        const head = found.get(document)
        if (!head) throw new Error(`Document ${document} has a row in the log and none of its own`)
        return head
      })
    },
    put(row, seq) {
      const { collection, key } = row
      let place = placeOf(collection, key)
      if (!place) places.set(collection, key, (place = placed(++lastId, seq, 0, 0, false)))
      if (!place.row) waiting.push(place)
      place.newest = seq
      place.rows = row.mode === 'add' ? place.rows + 1 : 1
      if (row.mode !== 'add') place.withdrawn = row.mode === 'withdraw'
      place.row = row
      return place.id
    },
    setRows(collection, key, rows) {
      const place = placeOf(collection, key)!
      setRows.run(rows, place.id)
      place.rows = rows
    },
    setWithdrawn(collection, key) {
      const place = placeOf(collection, key)
      if (!place) return
      setWithdrawn.run(place.id)
      place.withdrawn = true
    },
    withdrawn: (collection, after, limit) =>
      // The key behind another is that key and a byte of nothing.
      (beyondWithdrawn.all(collection, after === undefined ? '' : `${after}\0`, limit) as Columns[]).map(headOf),
    long: (rows, limit) =>
      (long.all(rows, limit) as { collection: number; key: string; rows: number }[]).map((row) => ({
        ...row,
        collection: collectionOf(row.collection)!,
      })),
    flush,
    list(collection, after, limit) {
      const rows = beyond.all(collection, after ?? '', limit) as Columns[]
      // An empty key is a key too, and nothing is smaller than it.
      const first = after === undefined ? (byKey.get(collection, '') as Columns | undefined) : undefined
      return (first ? [first, ...rows].slice(0, limit) : rows).map(headOf)
    },
    count: (collection) => count.get(collection) as number,
    forget() {
      places.clear()
      waiting = []
      load()
    },
  }
}
