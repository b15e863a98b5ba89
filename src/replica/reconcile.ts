/**
 * The proof that two replicas hold the same, and the healing of what differs. Top down: digests of 256 buckets of a
 * collection, then of the documents of the buckets that differ, then those documents whole, both ways. It serves
 * `verify` and a weekly proof; what is equal is never sent. Of two documents that count the same changes and say
 * different things one is damaged: the values of both are written anew as the next generation.
 */
import { createHash } from 'node:crypto'
import type { WireRow } from './admission.ts'
import type { Differing, Documents, ReconcileFrame, Summary } from './reconcile-codec.ts'
import { randomBelow, type Clock } from './clock.ts'
import { digestBytes } from './reconcile-codec.ts'
import { collectionNumber, collections, shapeOf, type Collection, type Facts, type Passes } from './collections.ts'
import { digestOf, emptyUpdate, mergeUpdates } from './document.ts'
import type { Store } from './store.ts'

const buckets = 256
/** About how much of documents goes in one frame, in bytes. */
const frameBytes = 256 * 1024
/** Digests computed in one go; between, sockets and pages have their turn. */
const atOnce = 200

export interface Compared {
  readonly name: Collection
  /** Documents here that both sides should hold. */
  readonly documents: number
  /** Documents that differed, or were missing on one side, before the exchange. */
  readonly differing: number
}
export interface Proof {
  /** Whether both sides hold the same now. */
  readonly equal: boolean
  readonly collections: readonly Compared[]
}

export interface ReconcilerOptions {
  readonly store: Store
  /** Which documents both sides should hold. */
  readonly shared: Passes
  /** Resolves when the frame has left, so that no more is put together than the peer takes. */
  readonly send: (frame: ReconcileFrame) => Promise<void>
  /** Takes in whole documents of the peer (`Replication.heal`). */
  readonly heal: (collection: Collection, rows: readonly WireRow[]) => Promise<unknown>
  readonly clock: Clock
}

export interface Reconciler {
  /** Compares all collections, exchanges what differs, compares those again. One at a time. */
  prove(): Promise<Proof>
  /** A frame of the peer. */
  take(frame: ReconcileFrame): Promise<void>
  /** The connection ended: what waits is rejected. */
  end(error: Error): void
}

type Digests = Map<string, Uint8Array>
type Due = 'whole' | 'erasure'

