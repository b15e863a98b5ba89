/**
 * One place that holds data: a log with its documents, one queue of commits, followers, and what links need of it.
 * Opening begins an epoch (rule 1). Nothing resolves before it is durable.
 */
import { asideRows } from './aside.ts'
import { healedBy, takenBatch, type TakenBatch } from './batch.ts'
import { randomBelow, type Clock } from './clock.ts'
import {
  collectionNumber,
  collectionOf,
  collections,
  fixedSettings,
  type Collection,
  type Facts,
  type Passes,
} from './collections.ts'
import { commitQueue } from './commits.ts'
import { decodeVector, emptyUpdate, type Writer } from './document.ts'
import { begins, checkEdit, rowOfEdit } from './edits.ts'
import { startFolding, type Folding } from './folding.ts'
import { startFollower } from './followers.ts'
import { mintUlid, type PracticeId, type ReplicaId } from './ids.ts'
import { outgoing } from './outgoing.ts'
import { afterHello, lostWhatWasSeen, wasPutBack } from './peers.ts'
import { mostAside, released, settled, waitingOf, type QuarantineContext, type Waiting } from './quarantine.ts'
import { readingOf } from './reading.ts'
import { reconciler } from './reconcile.ts'
import type { Replica } from './replica-face.ts'
import { PutBack, type Replication } from './replication-face.ts'
import {
  atStart,
  strangerOf,
  type Cursor,
  type NewRow,
  type PeerKnowledge,
  type Store,
  type StoredDocument,
} from './store.ts'
import { forgotten, letGo, passedAgain } from './withdrawal.ts'
import { startWithdrawing } from './withdrawing.ts'

export interface OpenReplica extends Replica {
  readonly folding: Folding
  /** Keeps a number under a name, durably. */
  remember(name: string, value: number): Promise<void>
  /** The number under a name; 0 where none was kept. */
  remembered(name: string): Promise<number>
  /** Documents that a follower of this name has still to handle, whether it runs or not. */
  unhandled(name: string, among: readonly Collection[]): Promise<number>
  readonly replication: Replication
  /** What waits of each peer because it builds on what is not here (LINK-12). */
  waiting(): Promise<readonly Waiting[]>
  /** Tries all that waits again; resolves with the rows that this took. */
  retryWaiting(): Promise<number>
}

export interface ReplicaOptions {
  readonly store: Store
  readonly practice: PracticeId
  readonly id: ReplicaId
  readonly clock: Clock
  /** Whether a document goes to peers at all; by default all do. One that begins to pass is logged anew (rule 10). */
  readonly passes?: Passes
  /** What would pass by what was chosen here alone, where a portal may narrow it; by default what passes. */
  readonly chosen?: Passes
  /** What may have gone to peers so far, where `passes` has changed or time has moved it, until `passAnew`; by default what passes. */
  readonly passedBefore?: Passes
  /** Whether content that the portal has erased is to go to it again; by default where it passes. */
  readonly returns?: Passes
  /** Of a portal: whether it may hold a document's content. What it may not is withdrawn (rule 9). By default it may hold all. */
  readonly holds?: Passes
  /** Of a portal: whether a document's owner takes what it holds of it, by default of all. Of others only when it is to be withdrawn. */
  readonly comesDown?: Passes
  /** The site that this replica is of, whose documents it writes anew when too many writers touched them; none at a portal. */
  readonly site?: string
  /** How many bytes of one peer's rows may wait for others that did not arrive (LINK-12); by default 64 MiB. */
  readonly mostAside?: number
}

