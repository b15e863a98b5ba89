/**
 * One place that holds data: a log with its documents, one queue of commits, followers, and what links need of it.
 * Opening begins an epoch (rule 1). Nothing resolves before it is durable.
 */
import * as v from 'valibot'
import { admit, type Refusal, type WireRow } from './admission.ts'
import { randomBelow, type Clock } from './clock.ts'
import {
  collectionNumber,
  collectionOf,
  collections,
  shapeOf,
  type Collection,
  type Facts,
  type Passes,
} from './collections.ts'
import { commitQueue } from './commits.ts'
import { carryOver, deletesMore, emptyUpdate, entriesOf, openDocument, recordMaps, type Writer } from './document.ts'
import { checkEdit, rowOfEdit, schemas } from './edits.ts'
import { startFolding, type Folding } from './folding.ts'
import { startFollower } from './followers.ts'
import { carriesOver } from './generations.ts'
import type { PracticeId, ReplicaId } from './ids.ts'
import { outgoing, type Outgoing } from './outgoing.ts'
import { afterHello, type Declared } from './peers.ts'
import type { Entry } from './kinds/kind.ts'
import { foldRecord } from './records.ts'
import type { Kinds, Replica } from './replica-face.ts'
import { strangerOf, type Cursor, type NewRow, type PeerKnowledge, type Store } from './store.ts'

/** A batch as a peer sent it: it covers (from, to] of one collection, also where all in it was left out (rule 2). */
export interface Batch {
  readonly collection: Collection
  readonly from: number
  readonly to: number
  readonly tail: boolean
  readonly epoch: number
  readonly rows: readonly WireRow[]
}

/** What a link needs of the replica at its end. */
export interface Replication {
  declared(): Declared
  peer(replica: string): PeerKnowledge | undefined
  /** Rule 6; resolves when what is known is durable. `restored`: the peer lost what it had told us. */
  meet(declared: Declared): Promise<{ readonly known: PeerKnowledge; readonly restored: boolean }>
  /**
   * Takes a batch: its rows, the cursor and `seen` in one commit (rule 4). Rows that do not pass are dropped and
   * counted; refused ones are named with their reason. Rejects where the commit fails: then nothing of it is here.
   */
  receive(peer: string, batch: Batch, passes: Passes): Promise<Received>
  /** What of (from, ...] goes to a peer, up to about `maxBytes` (rules 2 and 7). */
  outgoing(
    peer: string,
    collection: Collection,
    range: { from: number; complete: number; maxBytes: number },
    passes: Passes,
  ): Promise<Outgoing>
  acknowledged(peer: string, collection: Collection, position: number): Promise<void>
  /** Documents that a peer has not acknowledged. */
  behind(peer: string): Promise<number>
}

export interface Received {
  readonly refused: readonly { readonly seq: number; readonly reason: Refusal }[]
  /** Rows that became rows of this log. */
  readonly logged: number
  /** Rows that do not pass here. */
  readonly dropped: number
}

export interface OpenReplica extends Replica {
  readonly folding: Folding
  readonly replication: Replication
}

export interface ReplicaOptions {
  readonly store: Store
  readonly practice: PracticeId
  readonly id: ReplicaId
  readonly clock: Clock
  /** Whether a document goes to peers at all; by default all do. One that begins to pass is logged anew (rule 10). */
  readonly passes?: Passes
  /** The site that this replica is of, whose documents it writes anew when too many writers touched them; none at a portal. */
  readonly site?: string
}

