/**
 * The log in SQLite: a table of sealed segments. A row that goes (folded, of a lower generation) is taken out of its
 * segment in the same transaction, so no dead row is kept and none of its content. What is added, removed and replaced
 * waits until `flush`, so that a segment is written once for all that a transaction does to it.
 */
import type Database from 'better-sqlite3'
import type { Sealer } from './sealing.ts'
import { segmentCache } from './segment-cache.ts'
import { openSegment, readHeads, sealSegment, type LogRow, type OpenSegment, type RowHead } from './segment.ts'

/** How much one segment holds: more compresses better, less is quicker to open for one document. */
const mostRows = 128
const mostBytes = 64 * 1024

/** One integer for a collection and a seq: the key of a plain SQLite table, which stays flat where the rows are large. */
const perCollection = 2 ** 48
const placeOf = (collection: number, seq: number): number => collection * perCollection + seq

export interface SqliteLog {
  /** The highest seq of a collection; 0 where it is empty. */
  newest(collection: number): number
  /** One row, also one that waits to be flushed; throws where there is none. */
  find(collection: number, seq: number): LogRow
  /** The heads of the rows beyond `after` that stand in the next segment; none where nothing is beyond. */
  headsAfter(collection: number, after: number): readonly RowHead[]
  /** The updates of rows whose heads stand in one segment. */
  updatesOf(collection: number, heads: readonly RowHead[]): readonly Uint8Array[]
  add(collection: number, row: LogRow): void
  remove(collection: number, seq: number): void
  /** Puts a row in the place of the one with its seq. */
  replace(collection: number, row: LogRow): void
  /** Writes what waits; to be called in a transaction. */
  flush(): void
  /** Forgets what waits and what is kept: after a transaction that failed, and at the end. */
  forget(): void
}

