/**
 * What a portal erases because its settings withhold it (rules 9 and 11): a document that ceased to pass, and a whole
 * collection that every site has erased. Content goes only when a connected site that mirrors the document has
 * acknowledged the newest of it, and has answered since it was to go: a site that was put back no longer does, while its
 * connection still stands here. Level-triggered: what is to go is found again by `withdraw`, after every start too.
 */
import { collectionNumber, collections, type Collection, type Facts, type Passes } from './collections.ts'
import type { Commits, Draft } from './commits.ts'
import type { NewRow, PeerKnowledge, Renewal, Store, StoredDocument } from './store.ts'
import { hasContent, withdrawnRow } from './withdrawal.ts'

/** A connection, as long as it lasts. */
export interface Mirroring {
  readonly peer: string
  /** What goes to the peer: it mirrors that. */
  readonly passes: Passes
  /** Asks the peer whether it is there; resolves with false where the connection ends before it answers. */
  isThere(): Promise<boolean>
  /** Ends the connection; the next one begins with what holds by then. */
  startOver(): void
}

export interface Attached {
  /** The peer has said where it stands: what counts as acknowledged is so. */
  stands(): void
  /** The connection ended. */
  end(): void
}

export interface WithdrawingOptions {
  readonly store: Store
  readonly commits: Commits
  /** Whether content of a document may be held here. */
  readonly holds: Passes
  readonly peer: (replica: string) => PeerKnowledge | undefined
  readonly mintIncarnation: () => string
  /**
   * Told of documents whose content goes, before anything is written after it: who had written in one of them may not
   * go on under the same client id, which would count from 0 again and say other things by the same numbers.
   */
  readonly emptied: (documents: readonly StoredDocument[]) => void
  /** Told when a renewal is being committed, and what became of it. */
  readonly renewing: (renewal: Renewal) => { done(): void; failed(): void }
}

export interface Withdrawing {
  /** A connection begins. */
  attach(mirroring: Mirroring): Attached
  /** Rows were committed: of documents that may not be held, or no longer. */
  committed(rows: readonly NewRow[]): void
  /** A peer has acknowledged more, or stands somewhere. */
  wake(): void
  withdraw(): Promise<void>
  eraseCollection(collection: Collection, everywhere: () => boolean): Promise<void>
  /** Resolves when what can go now is gone. */
  idle(): Promise<void>
  /** Set while a withdrawal cannot be committed; it is tried again with the next acknowledgement. */
  readonly problem: Error | null
  stop(): Promise<void>
}

/** Since which question something is to go: only who has answered that or a later one tells that it has it. */
interface Due {
  readonly since: number
}
interface Leaving extends Due {
  /** At which seq the document was last seen to stand. */
  readonly seq: number
}
interface Erasing {
  readonly everywhere: () => boolean
  readonly done: PromiseWithResolvers<void>
  /** Undefined while a site has not erased it. */
  due: Due | undefined
}
interface Connected extends Mirroring {
  /** The newest questions that were put to it and that it has answered. */
  asked: number
  answered: number
}

/** How many documents share a commit. */
const atOnce = 200

