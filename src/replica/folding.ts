/**
 * Folding: many rows of a document become one, so that a log is as large as what lives in it. It runs beside the work,
 * a document at a time, and never while a document is read. A fold is checked before the rows go: it says the same.
 * Rows that a peer has not acknowledged are left alone, until there are too many of them (rule 2 makes that safe).
 * A document that too many writers have touched cannot shrink by folding; its owner writes it anew as the next generation.
 */
import { collectionNumber, shapeOf, type Collection, type Facts } from './collections.ts'
import type { Commits } from './commits.ts'
import { decodeVector, foldUpdates, renewed, type Writer } from './document.ts'
import { foldInWorker } from './fold-in-worker.ts'
import type { NewRow, PeerKnowledge, Store } from './store.ts'

/** From so many rows a document is looked at; from so many it is folded whatever peers have acknowledged. */
export const foldFrom = 32
export const foldAtMost = 256
/** Above so many client ids the owner writes a document anew. */
export const mostClients = 64
/** Rows that together are larger, in bytes, are folded in a worker: no change waits for them. */
const largeFold = 128 * 1024

export interface FoldingOptions {
  readonly store: Store
  readonly commits: Commits
  readonly writer: () => Writer
  readonly peers: () => Iterable<PeerKnowledge>
  /** Whether this replica is the one that writes a document anew. */
  readonly owns: (facts: Facts) => boolean
}

export interface Folding {
  /** Something was committed: look whether a document has become long. */
  wake(): void
  /** Resolves when nothing is left to fold now. */
  idle(): Promise<void>
  /** Set while folding fails; it is tried again after the next commit. */
  readonly problem: Error | null
  stop(): Promise<void>
}

/** Starts folding beside the work of a replica. */
export function startFolding(options: FoldingOptions): Folding {
  const { store, commits, writer } = options
  // Documents that could not be made shorter yet, with the number of rows at which to look again.
  const later = new Map<string, number>()
  let running: Promise<void> | undefined
  let again = false
  let stopped = false
  let problem: Error | null = null

  const run = async (): Promise<void> => {
    do {
      again = false
      for (const { collection, key, rows } of await store.longDocuments(foldFrom, 100)) {
        if (stopped) return
        const at = `${collection} ${key}`
        if (rows < (later.get(at) ?? 0)) continue
        const left = await shorten(collection, key)
        if (left < foldFrom) later.delete(at)
        else later.set(at, Math.max(left + foldFrom, rows + 1))
      }
    } while (again && !stopped)
  }

  /** Folds what may be folded of a document, or writes it anew; resolves with the rows that are left. */
  const shorten = async (collection: Collection, key: string): Promise<number> => {
    const number = collectionNumber(collection)
    const document = (await store.documents(number, [key])).get(key)
    if (!document) return 0
    if (decodeVector(document.vector).size > mostClients && options.owns(document.head.facts)) {
      await renew(collection, key)
      return 1
    }
    const rows = await store.rowsOf(number, key)
    const acknowledged = Math.min(Infinity, ...[...options.peers()].map((peer) => peer.acknowledged[number]!))
    const foldable = rows.length > foldAtMost ? rows : rows.filter((row) => row.seq <= acknowledged)
    if (foldable.length < 2) return rows.length
    const updates = foldable.map((row) => row.update)
    const bytes = updates.reduce((sum, update) => sum + update.length, 0)
    const fold = await (bytes > largeFold
      ? foldInWorker(updates, shapeOf(collection))
      : foldUpdates(updates, shapeOf(collection)))
    const folded = await store.fold(number, key, foldable.map((row) => row.seq), fold) // prettier-ignore
    return folded ? rows.length - foldable.length + 1 : rows.length
  }

  const renew = (collection: Collection, key: string): Promise<void> =>
    new Promise((resolve, reject) =>
      commits.enter({
        async build(draft) {
          await draft.load(collection, [key])
          const held = draft.document(collection, key)!
          const change = renewed(await draft.updates(collection, key), shapeOf(collection), writer())
          const { facts, generation, erased } = held.head
          const row: NewRow = {
            collection: collectionNumber(collection),
            key,
            generation: generation + 1,
            erased,
            facts,
            update: change.update,
            vector: change.vector,
            origin: null,
            receipt: false,
            mode: 'replace',
          }
          // Changes that share this commit build on it.
          draft.add(row)
          return { rows: [row] }
        },
        done: () => resolve(),
        failed: reject,
      }),
    )

  const wake = (): void => {
    again = true
    if (running || stopped) return
    running = run().then(
      () => {
        running = undefined
        problem = null
      },
      (error: unknown) => {
        running = undefined
        problem = error instanceof Error ? error : new Error(String(error))
      },
    )
  }

  return {
    wake,
    get problem() {
      return problem
    },
    async idle() {
      wake()
      while (running) await running
      if (problem) throw problem
    },
    async stop() {
      stopped = true
      await running
    },
  }
}