/** The log in the table `segments` of `db`. */
export function sqliteLog(db: Database.Database, sealer: Sealer): SqliteLog {
  const insert = db.prepare('insert into segments values (?, ?, ?)')
  const remove = db.prepare('delete from segments where place = ?')
  const newest = db.prepare('select place from segments where place < ? order by place desc limit 1').pluck()
  const next = db.prepare('select heads, sealed from segments where place > ? and place < ? order by place limit 1').raw() // prettier-ignore
  const nextPlace = db.prepare('select place from segments where place > ? and place < ? order by place limit 1').pluck() // prettier-ignore
  const nextHeads = db.prepare('select heads from segments where place > ? and place < ? order by place limit 1').pluck() // prettier-ignore
  const opened = segmentCache()
  const added = new Map<number, LogRow[]>()
  const edited = new Map<number, Map<number, LogRow | null>>()

  /** The places of the first and the last row of the segment found last: mostly the next row asked for stands there too. */
  let lately = { first: 0, last: 0 }

  /** The next segment whose last row is beyond `after`. */
  const segmentAfter = (collection: number, after: number): { place: number; segment: OpenSegment } | undefined => {
    const from = placeOf(collection, after)
    const range = [from, placeOf(collection + 1, 0)]
    const isThere = lately.first <= from + 1 && from < lately.last
    const place = isThere ? lately.last : (nextPlace.get(...range) as number | undefined)
    if (place === undefined) return undefined
    let segment = opened.get(place)
    if (!segment) {
      const [heads, sealed] = next.get(...range) as [Uint8Array, Uint8Array]
      opened.set(place, (segment = openSegment(sealer, String(place), { heads, sealed })))
    }
    lately = { first: placeOf(collection, segment.heads[0]!.seq), last: place }
    return { place, segment }
  }

  /** Rows in order of seq as segments of their own. */
  const write = (collection: number, rows: readonly LogRow[]): void => {
    for (let from = 0, to = 0; from < rows.length; from = to) {
      let bytes = 0
      while (to < rows.length && to - from < mostRows && (to === from || bytes + rows[to]!.size <= mostBytes))
        bytes += rows[to++]!.size
      const part = rows.slice(from, to)
      const place = placeOf(collection, part.at(-1)!.seq)
      const { heads, sealed } = sealSegment(sealer, String(place), part)
      insert.run(place, heads, sealed)
    }
  }

  /** Writes the segments of the rows that changed anew. */
  const rewrite = (collection: number, changes: ReadonlyMap<number, LogRow | null>): void => {
    const seqs = [...changes.keys()].toSorted((a, b) => a - b)
    for (let i = 0; i < seqs.length;) {
      const { place, segment } = segmentAfter(collection, seqs[i]! - 1)!
      while (i < seqs.length && placeOf(collection, seqs[i]!) <= place) i++
      remove.run(place)
      opened.delete(place)
      lately = { first: 0, last: 0 }
      write(
        collection,
        segment.heads.flatMap((head, at) => {
          const change = changes.get(head.seq)
          return change === undefined ? [{ ...head, update: segment.updateAt(at) }] : change === null ? [] : [change]
        }),
      )
    }
  }

  const find = (collection: number, seq: number): LogRow | undefined => {
    const edit = edited.get(collection)?.get(seq)
    if (edit !== undefined) return edit ?? undefined
    const waiting = added.get(collection) ?? []
    const inWaiting = indexOf(waiting, seq)
    if (inWaiting >= 0) return waiting[inWaiting]
    const segment = segmentAfter(collection, seq - 1)?.segment
    const at = segment ? indexOf(segment.heads, seq) : -1
    return at < 0 ? undefined : { ...segment!.heads[at]!, update: segment!.updateAt(at) }
  }
  const change = (collection: number, seq: number, row: LogRow | null): void => {
    const waiting = added.get(collection) ?? []
    const at = indexOf(waiting, seq)
    if (at >= 0) waiting.splice(at, 1, ...(row ? [row] : []))
    else entryOf(edited, collection, () => new Map()).set(seq, row)
  }

  return {
    newest(collection) {
      const place = newest.get(placeOf(collection + 1, 0)) as number | undefined
      return Math.max(0, (place ?? 0) - placeOf(collection, 0))
    },
    find(collection, seq) {
      const row = find(collection, seq)
      if (!row) throw new Error(`Row ${seq} of collection ${collection} is missing in the log`)
      return row
    },
    headsAfter(collection, after) {
      const heads = nextHeads.get(placeOf(collection, after), placeOf(collection + 1, 0)) as Uint8Array | undefined
      return heads ? beyond(readHeads(heads), after) : []
    },
    updatesOf(collection, heads) {
      if (heads.length === 0) return []
      const { segment } = segmentAfter(collection, heads[0]!.seq - 1)!
      return heads.map((head) => segment.updateAt(indexOf(segment.heads, head.seq)))
    },
    add: (collection, row) => void entryOf(added, collection, () => []).push(row),
    remove: (collection, seq) => change(collection, seq, null),
    replace: (collection, row) => change(collection, row.seq, row),
    flush() {
      for (const [collection, changes] of edited) rewrite(collection, changes)
      for (const [collection, rows] of added) write(collection, rows)
      edited.clear()
      added.clear()
    },
    forget() {
      edited.clear()
      added.clear()
      opened.clear()
      lately = { first: 0, last: 0 }
    },
  }
}

function beyond(rows: readonly RowHead[], after: number): readonly RowHead[] {
  return rows.length === 0 || rows[0]!.seq > after ? rows : rows.filter((row) => row.seq > after)
}

/** Where in rows, which are in order of seq, a seq stands; -1 for nowhere. */
function indexOf(rows: readonly RowHead[], seq: number): number {
  let from = 0
  for (let to = rows.length; from < to;) {
    const middle = (from + to) >> 1
    if (rows[middle]!.seq < seq) from = middle + 1
    else to = middle
  }
  return rows[from]?.seq === seq ? from : -1
}

function entryOf<T>(map: Map<number, T>, collection: number, fresh: () => T): T {
  let entry = map.get(collection)
  if (entry === undefined) map.set(collection, (entry = fresh()))
  return entry
}
