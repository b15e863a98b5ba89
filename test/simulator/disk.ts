/**
 * A store of one process, in which every write waits until the simulator carries it out, so that a crash can stand
 * between any two of them, and between a commit and the word of it. A process that is gone hears nothing more, and
 * nothing that it still does reaches the store.
 */
import type { MemoryStore } from '../../src/replica/memory-store.ts'
import type { Epoch, Store, StoredRow } from '../../src/replica/store.ts'

export type WriteName = 'slow read' | 'startEpoch' | 'append' | 'meet' | 'acknowledge' | 'fold' | 'advance'

export interface Write {
  readonly name: WriteName
  /** Commits it; the caller hears of it. */
  commit(): void
  /** Commits it, and the process dies before it hears. */
  commitUnheard(): void
  fail(error: Error): void
}

export interface Disk {
  readonly store: Store
  /** In the order in which they were asked; one writer, so they are carried out in that order. */
  readonly writes: Write[]
  freeze(): void
}

const never = <T>(): Promise<T> => new Promise<T>(() => {})

export interface DiskOptions {
  /** The process goes on as it was when the disk was put back under it, under the epoch that it had. */
  readonly resumed: boolean
  /** Whether the rows that a link reads come later than they were read. */
  readonly slow: () => boolean
  /** What a link reads at most at once, in bytes: small, so that a collection takes several batches. */
  readonly mostRead: number
  /** What is left of the rows that a link reads. */
  readonly lose: (rows: StoredRow[]) => StoredRow[]
  /** From how many rows a document counts as long, where the replica would wait for more. */
  readonly foldFrom: number
}

export function diskOver(kept: MemoryStore, { resumed, slow, mostRead, lose, foldFrom }: DiskOptions): Disk {
  const writes: Write[] = []
  let frozen = false
  const later = <T>(name: WriteName, run: () => Promise<T>): Promise<T> =>
    frozen
      ? never()
      : new Promise<T>((resolve, reject) => {
          writes.push({
            name,
            commit: () => void run().then(resolve, reject),
            commitUnheard: () => void run().catch(() => {}),
            fail: reject,
          })
        })
  const read = <T>(run: () => Promise<T>): Promise<T> => (frozen ? never() : run())
  let resumedUnder = resumed ? ([] as readonly Epoch[]) : undefined

  const store: Store = {
    chunks: kept.chunks,
    open: (identity) =>
      read(async () => {
        const opened = await kept.open(identity)
        if (resumedUnder) resumedUnder = opened.epochs
        return opened
      }),
    startEpoch(...begin) {
      const epochs = resumedUnder
      if (!epochs) return later('startEpoch', () => kept.startEpoch(...begin))
      resumedUnder = undefined
      return read(async () => epochs)
    },
    append: (...all) => later('append', () => kept.append(...all)),
    meet: (peer) => later('meet', () => kept.meet(peer)),
    acknowledge: (peer, collection, position) =>
      later('acknowledge', () => kept.acknowledge(peer, collection, position)),
    giveAmnesty: (peer, collection, upTo) => later('acknowledge', () => kept.giveAmnesty(peer, collection, upTo)),
    fold: (collection, key, seqs, update) => later('fold', () => kept.fold(collection, key, seqs, update)),
    advance: (follower, cursor, rows) => later('advance', () => kept.advance(follower, cursor, rows)),
    cursorOf: (follower) => read(() => kept.cursorOf(follower)),
    documents: (collection, keys) => read(() => kept.documents(collection, keys)),
    updatesOf: (collection, key) => read(() => kept.updatesOf(collection, key)),
    rowsOf: (collection, key) => read(() => kept.rowsOf(collection, key)),
    longDocuments: (rows, limit) => read(() => kept.longDocuments(Math.min(rows, foldFrom), limit)),
    rowsAfter: (collection, after, most) => read(() => kept.rowsAfter(collection, after, most)),
    rowsFor: (collection, after, most, except) =>
      read(async () => {
        const found = await kept.rowsFor(collection, after, Math.min(most, mostRead), except)
        const rows = { ...found, rows: lose(found.rows) }
        return slow() ? later('slow read', async () => rows) : rows
      }),
    changedAfter: (numbers, after, limit) => read(() => kept.changedAfter(numbers, after, limit)),
    countChangedAfter: (numbers, after) => read(() => kept.countChangedAfter(numbers, after)),
    list: (collection, after, limit) => read(() => kept.list(collection, after, limit)),
    withdrawn: (collection, after, limit) => read(() => kept.withdrawn(collection, after, limit)),
    count: (collection) => read(() => kept.count(collection)),
    asideTotals: () => read(() => kept.asideTotals()),
    asideOf: (...asked) => read(() => kept.asideOf(...asked)),
    asideAfter: (...asked) => read(() => kept.asideAfter(...asked)),
    index: (query) => read(() => kept.index(query)),
    indexCount: (query) => read(() => kept.indexCount(query)),
    indexed: (view, id) => read(() => kept.indexed(view, id)),
    close: async () => {},
  }
  return {
    store,
    writes,
    freeze() {
      frozen = true
      writes.length = 0
    },
  }
}