/** Starts withdrawing beside the work of a portal's replica. */
export function startWithdrawing(options: WithdrawingOptions): Withdrawing {
  const { store, commits, holds } = options
  const connections = new Set<Connected>()
  const standing = new Set<Connected>()
  // What may not be held.
  const waiting = new Map<Collection, Map<string, Leaving>>()
  const erasing = new Map<Collection, Erasing>()
  let running: Promise<void> | undefined
  let again = false
  let stopped = false
  let problem: Error | null = null
  let look = true
  let question = 0

  const waitingIn = (collection: Collection): Map<string, Leaving> => {
    let keys = waiting.get(collection)
    if (!keys) waiting.set(collection, (keys = new Map()))
    return keys
  }
  /** A document as it was seen: what may not be held waits, and what may does not. */
  const seen = (collection: Collection, key: string, facts: Facts, seq: number): void => {
    const keys = waitingIn(collection)
    if (holds(collection, facts)) keys.delete(key)
    else keys.set(key, { seq, since: keys.get(key)?.since ?? ++question })
  }
  const acknowledged = ({ peer }: Mirroring, collection: Collection): number =>
    options.peer(peer)?.acknowledged[collectionNumber(collection)] ?? 0
  /** Whether a site has all of a document: else erasing it could erase the last copy. Who has not answered yet is asked. */
  const isSafe = ({ head: { collection, facts, seq } }: Pick<StoredDocument, 'head'>, { since }: Due): boolean => {
    const mirrors = [...standing].filter((one) => acknowledged(one, collection) >= seq && one.passes(collection, facts))
    if (mirrors.some((one) => one.answered >= since)) return true
    for (const one of mirrors) ask(one)
    return false
  }
  const ask = (one: Connected): void => {
    if (one.asked > one.answered) return
    const asked = (one.asked = question)
    void one.isThere().then((isThere) => {
      if (!isThere) return
      one.answered = asked
      wake()
    })
  }
  const reach = (collection: Collection): number =>
    Math.max(0, ...[...standing].map((one) => acknowledged(one, collection)))

  /** One commit of a portal's own; resolves when it is durable. */
  const commit = (build: (draft: Draft) => Promise<{ rows: readonly NewRow[]; renewal?: Renewal }>): Promise<void> =>
    new Promise((resolve, reject) => {
      let renewing: ReturnType<WithdrawingOptions['renewing']> | undefined
      commits.enter({
        async build(draft) {
          const built = await build(draft)
          if (built.renewal) renewing = options.renewing(built.renewal)
          return built
        },
        done() {
          renewing?.done()
          resolve()
        },
        failed(error) {
          renewing?.failed()
          reject(error)
        },
      })
    })

  const withdrawSome = (collection: Collection, keys: readonly string[]): Promise<void> => {
    const left = waitingIn(collection)
    return commit(async (draft) => {
      await draft.load(collection, keys)
      const rows: NewRow[] = []
      for (const key of keys) {
        const held = draft.document(collection, key)
        // A withdrawal that fails to be committed is found again by the next that is asked for.
        if (!held || !hasContent(held)) left.delete(key)
        else seen(collection, key, held.head.facts, held.head.seq)
        const leaving = left.get(key)
        if (!held || !leaving || !isSafe(held, leaving)) continue
        rows.push(withdrawnRow(held, true))
        draft.add(rows.at(-1)!)
        options.emptied([held])
      }
      return { rows }
    })
  }

  /** The keys of a collection that have content; undefined where one of them is not safe yet. */
  const erasable = async (collection: Collection, due: Due): Promise<string[] | undefined> => {
    const number = collectionNumber(collection)
    const found: string[] = []
    for (let after: string | undefined; ;) {
      const keys = (await store.list(number, after, 1_000)).map(({ key }) => key)
      if (keys.length === 0) return found
      for (const [key, held] of await store.documents(number, keys)) {
        if (!hasContent(held)) continue
        if (!isSafe(held, due)) return undefined
        found.push(key)
      }
      after = keys.at(-1)!
    }
  }

  const eraseWhole = async (collection: Collection, erased: Erasing): Promise<void> => {
    const { everywhere, done } = erased
    erased.due = everywhere() ? (erased.due ?? { since: ++question }) : undefined
    const { due } = erased
    if (!due) return
    const keys = await erasable(collection, due)
    if (!keys) return
    // Where nothing is held, all was erased before, or nothing ever came: the incarnation stands.
    if (keys.length === 0) return ended(collection, done)
    let begun = false
    await commit(async (draft) => {
      await draft.load(collection, keys)
      const documents = keys.flatMap((key) => draft.document(collection, key) ?? [])
      // What was written meanwhile waits for its acknowledgement, and so does all.
      begun = everywhere() && documents.every((held) => isSafe(held, due))
      if (!begun) return { rows: [] }
      const rows = documents.map((held) => withdrawnRow(held, false))
      for (const row of rows) draft.add(row)
      options.emptied(documents)
      const renewal = { collection: collectionNumber(collection), incarnation: options.mintIncarnation() }
      return { rows, renewal }
    })
    if (!begun) return
    for (const one of [...connections]) one.startOver()
    ended(collection, done)
  }
  const ended = (collection: Collection, done: PromiseWithResolvers<void>): void => {
    erasing.delete(collection)
    done.resolve()
  }

  /** Finds all that may not be held. */
  const lookForAll = async (): Promise<void> => {
    for (const collection of collections)
      for (let after: string | undefined; ;) {
        const heads = await store.list(collectionNumber(collection), after, 1_000)
        if (heads.length === 0) break
        for (const { key, facts, seq } of heads) seen(collection, key, facts, seq)
        after = heads.at(-1)!.key
      }
  }

  const run = async (): Promise<void> => {
    while (again && !stopped) {
      again = false
      if (look) {
        look = false
        await lookForAll()
      }
      for (const [collection, keys] of waiting) {
        const most = reach(collection)
        const ready = [...keys].flatMap(([key, { seq }]) => (seq <= most ? [key] : []))
        for (let from = 0; from < ready.length && !stopped; from += atOnce)
          await withdrawSome(collection, ready.slice(from, from + atOnce))
      }
      for (const [collection, one] of [...erasing]) await eraseWhole(collection, one)
    }
  }
  const wake = (): void => {
    again = true
    if (running || stopped || (!look && erasing.size === 0 && ![...waiting.values()].some((keys) => keys.size > 0)))
      return
    running = run().then(
      () => {
        running = undefined
        problem = null
      },
      (error: unknown) => {
        running = undefined
        // What was not committed, or not read, is looked for again.
        look = true
        problem = error instanceof Error ? error : new Error(String(error))
      },
    )
  }
  const idle = async (): Promise<void> => {
    while (running) await running
  }

  wake()

  return {
    attach(mirroring) {
      // Where it stands is what it answers to the hello that it gets now.
      const connected: Connected = { ...mirroring, asked: question, answered: question }
      connections.add(connected)
      return {
        stands() {
          standing.add(connected)
          wake()
        },
        end() {
          connections.delete(connected)
          standing.delete(connected)
        },
      }
    },
    committed(rows) {
      // Where they stand is found when a peer has acknowledged anything.
      for (const { collection, key, facts } of rows) seen(collections[collection]!, key, facts, 0)
      wake()
    },
    wake,
    async withdraw() {
      look = true
      wake()
      await idle()
      if (problem) throw problem
    },
    eraseCollection(collection, everywhere) {
      const former = erasing.get(collection)
      const done = former?.done ?? Promise.withResolvers<void>()
      erasing.set(collection, { everywhere, done, due: everywhere() ? former?.due : undefined })
      wake()
      return done.promise
    },
    idle,
    get problem() {
      return problem
    },
    async stop() {
      stopped = true
      await running
      for (const { done } of erasing.values())
        done.reject(new Error('This replica was closed before every site had erased the collection'))
    },
  }
}