/** Opens the replica that `store` holds; a store of another replica is refused with StoreRefused. */
export async function openReplica(options: ReplicaOptions): Promise<OpenReplica> {
  const { store, practice, id, clock } = options
  const opened = await store.open({ practice, replica: id })
  const epochs = await store.startEpoch(randomBelow(clock, 2 ** 32) * 0x10000 + randomBelow(clock, 0x10000))
  // A client id is never used by two processes, nor by one before and after a restore: each start takes a fresh one.
  const writer: Writer = { client: randomBelow(clock, 2 ** 32 - 1) + 1, replica: id }
  const peers = new Map(opened.peers.map((peer) => [peer.replica, peer]))
  const passes = options.passes ?? (() => true)
  const followers = new Set<ReturnType<typeof startFollower>>()
  const listeners = new Set<() => void>()
  let head = opened.head
  let closed = false

  const commits = commitQueue(store, () => {
    folding.wake()
    for (const follower of followers) follower.wake()
    for (const run of listeners) run()
  })
  const owns = (facts: Facts): boolean => options.site !== undefined && facts.site === options.site
  const folding = startFolding({ store, commits, writer, peers: () => peers.values(), owns })
  const known = (replica: string): PeerKnowledge => {
    const peer = peers.get(replica)
    if (!peer) throw new Error(`Replica ${replica} was never met`)
    return peer
  }
  const open = (): void => {
    if (closed) throw new Error('This replica is closed')
  }
  const updatesOf = (collection: Collection, key: string): Promise<Uint8Array[]> =>
    store.updatesOf(collectionNumber(collection), key)

  const replication: Replication = {
    declared: () => ({ replica: id, epochs, head, incarnations: opened.incarnations.slice(0, collections.length) }),
    peer: (replica) => peers.get(replica),
    async meet(declared) {
      await commits.idle()
      const result = afterHello(
        peers.get(declared.replica) ?? strangerOf(declared.replica, collections.length),
        declared,
        head,
      )
      await store.meet(result.known)
      peers.set(declared.replica, result.known)
      return result
    },
    receive: (peer, batch, passesHere) =>
      new Promise((resolve, reject) => {
        open()
        const refused: { seq: number; reason: Refusal }[] = []
        const rows: NewRow[] = []
        let dropped = 0
        let cursor: Cursor | undefined
        let seen = 0
        const number = collectionNumber(batch.collection)
        commits.enter({
          async build(draft) {
            const blocked = new Set<string>()
            await draft.load(batch.collection, batch.rows.map((row) => row.key)) // prettier-ignore
            for (const row of batch.rows) {
              const held = draft.document(batch.collection, row.key)
              const taken = whatPasses(batch.collection, row, held?.head.facts, passesHere)
              if (!taken) {
                dropped++
                continue
              }
              const result = blocked.has(row.key)
                ? { refused: 'waits for a refused row' as const }
                : admit(batch.collection, taken, { peer, epoch: batch.epoch, seq: row.seq }, held)
              if (result === 'nothing') continue
              if ('refused' in result) {
                refused.push({ seq: row.seq, reason: result.refused })
                blocked.add(row.key)
                continue
              }
              if (result.unsure) {
                const doc = openDocument(await draft.updates(batch.collection, row.key))
                if (!deletesMore(doc, row.update)) continue
              }
              const carried =
                held && carriesOver(held.head, result.row)
                  ? carriedRow(result.row, await draft.updates(batch.collection, row.key), writer)
                  : undefined
              for (const added of carried ? [result.row, carried] : [result.row]) {
                draft.add(added)
                rows.push(added)
              }
            }
            const before = known(peer).cursors[number]!
            const receipts = batch.rows.filter((row) => row.receipt).map((row) => row.seq)
            cursor = {
              epoch: batch.epoch,
              position: batch.to,
              complete: batch.tail ? batch.to : before.complete,
              erasedAt: Math.max(before.erasedAt, ...receipts),
            }
            seen = Math.max(known(peer).seen, batch.to)
            return { rows, progress: { peer, collection: number, cursor, seen } }
          },
          done(seqs) {
            head = seqs.at(-1) ?? head
            const now = known(peer)
            peers.set(peer, { ...now, seen: Math.max(now.seen, seen), cursors: now.cursors.with(number, cursor!) })
            resolve({ refused, logged: rows.length, dropped })
          },
          failed: reject,
        })
      }),
    outgoing: async (peer, collection, range, passesThere) =>
      outgoing(store, known(peer), collection, range, passesThere),
    async acknowledged(peer, collection, position) {
      const number = collectionNumber(collection)
      const now = known(peer)
      if (now.acknowledged[number]! >= position) return
      peers.set(peer, { ...now, acknowledged: now.acknowledged.with(number, position) })
      await store.acknowledge(peer, number, position)
    },
    async behind(peer) {
      const now = peers.get(peer)
      let documents = 0
      for (const [number] of collections.entries())
        documents += await store.countChangedAfter([number], now?.acknowledged[number] ?? 0)
      return documents
    },
  }

  return {
    practice,
    id,
    folding,
    replication,
    change: (edits) =>
      new Promise((resolve, reject) => {
        open()
        for (const edit of edits) checkEdit(edit)
        commits.enter({
          async build(draft) {
            const rows: NewRow[] = []
            for (const [collection, some] of Map.groupBy(edits, (edit) => edit.collection))
              await draft.load(collection, some.map((edit) => edit.key)) // prettier-ignore
            for (const edit of edits) {
              const row = await rowOfEdit(edit, draft, { writer, now: clock.now(), passes })
              if (!row) continue
              draft.add(row)
              rows.push(row)
            }
            return { rows }
          },
          done(seqs) {
            head = seqs.at(-1) ?? head
            resolve()
          },
          failed: reject,
        })
      }),
    async record(collection, key) {
      const folded = foldRecord(recordMaps(openDocument(await updatesOf(collection, key))))
      return Object.keys(folded.fields).length === 0 ? undefined : folded
    },
    async entries<C extends keyof Kinds>(collection: C, key: string) {
      const found = entriesOf(openDocument(await updatesOf(collection, key)))
      return Object.entries(found).flatMap(([entryId, value]): Entry<Kinds[C]>[] => {
        const result = v.safeParse(schemas[collection], value)
        // A kind that this version does not know is kept in the document and left out here.
        return result.success ? [{ ...(result.output as Kinds[C]), id: entryId }] : []
      })
    },
    async head(collection, key) {
      return (await store.documents(collectionNumber(collection), [key])).get(key)?.head
    },
    list: (collection, after, limit = 1_000) => store.list(collectionNumber(collection), after, limit),
    index: (query) => store.index(query),
    indexed: (view, row) => store.indexed(view, row),
    follow(followerOptions) {
      open()
      const follower = startFollower(store, clock, followerOptions)
      followers.add(follower)
      return follower
    },
    onCommit(run) {
      listeners.add(run)
      return () => void listeners.delete(run)
    },
    count: (collection) => store.count(collectionNumber(collection)),
    async close() {
      if (closed) return
      closed = true
      await Promise.all([folding.stop(), ...[...followers].map((follower) => follower.stop())])
      await commits.idle()
      await store.close()
    },
  }
}

/** What of a peer's row may come in: all of it, its erasure alone, or nothing. */
function whatPasses(
  collection: Collection,
  row: WireRow,
  held: Facts | undefined,
  passes: Passes,
): WireRow | undefined {
  if (passes(collection, row.facts)) return row
  if (row.erased === 0 || !passes(collection, held ?? row.facts, true)) return undefined
  return { ...row, generation: row.erased, update: emptyUpdate }
}

/** What of the earlier generation the later one lacks, as a change of this replica's own. */
function carriedRow(next: NewRow, former: readonly Uint8Array[], writer: Writer): NewRow | undefined {
  const shape = shapeOf(collectionOf(next.collection)!)
  const change = carryOver(openDocument(former), openDocument([next.update]), shape, writer)
  return change && { ...next, update: change.update, vector: change.vector, origin: null, receipt: false, mode: 'add' }
}

/** The collection that a number on the wire names; throws a RangeError where this version knows none. */
export function knownCollection(number: number): Collection {
  const name = collectionOf(number)
  if (!name) throw new RangeError(`Collection ${number} is not known to this version`)
  return name
}