/** Opens the replica that `store` holds; a store of another replica is refused with StoreRefused. */
export async function openReplica(options: ReplicaOptions): Promise<OpenReplica> {
  const { store, practice, id, clock } = options
  const opened = await store.open({ practice, replica: id })
  let epochs = await store.startEpoch(mintEpoch(clock))
  let writer = mintWriter(id, clock)
  const peers = new Map(opened.peers.map((peer) => [peer.replica, peer]))
  // What is known of peers as the commit that is being built will leave it.
  const ahead = new Map<string, PeerKnowledge>()
  const passes = options.passes ?? (() => true)
  const { chosen = passes, passedBefore = passes, returns = passes } = options
  const { holds } = options
  const followers = new Set<ReturnType<typeof startFollower>>()
  const listeners = new Set<() => void>()
  let head = opened.head
  let closed = false

  const aside = asideRows(store)
  // What of each peer may come in here, as its connection last said.
  const admitted = new Map<string, Passes>()
  const quarantine: QuarantineContext = {
    id,
    site: options.site,
    writer: () => writer,
    clock,
    passes,
    chosen,
    holds,
    isAnew: (row, held) => isAnew(row, held),
    mostAside: options.mostAside ?? mostAside,
    passesFrom: (peer) => admitted.get(peer) ?? (() => true),
  }
  const commits = commitQueue({
    store,
    aside,
    settle: (draft, rows, renewal) => settled(draft, rows, quarantine, renewal),
    committed(newest) {
      // Also of what no job here has asked for, as a fold that writes a document anew.
      head = newest
      folding.wake()
      for (const follower of followers) follower.wake()
      for (const run of listeners) run()
    },
  })
  // Incarnations that a commit under way begins, by collection.
  const renewing = new Map<number, string>()
  let incarnations = opened.incarnations.slice(0, collections.length)
  const withdrawing =
    holds &&
    startWithdrawing({
      store,
      commits,
      holds,
      comesDown: options.comesDown ?? (() => true),
      peer: (replica) => peers.get(replica),
      hasRefused: async (peer, { collection, key, generation }) =>
        (await store.cursorOf(refusedBy(peer, collection, key))) === generation,
      mintIncarnation: () => mintUlid(clock),
      emptied(documents) {
        if (documents.some(({ vector }) => decodeVector(vector).has(writer.client))) writer = mintWriter(id, clock)
      },
      renewing({ collection, incarnation }) {
        renewing.set(collection, incarnation)
        return {
          done() {
            renewing.delete(collection)
            incarnations = incarnations.with(collection, incarnation)
            for (const [replica, peer] of peers)
              peers.set(replica, { ...peer, cursors: peer.cursors.with(collection, atStart) })
          },
          failed: () => void renewing.delete(collection),
        }
      },
    })
  /** Rule 10, and at a site rule 9: what a peer has erased is logged anew as soon as it passes. */
  const isAnew = (row: NewRow, held: StoredDocument | undefined): boolean =>
    begins(row, held, passes, passedBefore) ||
    (!holds && held?.withdrawn === true && row.mode === 'add' && (returns(held.head.collection, row.facts) || isSharedAgain(row))) // prettier-ignore
  const owns = (facts: Facts): boolean => options.site !== undefined && facts.site === options.site
  /** Of another site: what is here of it is here as long as it is shared (SHARE-3). */
  const isOthers = (facts: Facts): boolean => options.site !== undefined && facts.site !== options.site
  const isSharedAgain = (row: NewRow): boolean => isOthers(row.facts) && row.update.length > emptyUpdate.length
  const folding = startFolding({ store, commits, writer: () => writer, peers: () => peers.values(), owns })
  // Set while a new epoch begins because the machine was put back: until it is durable nothing is taken from a peer.
  let beginning: Promise<void> | undefined
  const beginAgain = (): Promise<void> => {
    writer = mintWriter(id, clock)
    // In the place of the epoch that others know differently: all that was written under it is said anew.
    beginning ??= store
      .startEpoch(mintEpoch(clock), epochs.at(-1)!.first)
      .then((begun) => void (epochs = begun))
      .finally(() => void (beginning = undefined))
    return beginning
  }
  const known = (replica: string): PeerKnowledge => {
    const peer = peers.get(replica)
    if (!peer) throw new Error(`Replica ${replica} was never met`)
    return peer
  }
  const open = (): void => {
    if (closed) throw new Error('This replica is closed')
  }

  /** Logs anew what a peer has erased and what passes by now (rule 9). */
  const passAgain = async (): Promise<void> => {
    for (const [number, collection] of collections.entries())
      for (let after: string | undefined; ;) {
        const keys = (await store.withdrawn(number, after, 200)).map(({ key }) => key)
        if (keys.length === 0) break
        await logAnew(collection, keys, returns)
        after = keys.at(-1)!
      }
  }
  /** Logs anew those of these documents that pass, in one commit. */
  const logAnew = (collection: Collection, keys: readonly string[], passing: Passes): Promise<void> =>
    new Promise((resolve, reject) =>
      commits.enter({
        async build(draft) {
          await draft.load(collection, keys)
          const rows: NewRow[] = []
          for (const key of keys) {
            const again = await passedAgain(draft, collection, key, passing)
            if (!again) continue
            draft.add(again)
            rows.push(again)
          }
          return { rows }
        },
        done: () => resolve(),
        failed: reject,
      }),
    )

  /** Who had written in what was let go of goes on under a fresh client id: there its numbers begin anew. */
  const renewWriter = (emptied: readonly StoredDocument[]): void => {
    if (emptied.some(({ vector }) => decodeVector(vector).has(writer.client))) writer = mintWriter(id, clock)
  }
  const readFromStart = (peer: string, number: number): Promise<void> =>
    new Promise((resolve, reject) => {
      let after: PeerKnowledge | undefined
      commits.enter({
        async build() {
          const before = ahead.get(peer) ?? peers.get(peer)
          if (!before) return { rows: [] }
          const { seen } = before
          const cursor: Cursor = { ...before.cursors[number]!, position: 0, complete: 0 }
          after = { ...before, cursors: before.cursors.with(number, cursor) }
          ahead.set(peer, after)
          return { rows: [], progress: { peer, collection: number, cursor, seen } }
        },
        done() {
          const now = peers.get(peer)
          if (after && now) peers.set(peer, { ...now, cursors: now.cursors.with(number, after.cursors[number]!) })
          if (after && ahead.get(peer) === after) ahead.delete(peer)
          resolve()
        },
        failed(error) {
          ahead.delete(peer)
          reject(error)
        },
      })
    })
  /** Lets go of those of these documents that are of other sites and may be kept no longer, in one commit. */
  const letGoSome = (
    collection: Collection,
    keys: readonly string[],
    keeps: Passes,
    take: typeof letGo = letGo,
  ): Promise<number> =>
    new Promise((resolve, reject) => {
      const rows: NewRow[] = []
      commits.enter({
        async build(draft) {
          await draft.load(collection, keys)
          for (const key of keys) {
            const held = draft.document(collection, key)!
            if (!isOthers(held.head.facts) || keeps(collection, held.head.facts)) continue
            const gone = await take(draft, collection, key)
            if (!gone) continue
            draft.add(gone)
            rows.push(gone)
            renewWriter([held])
          }
          return { rows }
        },
        done: () => resolve(rows.length),
        failed: reject,
      })
    })

  /**
   * The portal was put back, or has begun collections anew (`lost`, by number): what this site has of others in them may be
   * nowhere else any more, and would never come to its owner. All of it goes, also what was known of facts and erasures,
   * and what stands there now is read from the start (SHARE-3). Done again where a crash comes between.
   */
  const letGoOfLost = async (peer: PeerKnowledge, lost: readonly boolean[]): Promise<PeerKnowledge> => {
    let { cursors } = peer
    for (const [number, collection] of collections.entries())
      for (let after: string | undefined; lost[number];) {
        const heads = await store.list(number, after, 500)
        if (heads.length === 0) break
        // What goes to every site anyway, as a consent, is everybody's.
        const keys = heads.flatMap(({ key, facts }) => (isOthers(facts) && !passes(collection, facts) ? [key] : []))
        if (keys.length > 0) {
          await letGoSome(collection, keys, passes, forgotten)
          cursors = cursors.with(number, { ...cursors[number]!, position: 0, complete: 0 })
        }
        after = heads.at(-1)!.key
      }
    return { ...peer, cursors }
  }

  const replication: Replication = {
    declared: () => ({ replica: id, epochs, head, incarnations }),
    peer: (replica) => peers.get(replica),
    async meet(declared, ours, isOver) {
      await commits.idle()
      if (isOver?.()) throw new Error('The connection has ended')
      if (ours && wasPutBack(epochs, head, ours)) {
        await beginAgain()
        throw new PutBack()
      }
      const before = peers.get(declared.replica) ?? strangerOf(declared.replica, collections.length)
      let result = afterHello(before, declared, head, holds !== undefined)
      const lost = result.known.incarnations.map(
        (one, number) => result.restored || one !== before.incarnations[number],
      )
      if (options.site !== undefined && before.chain.length > 0)
        result = { ...result, known: await letGoOfLost(result.known, lost) }
      await store.meet(result.known)
      peers.set(declared.replica, result.known)
      return { ...result, restoredHere: ours !== undefined && lostWhatWasSeen(epochs, ours) }
    },
    receive: (peer, batch, passesHere, settings = fixedSettings) =>
      new Promise((resolve, reject) => {
        open()
        let taken: TakenBatch | undefined
        let cursor: Cursor | undefined
        let seen = 0
        let after: PeerKnowledge | undefined
        const number = collectionNumber(batch.collection)
        const under = epochs
        const incarnation = incarnations[number]
        const version = settings.version()
        commits.enter({
          async build(draft) {
            admitted.set(peer, passesHere)
            // Also what waited in the queue while the new epoch began: its sender left out what it took this replica to have.
            if (beginning || under !== epochs) throw new PutBack()
            const before = ahead.get(peer) ?? known(peer)
            const { position, complete, erasedAt } = before.cursors[number]!
            // Rule 3: the commit of the batch before this one may have failed when this one waited already.
            if (batch.from > position)
              throw new Error(
                `A batch of ${batch.collection} begins at ${batch.from}, but it is read up to ${position}`,
              )
            // Rule 11: it was sent to an incarnation that is no more.
            if (renewing.has(number) || incarnations[number] !== incarnation)
              throw new Error(`The collection ${batch.collection} has begun anew`)
            taken = await takenBatch(draft, peer, batch, { quarantine, passesIn: passesHere, returns, isOthers })
            const { rows, withdrawn, emptied } = taken
            renewWriter(emptied)
            // Rule 6: what the settings of by now leave out would count as read. They may change while it is built.
            if (settings.version() !== version) throw new Error('The settings have changed')
            cursor = {
              epoch: batch.epoch,
              position: batch.to,
              complete: batch.tail ? batch.to : complete,
              erasedAt: Math.max(erasedAt, taken.erasedAt),
            }
            seen = Math.max(before.seen, batch.newest ?? batch.to)
            after = { ...before, seen, cursors: before.cursors.with(number, cursor) }
            ahead.set(peer, after)
            return { rows, progress: { peer, collection: number, cursor, seen, withdrawn } }
          },
          done(seqs) {
            head = seqs.at(-1) ?? head
            const now = known(peer)
            peers.set(peer, { ...now, seen: Math.max(now.seen, seen), cursors: now.cursors.with(number, cursor!) })
            if (ahead.get(peer) === after) ahead.delete(peer)
            const { rows, refused, dropped } = taken!
            withdrawing?.committed(rows)
            resolve({ refused, logged: rows.length, dropped })
          },
          failed(error) {
            ahead.delete(peer)
            reject(error)
          },
        })
      }),
    heal: (collection, whole, passesHere) =>
      new Promise((resolve, reject) => {
        open()
        commits.enter({
          async build(draft) {
            const rows = await healedBy(draft, collection, whole, { quarantine, passesIn: passesHere })
            return { rows }
          },
          done(seqs) {
            head = seqs.at(-1) ?? head
            resolve(seqs.length)
          },
          failed: reject,
        })
      }),
    async hasRoom(peer) {
      const of = [...(await aside.totals()).values()].filter((total) => total.peer === peer)
      return of.reduce((sum, { bytes }) => sum + bytes, 0) <= quarantine.mostAside / 2
    },
    attach: (mirroring) => withdrawing?.attach(mirroring) ?? { stands() {}, whole() {}, end() {} },
    reconciler: (wire) => reconciler({ ...wire, store, clock }),
    outgoing: async (peer, collection, range, passesThere, tells) =>
      outgoing(store, known(peer), collection, range, passesThere, tells),
    async acknowledged(peer, collection, position) {
      const number = collectionNumber(collection)
      const now = known(peer)
      if (now.acknowledged[number] === position) return
      peers.set(peer, { ...now, acknowledged: now.acknowledged.with(number, position) })
      withdrawing?.wake()
      await store.acknowledge(peer, number, position)
    },
    async readAnew(peer, among) {
      await Promise.all(among.map((collection) => readFromStart(peer, collectionNumber(collection))))
    },
    async refused(peer, collection, rows) {
      for (const { key, generation } of rows) await store.advance(refusedBy(peer, collection, key), generation, [])
    },
    async stands(peer, positions) {
      // What was under way when the machine was put back may have reached the peer after it said hello.
      if (Math.max(...positions) > head) {
        await beginAgain()
        throw new PutBack()
      }
      // Who reads a collection from the start again may have let go of what came from it (SHARE-3).
      const { acknowledged } = known(peer)
      const anew = collections.flatMap((_, number) => (positions[number] === 0 && (acknowledged[number] ?? 0) > 0 ? [number] : [])) // prettier-ignore
      const upTo = head
      const now = known(peer)
      peers.set(peer, { ...now, amnesty: now.amnesty.map((at, number) => (anew.includes(number) ? upTo : at)) })
      // All at once: an ack that comes while these are written is newer than they are.
      await Promise.all([
        ...anew.map((number) => store.giveAmnesty(peer, number, upTo)),
        ...positions.map((position, at) => replication.acknowledged(peer, collections[at]!, position)),
      ])
    },
    async behind(peer, sends = () => true) {
      const now = peers.get(peer)
      let documents = 0
      for (const [number, collection] of collections.entries())
        if (sends(collection)) documents += await store.countChangedAfter([number], now?.acknowledged[number] ?? 0)
      return documents
    },
    async waiting(peer, site, among) {
      const now = peers.get(peer)
      const patients = new Set<string>()
      for (const collection of among) {
        const number = collectionNumber(collection)
        for (let after: number | undefined = now?.acknowledged[number] ?? 0; after !== undefined;) {
          const heads = await store.changedAfter([number], after, 500)
          for (const { facts } of heads) if (facts.site === site && facts.patient !== null) patients.add(facts.patient)
          after = heads.at(-1)?.seq
        }
      }
      return patients
    },
  }

  const retry = (documents: readonly { collection: number; key: string }[]): Promise<number> =>
    new Promise((resolve, reject) =>
      commits.enter({
        async build(draft) {
          const rows: NewRow[] = []
          for (const { collection, key } of documents) {
            const name = collectionOf(collection)!
            await draft.load(name, [key])
            rows.push(...(await released(draft, name, key, quarantine)))
          }
          return { rows }
        },
        done(seqs) {
          head = seqs.at(-1) ?? head
          resolve(seqs.length)
        },
        failed: reject,
      }),
    )
  const retryWaiting = async (): Promise<number> => {
    let taken = 0
    if ((await aside.totals()).size === 0) return taken
    for (let after = 0; ;) {
      const places = await store.asideAfter(after, 500)
      const last = places.at(-1)
      if (!last) return taken
      const documents = new Map(places.map(({ collection, key }) => [`${collection}/${key}`, { collection, key }]))
      taken += await retry([...documents.values()])
      after = last.place
    }
  }
  // What waited for a newer program, or for what a crash kept from it, is tried at each start.
  await retryWaiting()

  return {
    practice,
    id,
    folding,
    waiting: async () => waitingOf((await aside.totals()).values()),
    retryWaiting,
    remember: (name, value) => store.advance(name, value, []),
    remembered: (name) => store.cursorOf(name),
    unhandled: async (name, among) => store.countChangedAfter(among.map(collectionNumber), await store.cursorOf(name)),
    replication,
    change: (edits) =>
      new Promise((resolve, reject) => {
        open()
        for (const edit of edits) checkEdit(edit)
        const rows: NewRow[] = []
        commits.enter({
          async build(draft) {
            for (const [collection, some] of Map.groupBy(edits, (edit) => edit.collection))
              await draft.load(collection, some.map((edit) => edit.key)) // prettier-ignore
            for (const edit of edits) {
              const row = await rowOfEdit(edit, draft, { writer, now: clock.now(), passes, chosen, begins: isAnew })
              if (!row) continue
              draft.add(row)
              rows.push(row)
            }
            return { rows }
          },
          done(seqs) {
            head = seqs.at(-1) ?? head
            withdrawing?.committed(rows)
            resolve()
          },
          failed: reject,
        })
      }),
    ...readingOf(store),
    follow(followerOptions) {
      open()
      const ended = (): void => void followers.delete(follower)
      const follower = startFollower(store, clock, followerOptions, ended)
      followers.add(follower)
      return follower
    },
    onCommit(run) {
      listeners.add(run)
      return () => void listeners.delete(run)
    },
    withdraw: () => withdrawing?.withdraw() ?? passAgain(),
    async passAnew(among) {
      for (const collection of among)
        for (let after: string | undefined; ;) {
          const heads = await store.list(collectionNumber(collection), after, 200)
          if (heads.length === 0) break
          const keys = heads.flatMap(({ key, facts }) =>
            !passedBefore(collection, facts) && passes(collection, facts) ? [key] : [],
          )
          if (keys.length > 0) await logAnew(collection, keys, passes)
          after = heads.at(-1)!.key
        }
    },
    async letGo(among, keeps) {
      let count = 0
      for (const collection of among)
        for (let after: string | undefined; ;) {
          const heads = await store.list(collectionNumber(collection), after, 500)
          if (heads.length === 0) break
          const keys = heads.flatMap(({ key, facts }) => (isOthers(facts) && !keeps(collection, facts) ? [key] : []))
          if (keys.length > 0) count += await letGoSome(collection, keys, keeps)
          after = heads.at(-1)!.key
        }
      return count
    },
    async eraseCollection(collection, everywhere, goes = () => true) {
      if (!withdrawing) throw new Error('Only a portal erases a whole collection: open its replica with what it holds')
      await withdrawing.eraseCollection(collection, { everywhere, goes })
    },
    async close() {
      if (closed) return
      closed = true
      await Promise.all([folding.stop(), withdrawing?.stop(), ...[...followers].map((follower) => follower.stop())])
      await commits.idle()
      await store.close()
    },
  }
}

/** Under which name is kept which generation of a document a peer has refused a row of. */
function refusedBy(peer: string, collection: Collection, key: string): string {
  return `refused by ${peer}: ${collection}/${key}`
}

function mintEpoch(clock: Clock): number {
  return randomBelow(clock, 2 ** 32) * 0x10000 + randomBelow(clock, 0x10000)
}

/** A client id is never used by two processes, nor by one before and after a restore: each epoch takes a fresh one. */
function mintWriter(replica: string, clock: Clock): Writer {
  return { client: randomBelow(clock, 2 ** 32 - 1) + 1, replica }
}
