/**
 * Followers: what happens after a change. Each walks the documents by their newest row with a durable cursor, so a
 * document changed a hundred times comes once, and a crash repeats at most what was not yet told to the store.
 * A follower that fails tries again with back-off and says so; it never skips.
 */
import { collectionNumber } from './collections.ts'
import type { Clock } from './clock.ts'
import type { Follower, FollowerOptions } from './replica-face.ts'
import type { Store } from './store.ts'

const longestWait = 30_000

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

  const walk = async (): Promise<void> => {
    while (!stopped) {
      again = false
      const cursor = await store.cursorOf(options.name)
      const documents = await store.changedAfter(numbers, cursor, options.batch ?? 500)
      if (documents.length === 0) {
        if (again) continue
        for (const resolve of waiting.splice(0)) resolve()
        return
      }
      const projections = await options.handle(documents)
      await store.advance(options.name, documents.at(-1)!.seq, projections)
      problem = null
      options.advanced?.(documents)
      // Between batches sockets and pages have their turn.
      await new Promise<void>((resolve) => setImmediate(resolve))
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
      const done = new Promise<void>((resolve) => waiting.push(resolve))
      wake()
      return done
    },
    async stop() {
      stopped = true
      cancelRetry?.()
      for (const resolve of waiting.splice(0)) resolve()
      await running
      ended()
    },
  }
}
