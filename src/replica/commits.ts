/**
 * The one writer of a replica: jobs wait in a queue, and all that wait together share one commit (group commit; no
 * timer, waiting costs more than the sync). A job is a local change or a batch of a peer. Each sees what the jobs
 * before it will have written. A job that cannot be built is refused alone; a commit that fails refuses all in it.
 */
import type { AsideDraft, AsideRows } from './aside.ts'
import { collectionNumber, collectionOf, type Collection } from './collections.ts'
import { DocumentMap } from './document-map.ts'
import type { NewRow, Progress, Renewal, Store, StoredDocument } from './store.ts'

/** The documents as they will stand after the rows that are already in this commit. */
export interface Draft {
  /** Brings documents in, many at once: one question to the store is cheaper than one for each. */
  load(collection: Collection, keys: readonly string[]): Promise<void>
  /** A document that was loaded; undefined where there is none. */
  document(collection: Collection, key: string): StoredDocument | undefined
  updates(collection: Collection, key: string): Promise<readonly Uint8Array[]>
  add(row: NewRow): void
  /** The rows that are kept aside (LINK-12). */
  readonly aside: AsideDraft
}

export interface Job {
  /** The rows to append; called once, when those before it are in the draft. It adds its own to the draft as it goes. */
  build(
    draft: Draft,
  ): Promise<{ readonly rows: readonly NewRow[]; readonly progress?: Progress; readonly renewal?: Renewal }>
  /** The seqs of its rows, then of those that followed from them. */
  done(seqs: readonly number[]): void
  failed(error: unknown): void
}

const reviews = collectionNumber('reviews')
/** How many rows share a commit at most, so that a first upload does not hold up a patient's answer for long. */
const rowsPerCommit = 2_000

export interface Commits {
  /** Puts a job in the queue. */
  enter(job: Job): void
  /** Resolves when the queue is empty. */
  idle(): Promise<void>
}

export interface CommitOptions {
  readonly store: Store
  readonly aside: AsideRows
  /** What follows from the rows of a job for the rows that are aside: more rows of the same commit. */
  readonly settle: (draft: Draft, rows: readonly NewRow[], renewal?: Renewal) => Promise<readonly NewRow[]>
  /** Called with the newest seq after each commit that wrote rows. */
  readonly committed: (head: number) => void
}

/** The queue over a store. */
export function commitQueue({ store, aside, settle, committed }: CommitOptions): Commits {
  let queue: Job[] = []
  let running: Promise<void> | undefined

  const run = async (): Promise<void> => {
    // What is said in the same turn of the event loop shares the first commit.
    await Promise.resolve()
    while (queue.length > 0)
      try {
        await commitSome()
      } catch (error) {
        // The rows aside could not be read: nothing of what waits was built.
        for (const job of queue.splice(0)) job.failed(error)
      }
    running = undefined
  }

  const commitSome = async (): Promise<void> => {
    const draft = draftOver(store, await aside.draft())
    const built: { job: Job; rows: readonly NewRow[] }[] = []
    const progress: Progress[] = []
    const renewals: Renewal[] = []
    let taken = 0
    let rows = 0
    while (taken < queue.length && rows < rowsPerCommit) {
      const job = queue[taken++]!
      try {
        const result = await job.build(draft)
        const concerned = !draft.aside.isEmpty || result.rows.some((row) => row.collection === reviews)
        const more = concerned ? await settle(draft, result.rows, result.renewal) : []
        draft.keep()
        built.push({ job, rows: more.length > 0 ? [...result.rows, ...more] : result.rows })
        rows += result.rows.length + more.length
        if (result.progress) progress.push(result.progress)
        if (result.renewal) renewals.push(result.renewal)
      } catch (error) {
        // A job that fails half way leaves nothing in the draft.
        draft.undo()
        job.failed(error)
      }
    }
    queue = queue.slice(taken)
    let head = 0
    try {
      const all = built.flatMap((item) => item.rows)
      const changes = draft.aside.changes()
      const nothing = all.length === 0 && progress.length === 0 && renewals.length === 0 && !changes
      const seqs = nothing ? [] : await store.append(all, progress, renewals, changes)
      if (changes) aside.committed()
      head = seqs.at(-1) ?? 0
      let from = 0
      for (const item of built) item.job.done(seqs.slice(from, (from += item.rows.length)))
    } catch (error) {
      for (const item of built) item.job.failed(error)
      return
    }
    if (rows > 0) committed(head)
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

/** A draft over what is stored, in which the rows of the job that is being built can be undone. */
function draftOver(store: Store, aside: AsideDraft): Draft & { keep(): void; undo(): void } {
  const loaded = new DocumentMap<Collection, StoredDocument | undefined>()
  /** The rows of this commit by document, from the last that stands for the whole of it. */
  const written = new DocumentMap<Collection, readonly NewRow[] | undefined>()
  let former: { collection: Collection; key: string; rows: readonly NewRow[] | undefined }[] = []
  return {
    async load(collection, keys) {
      const asked = keys.filter((key) => !loaded.has(collection, key))
      if (asked.length === 0) return
      const found = await store.documents(collectionNumber(collection), asked)
      for (const key of asked) loaded.set(collection, key, found.get(key))
    },
    document(collection, key) {
      const rows = written.get(collection, key)
      const row = rows?.at(-1)
      if (row) {
        const { generation, erased, facts, vector } = row
        const head = { collection, key, generation, erased, seq: Number.MAX_SAFE_INTEGER, facts }
        const [first] = rows!
        const withdrawn =
          first!.mode === 'add' ? loaded.get(collection, key)?.withdrawn === true : first!.mode === 'withdraw'
        return { head, vector, withdrawn }
      }
      const held = loaded.get(collection, key)
      if (!held && !loaded.has(collection, key))
        throw new Error(`${collection}/${key} was asked for before it was loaded`)
      return held
    },
    async updates(collection, key) {
      const rows = written.get(collection, key) ?? []
      const whole = rows[0] && rows[0].mode !== 'add'
      const below = whole ? [] : await store.updatesOf(collectionNumber(collection), key)
      return [...below, ...rows.map((row) => row.update)]
    },
    add(row) {
      const collection = collectionOf(row.collection)!
      const rows = written.get(collection, row.key)
      former.push({ collection, key: row.key, rows })
      written.set(collection, row.key, rows && row.mode === 'add' ? [...rows, row] : [row])
    },
    aside,
    keep() {
      former = []
      aside.keep()
    },
    undo() {
      aside.undo()
      for (const { collection, key, rows } of former.toReversed()) written.set(collection, key, rows)
      former = []
    },
  }
}
