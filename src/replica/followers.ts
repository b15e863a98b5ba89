/**
 * Followers: what happens after a change. Each walks the documents by their newest row with a durable cursor, so a
 * document changed a hundred times comes once, and a crash repeats at most what was not yet told to the store.
 * A follower that fails tries again with back-off and says so; it never skips. One whose rows have another form than those
 * in the store walks all documents a second time, with a cursor of its own, whenever no change waits.
 */
import { collectionNumber } from './collections.ts'
import type { Clock } from './clock.ts'
import type { DocumentHead, Follower, FollowerOptions } from './replica-face.ts'
import type { Store } from './store.ts'

const longestWait = 30_000
/** The cursor of a second walk that has come to its end. */
const atEnd = Number.MAX_SAFE_INTEGER

/** Starts a follower over `store`; `wake` is to be called after each commit. `ended` is called when it has stopped. */
export function startFollower(
  store: Store,
  clock: Clock,
  options: FollowerOptions,
  ended: () => void = () => {},
): Follower & { wake(): void } {
  const numbers = options.collections.map(collectionNumber)
  let stopped = false
  let problem: Follower['problem'] = null
  let running: Promise<void> | undefined
  let again = false
  let cancelRetry: (() => void) | undefined
  let waiting: (() => void)[] = []
  let waitingForForm: (() => void)[] = []
  const secondWalk = `${options.name} anew`
  let hasForm = options.form === undefined

  const handle = async (cursor: string, documents: readonly DocumentHead[]): Promise<void> => {
    const projections = await options.handle(documents)
    await store.advance(cursor, documents.at(-1)!.seq, projections)
    problem = null
    options.advanced?.(documents)
    // Between batches sockets and pages have their turn.
    await new Promise<void>((resolve) => setImmediate(resolve))
  }

  /** Says of the store which form its rows are to have, and begins the second walk where they have another one. */
  const setForm = async (form: number): Promise<void> => {
    const name = `form of ${options.name}`
    if ((await store.cursorOf(name)) !== form) {
      const isNew = (await store.cursorOf(options.name)) === 0
      // In this order: a crash between the two begins once more.
      await store.advance(secondWalk, isNew ? atEnd : 0, [])
      await store.advance(name, form, [])
    }
    hasForm = true
  }

  /** Takes the second walk on by a step; false: it is at its end. Changes have been handled, so it meets what came before them. */
  const remakeSome = async (): Promise<boolean> => {
    if (options.form === undefined) return false
    const cursor = await store.cursorOf(secondWalk)
    if (cursor === atEnd) return false
    const documents = await store.changedAfter(numbers, cursor, options.batch ?? 500)
    if (documents.length === 0) await store.advance(secondWalk, atEnd, [])
    else await handle(secondWalk, documents)
    return documents.length > 0
  }

  const walk = async (): Promise<void> => {
    if (!hasForm) await setForm(options.form!)
    while (!stopped) {
      again = false
      const cursor = await store.cursorOf(options.name)
      const documents = await store.changedAfter(numbers, cursor, options.batch ?? 500)
      if (documents.length === 0) {
        if (again) continue
        for (const resolve of waiting.splice(0)) resolve()
        if ((await remakeSome()) || again) continue
        for (const resolve of waitingForForm.splice(0)) resolve()
        return
      }
      await handle(options.name, documents)
    }
  }

  const start = (failures: number): void => {
    running = walk().then(
      () => {
        running = undefined
        // Woken after the walk had found nothing more, and before it had ended.
        if (again && !stopped) start(0)
      },
      (error: unknown) => {
        running = undefined
        problem = {
          error: error instanceof Error ? error : new Error(String(error)),
          since: problem?.since ?? clock.now(),
        }
        if (stopped) return
        cancelRetry = clock.after(Math.min(longestWait, 250 * 2 ** failures), () => {
          cancelRetry = undefined
          start(failures + 1)
        })
      },
    )
  }

  const wake = (): void => {
    again = true
    if (!running && !cancelRetry && !stopped) start(0)
  }
  wake()

  return {
    name: options.name,
    get problem() {
      return problem
    },
    wake,
    async behind() {
      return store.countChangedAfter(numbers, await store.cursorOf(options.name))
    },
    caughtUp() {
      // One that has ended holds nobody up: who asks may be another follower, which is to end too.
      if (stopped) return Promise.resolve()
      const done = new Promise<void>((resolve) => waiting.push(resolve))
      wake()
      return done
    },
    async toRemake() {
      if (options.form === undefined) return 0
      const begun = (await store.cursorOf(`form of ${options.name}`)) === options.form
      return store.countChangedAfter(numbers, begun ? await store.cursorOf(secondWalk) : 0)
    },
    remade() {
      if (stopped) return Promise.resolve()
      const done = new Promise<void>((resolve) => waitingForForm.push(resolve))
      wake()
      return done
    },
    async stop() {
      stopped = true
      cancelRetry?.()
      for (const resolve of [...waiting.splice(0), ...waitingForForm.splice(0)]) resolve()
      await running
      ended()
    },
  }
}
