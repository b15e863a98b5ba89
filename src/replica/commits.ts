/**
 * The one writer of a replica: jobs wait in a queue, and all that wait together share one commit (group commit; no
 * timer, waiting costs more than the sync). A job is a local change or a batch of a peer. Each sees what the jobs
 * before it will have written. A job that cannot be built is refused alone; a commit that fails refuses all in it.
 */
import { collectionNumber, collectionOf, type Collection } from './collections.ts'
import { DocumentMap } from './document-map.ts'
import type { NewRow, Progress, Store, StoredDocument } from './store.ts'

/** The documents as they will stand after the rows that are already in this commit. */
export interface Draft {
  /** Brings documents in, many at once: one question to the store is cheaper than one for each. */
  load(collection: Collection, keys: readonly string[]): Promise<void>
  /** A document that was loaded; undefined where there is none. */
  document(collection: Collection, key: string): StoredDocument | undefined
  updates(collection: Collection, key: string): Promise<readonly Uint8Array[]>
  add(row: NewRow): void
}

export interface Job {
  /** The rows to append; called once, when those before it are in the draft. It adds its own to the draft as it goes. */
  build(draft: Draft): Promise<{ readonly rows: readonly NewRow[]; readonly progress?: Progress }>
  done(seqs: readonly number[]): void
  failed(error: unknown): void
}

/** How many rows share a commit at most, so that a first upload does not hold up a patient's answer for long. */
const rowsPerCommit = 2_000

export interface Commits {
  /** Puts a job in the queue. */
  enter(job: Job): void
  /** Resolves when the queue is empty. */
  idle(): Promise<void>
}

/** The queue over `store`; `committed` is called after each commit that wrote something. */
export function commitQueue(store: Store, committed: () => void): Commits {
  let queue: Job[] = []
  let running: Promise<void> | undefined

  const run = async (): Promise<void> => {
    // What is said in the same turn of the event loop shares the first commit.
    await Promise.resolve()
    while (queue.length > 0) await commitSome()
    running = undefined
  }

  const commitSome = async (): Promise<void> => {
    const draft = draftOver(stored(store))
    const built: { job: Job; rows: readonly NewRow[] }[] = []
    const progress: Progress[] = []
    let taken = 0
    let rows = 0
    while (taken < queue.length && rows < rowsPerCommit) {
      const job = queue[taken++]!
      try {
        // A job that fails half way leaves nothing in the draft: it writes into a layer of its own.
        const result = await job.build(draftOver(draft))
        for (const row of result.rows) draft.add(row)
        built.push({ job, rows: result.rows })
        rows += result.rows.length
        if (result.progress) progress.push(result.progress)
      } catch (error) {
        job.failed(error)
      }
    }
    queue = queue.slice(taken)
    try {
      const all = built.flatMap((item) => item.rows)
      const seqs = all.length > 0 || progress.length > 0 ? await store.append(all, progress) : []
      let from = 0
      for (const item of built) item.job.done(seqs.slice(from, (from += item.rows.length)))
    } catch (error) {
      for (const item of built) item.job.failed(error)
      return
    }
    if (rows > 0) committed()
    // A long queue of commits must let sockets and pages have their turn.
    if (queue.length > 0) await new Promise<void>((resolve) => setImmediate(resolve))
  }

  return {
    enter(job) {
      queue.push(job)
      running ??= run()
    },
    async idle() {
      while (running) await running
    },
  }
}

type Below = Omit<Draft, 'add'>

function stored(store: Store): Below {
  const loaded = new DocumentMap<Collection, StoredDocument | undefined>()
  return {
    async load(collection, keys) {
      const asked = keys.filter((key) => !loaded.has(collection, key))
      if (asked.length === 0) return
      const found = await store.documents(collectionNumber(collection), asked)
      for (const key of asked) loaded.set(collection, key, found.get(key))
    },
    document(collection, key) {
      if (!loaded.has(collection, key)) throw new Error(`${collection}/${key} was asked for before it was loaded`)
      return loaded.get(collection, key)
    },
    updates: (collection, key) => store.updatesOf(collectionNumber(collection), key),
  }
}

function draftOver(below: Below): Draft {
  const written = new DocumentMap<Collection, { document: StoredDocument; updates: Uint8Array[]; whole: boolean }>()
  return {
    load: (collection, keys) => below.load(collection, keys),
    document: (collection, key) => written.get(collection, key)?.document ?? below.document(collection, key),
    async updates(collection, key) {
      const held = written.get(collection, key)
      return [...(held?.whole ? [] : await below.updates(collection, key)), ...(held?.updates ?? [])]
    },
    add(row) {
      const collection = collectionOf(row.collection)!
      const { key, generation, erased, facts, vector, update } = row
      const document = { head: { collection, key, generation, erased, seq: Number.MAX_SAFE_INTEGER, facts }, vector }
      const held = written.get(collection, key)
      if (held && row.mode === 'add') {
        held.document = document
        held.updates.push(update)
      } else written.set(collection, key, { document, updates: [update], whole: row.mode !== 'add' })
    },
  }
}
