/** A process that dies at a durable step of the replica or of InSched: from then on nothing of it reaches a file. */
import { openInSched, type InSched } from '../../src/bridges/insched/insched.ts'
import type { Store } from '../../src/replica/store.ts'

/** Kills the process at its `left`-th durable step: from then on nothing of it reaches a file. */
export class Death {
  left: number
  dead = false
  readonly happened: Promise<void>
  #tell = (): void => {}
  constructor(left: number) {
    this.left = left
    this.happened = new Promise((resolve) => void (this.#tell = resolve))
  }
  step(): void {
    if (this.dead) throw new Error('dead')
    if (--this.left > 0) return
    this.dead = true
    this.#tell()
    throw new Error('dead')
  }
}

/** The store of a process that may die before and after each of its transactions. */
export function mortal(store: Store, death: Death): Store {
  const around =
    <A extends unknown[], R>(run: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      death.step()
      const result = await run(...args)
      death.step()
      return result
    }
  return { ...store, append: around(store.append), advance: around(store.advance), close: async () => {} }
}

/** InSched for a process that may die before a transaction, before its commit, and after it. */
export async function mortalInSched(death: Death, ...given: Parameters<typeof openInSched>): Promise<InSched> {
  const insched = await openInSched(...given)
  const around = (run: () => Promise<void>) => async (): Promise<void> => {
    death.step()
    await run()
    death.step()
  }
  return {
    ...insched,
    capture: around(insched.capture),
    beginCapture: around(insched.beginCapture),
    async write(work) {
      death.step()
      const result = await insched.write(async (change) => {
        const outcome = await work(change)
        death.step()
        return outcome
      })
      death.step()
      return result
    },
  }
}