/** One side of a proof over a connection; both sides have one. */
export function reconciler(options: ReconcilerOptions): Reconciler {
  const { store, shared, send } = options
  // Both sides may prove at once: their runs must not have the same numbers.
  let runs = randomBelow(options.clock, 2 ** 31)
  // Stands for the digest of a document that cannot be read: equal to none, also where it cannot be read on either side.
  const damaged = options.clock.bytes(digestBytes)
  let waiting:
    { run: number; kind: string; resolve(frame: ReconcileFrame): void; reject(error: Error): void } | undefined
  let proving: Promise<unknown> = Promise.resolve()
  // What the peer asks about comes in steps; between them its digests are kept here.
  let answering: { readonly run: number; readonly wanted: string[] } | undefined

  /** Resolves with the peer's answer of this kind to a run. */
  const answerTo = (run: number, kind: ReconcileFrame['kind']): Promise<ReconcileFrame> =>
    new Promise((resolve, reject) => {
      waiting = { run, kind, resolve, reject }
    })
  const answered = (frame: ReconcileFrame): void => {
    if (waiting?.run === frame.run && waiting.kind === frame.kind) waiting.resolve(frame)
  }

  const digestsOf = async (collection: Collection): Promise<Digests> => {
    const number = collectionNumber(collection)
    const digests: Digests = new Map()
    for (let after = 0; ;) {
      const heads = await store.changedAfter([number], after, atOnce)
      if (heads.length === 0) return digests
      after = heads.at(-1)!.seq
      for (const head of heads) {
        const due = dueOf(collection, head)
        if (due) digests.set(head.key, await digestHere(collection, head.key, head, due))
      }
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }
  /** What of a document both sides should hold: all of it, its erasure alone where it does not pass (rule 8), or nothing. */
  const dueOf = (collection: Collection, { facts, erased }: { facts: Facts; erased: number }): Due | undefined => {
    if (shared(collection, facts)) return 'whole'
    return erased > 0 && shared(collection, facts, true) ? 'erasure' : undefined
  }
  const digestHere = async (
    collection: Collection,
    key: string,
    version: { generation: number; erased: number },
    due: Due,
  ): Promise<Uint8Array> => {
    const { erased } = version
    if (due === 'erasure') return digestOf([], shapeOf(collection), { generation: erased, erased })
    try {
      return digestOf(await store.updatesOf(collectionNumber(collection), key), shapeOf(collection), version)
    } catch {
      // A document that cannot be read equals none: the other side's is taken, or both are reported as differing.
      return damaged
    }
  }

  const wholeOf = async (collection: Collection, keys: readonly string[]): Promise<WireRow[]> => {
    const number = collectionNumber(collection)
    const found = await store.documents(number, keys)
    const rows: WireRow[] = []
    for (const [key, { head }] of found) {
      const { generation, erased, facts } = head
      const due = dueOf(collection, head)
      if (!due || (await digestHere(collection, key, head, due)) === damaged) continue
      if (due === 'erasure') {
        rows.push({ seq: rows.length + 1, key, generation: erased, erased, facts, update: emptyUpdate, receipt: false })
        continue
      }
      const update = mergeUpdates(await store.updatesOf(number, key))
      rows.push({ seq: rows.length + 1, key, generation, erased, facts, update, receipt: false })
    }
    return rows
  }

  /** Sends documents whole in frames of a bounded size, and what is wanted with the first. */
  const sendWhole = async (run: number, collection: Collection, keys: readonly string[], wanted: readonly string[]) => {
    let rest = wanted
    let frame: WireRow[] = []
    let bytes = 0
    for (const key of keys)
      for (const row of await wholeOf(collection, [key])) {
        if (bytes > frameBytes) {
          await send({ kind: 'documents', run, collection, wanted: rest, rows: frame, last: false })
          ;[rest, frame, bytes] = [[], [], 0]
        }
        frame.push({ ...row, seq: frame.length + 1 })
        bytes += row.update.length
      }
    await send({ kind: 'documents', run, collection, wanted: rest, rows: frame, last: true })
  }

  const proveOne = async (collection: Collection, again: boolean): Promise<Compared & { equal: boolean }> => {
    const run = ++runs
    const own = await digestsOf(collection)
    const answer = answerTo(run, 'differing')
    const [differing] = (await Promise.all([answer, send({ kind: 'summary', run, collection, buckets: summaryOf(own) })])) as [Differing, void] // prettier-ignore
    const theirs = new Map(differing.documents.map(({ key, digest }) => [key, digest]))
    const asked = new Set(differing.buckets)
    const ours = [...own].filter(([key]) => asked.has(bucketOf(key)))
    const keys = new Set([...ours.map(([key]) => key), ...theirs.keys()])
    const apart = [...keys].filter((key) => !sameBytes(own.get(key), theirs.get(key)))
    const compared = { name: collection, documents: own.size, differing: apart.length, equal: apart.length === 0 }
    if (apart.length === 0 || again) return compared
    const wanted = apart.filter((key) => theirs.has(key))
    const healed = answerTo(run, 'documents')
    await Promise.all([
      healed,
      sendWhole(
        run,
        collection,
        apart.filter((key) => own.has(key)),
        wanted,
      ),
    ])
    return { ...compared, equal: (await proveOne(collection, true)).equal }
  }

  const answerSummary = async ({ run, collection, buckets: theirs }: Summary): Promise<void> => {
    const digests = await digestsOf(collection)
    answering = { run, wanted: [] }
    const own = summaryOf(digests)
    const apart = Array.from({ length: buckets }, (_, bucket) => bucket).filter(
      (bucket) => !sameBytes(bucketIn(own, bucket), bucketIn(theirs, bucket)),
    )
    const asked = new Set(apart)
    const documents = [...digests].flatMap(([key, digest]) => (asked.has(bucketOf(key)) ? [{ key, digest }] : []))
    await send({ kind: 'differing', run, collection, buckets: apart, documents })
  }

  const takeDocuments = async (frame: Documents): Promise<void> => {
    const { run, collection, rows, wanted, last } = frame
    await options.heal(collection, rows)
    if (answering?.run !== run) return void (last && answered(frame))
    answering.wanted.push(...wanted)
    if (!last) return
    const keys = answering.wanted
    answering = undefined
    await sendWhole(run, collection, keys, [])
  }

  return {
    prove() {
      const next = proving.then(async (): Promise<Proof> => {
        const compared: (Compared & { equal: boolean })[] = []
        for (const collection of collections) compared.push(await proveOne(collection, false))
        return {
          equal: compared.every((one) => one.equal),
          collections: compared.map(({ name, documents, differing }) => ({ name, documents, differing })),
        }
      })
      proving = next.catch(() => {})
      return next
    },
    async take(frame) {
      if (frame.kind === 'summary') await answerSummary(frame)
      else if (frame.kind === 'documents') await takeDocuments(frame)
      else answered(frame)
    },
    end: (error) => waiting?.reject(error),
  }
}

/** The bucket of a key: evenly spread, whatever keys look like. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 16)) & 255
}

function summaryOf(digests: Digests): Uint8Array {
  const lists: [string, Uint8Array][][] = Array.from({ length: buckets }, () => [])
  for (const one of digests) lists[bucketOf(one[0])]!.push(one)
  const summary = new Uint8Array(buckets * digestBytes)
  lists.forEach((list, bucket) => {
    if (list.length === 0) return
    const hash = createHash('sha256')
    for (const [key, digest] of list.toSorted(([a], [b]) => (a < b ? -1 : 1))) hash.update(key).update(digest)
    summary.set(hash.digest().subarray(0, digestBytes), bucket * digestBytes)
  })
  return summary
}

function bucketIn(summary: Uint8Array, bucket: number): Uint8Array {
  return summary.subarray(bucket * digestBytes, (bucket + 1) * digestBytes)
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0
}
