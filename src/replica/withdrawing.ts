/**
 * What a portal erases because its settings withhold it (rules 9 and 11): a document that ceased to pass, and a whole
 * collection that every site has erased. Content goes only when a connected site has it (`mirroring.ts`). Level-triggered:
 * what is to go is found again by `withdraw`, after every start too.
 */
import { collectionNumber, collections, type Collection, type Facts, type Passes } from './collections.ts'
import type { Commits, Draft } from './commits.ts'
import { mirrorsOf, type Mirrors } from './mirroring.ts'
import type { DocumentHead } from './replica-face.ts'
import type { NewRow, PeerKnowledge, Renewal, Store, StoredDocument } from './store.ts'
import { hasContent, passedAgain, withdrawnRow } from './withdrawal.ts'

export interface WithdrawingOptions {
  readonly store: Store
  readonly commits: Commits
  /** Whether content of a document may be held here. */
  readonly holds: Passes
  /** Whether its owner takes a document as long as it may be held here; where not, only when it is to go. */
  readonly comesDown: Passes
  readonly peer: (replica: string) => PeerKnowledge | undefined
  /** Whether a peer has refused a row of a document's present generation, and acknowledged it all the same. */
  readonly hasRefused: (peer: string, head: DocumentHead) => Promise<boolean>
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
  readonly attach: Mirrors['attach']
  /** Rows were committed: of documents that may not be held, or no longer. */
  committed(rows: readonly NewRow[]): void
  /** A peer has acknowledged more, or stands somewhere. */
  wake(): void
  withdraw(): Promise<void>
  eraseCollection(collection: Collection, asked: ErasureAsked): Promise<void>
  /** Resolves when what can go now is gone. */
  idle(): Promise<void>
  /** Set while a withdrawal cannot be committed; it is tried again with the next acknowledgement. */
  readonly problem: Error | null
  stop(): Promise<void>
}

/** The erasure of a collection (`Replica.eraseCollection`). */
export interface ErasureAsked {
  readonly everywhere: () => boolean
  readonly goes: (facts: Facts) => boolean
}

interface Leaving {
  /** At which seq the document was last seen to stand. */
  readonly seq: number
  /** Since which moment it is to go (`Mirrors.now`). */
  readonly since: number
  /** Whether its owner took it before, so that what it has acknowledged it has. */
  readonly comesDown: boolean
  /** Logged anew since: beyond what was passed over. */
  readonly isAnew: boolean
}
interface Erasing extends ErasureAsked {
  readonly done: PromiseWithResolvers<void>
  /** Since which moment it is to go; undefined while a site has not erased it. */
  since: number | undefined
}

/** How many documents share a commit. */
const atOnce = 200

/** Starts withdrawing beside the work of a portal's replica. */
export function startWithdrawing(options: WithdrawingOptions): Withdrawing {
  const { store, commits, holds } = options
  const mirrors = mirrorsOf(options.peer, () => wake())
  // What may not be held.
  const waiting = new Map<Collection, Map<string, Leaving>>()
  const erasing = new Map<Collection, Erasing>()
  let running: Promise<void> | undefined
  let again = false
  let stopped = false
  let problem: Error | null = null
  let look = true

  const waitingIn = (collection: Collection): Map<string, Leaving> => {
    let keys = waiting.get(collection)
    if (!keys) waiting.set(collection, (keys = new Map()))
    return keys
  }
  /** A document as it was seen: what may not be held waits, and what may does not. */
  const seen = (collection: Collection, key: string, facts: Facts, seq: number): void => {
    const keys = waitingIn(collection)
    if (holds(collection, facts)) return void keys.delete(key)
    const comesDown = options.comesDown(collection, facts)
    const before = keys.get(key)
    if (before?.comesDown === comesDown) keys.set(key, { ...before, seq })
    else keys.set(key, { seq, since: mirrors.now(), comesDown, isAnew: false })
  }

  /** Whether a site has all of a document and is there. What was refused is known before it counts as acknowledged, so it is asked after. */
  const isElsewhere = async (held: StoredDocument, since: number): Promise<boolean> => {
    for (const one of mirrors.having(held, since))
      if (!(await options.hasRefused(one.peer, held.head)) && (await one.isWhole(held.head))) return true
    return false
  }

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

  const withdrawSome = async (collection: Collection, keys: readonly string[]): Promise<void> => {
    const left = waitingIn(collection)
    const anew = new Map<string, Leaving>()
    await commit(async (draft) => {
      anew.clear()
      await draft.load(collection, keys)
      const rows: NewRow[] = []
      for (const key of keys) {
        const held = draft.document(collection, key)
        // A withdrawal that fails to be committed is found again by the next that is asked for.
        if (!held || !hasContent(held)) left.delete(key)
        else seen(collection, key, held.head.facts, held.head.seq)
        const leaving = left.get(key)
        if (!held || !leaving) continue
        if (!leaving.comesDown && !leaving.isAnew) {
          rows.push((await passedAgain(draft, collection, key, () => true))!)
          draft.add(rows.at(-1)!)
          anew.set(key, leaving)
          continue
        }
        if (!(await isElsewhere(held, leaving.since))) continue
        rows.push(withdrawnRow(held, true))
        draft.add(rows.at(-1)!)
        options.emptied([held])
      }
      return { rows }
    })
    for (const [key, leaving] of anew) if (left.get(key) === leaving) left.set(key, { ...leaving, isAnew: true })
  }

  /** The keys of a collection whose content is to go; undefined where no site has one of them yet. */
  const erasable = async (collection: Collection, { goes }: Erasing, since: number): Promise<string[] | undefined> => {
    const number = collectionNumber(collection)
    const found: string[] = []
    for (let after: string | undefined; ;) {
      const keys = (await store.list(number, after, 1_000)).map(({ key }) => key)
      if (keys.length === 0) return found
      for (const [key, held] of await store.documents(number, keys)) {
        if (!hasContent(held) || !goes(held.head.facts)) continue
        if (!(await isElsewhere(held, since))) return undefined
        found.push(key)
      }
      after = keys.at(-1)!
    }
  }

  const eraseWhole = async (collection: Collection, erased: Erasing): Promise<void> => {
    const { everywhere, done } = erased
    erased.since = everywhere() ? (erased.since ?? mirrors.now()) : undefined
    const { since } = erased
    if (since === undefined) return
    const keys = await erasable(collection, erased, since)
    if (!keys) return
    // Where nothing is held, all was erased before, or nothing ever came: the incarnation stands.
    if (keys.length === 0) return ended(collection, done)
    let begun = false
    await commit(async (draft) => {
      await draft.load(collection, keys)
      const documents = keys.flatMap((key) => draft.document(collection, key) ?? [])
      // What was written meanwhile waits for its acknowledgement, and so does all.
      begun = true
      for (const held of documents) begun &&= await isElsewhere(held, since)
      begun &&= everywhere()
      if (!begun) return { rows: [] }
      const rows = documents.map((held) => withdrawnRow(held, false))
      for (const row of rows) draft.add(row)
      options.emptied(documents)
      const renewal = { collection: collectionNumber(collection), incarnation: options.mintIncarnation() }
      return { rows, renewal }
    })
    if (!begun) return
    mirrors.startOver()
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
        const most = mirrors.reach(collection)
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
        // Woken when it had looked for the last time and was not done yet.
        if (again) wake()
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
    attach: mirrors.attach,
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
    eraseCollection(collection, asked) {
      const former = erasing.get(collection)
      const done = former?.done ?? Promise.withResolvers<void>()
      erasing.set(collection, { ...asked, done, since: asked.everywhere() ? former?.since : undefined })
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
