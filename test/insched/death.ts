/** A process that dies at a durable step of the replica or of InSched: from then on nothing of it reaches a file. */
import { openInSched, type InSched } from '../../src/bridges/insched/insched.ts'
import { expect } from 'vitest'
import type { InSchedBridge } from '../../src/bridges/insched/bridge.ts'
import type { PracticeId, ReplicaId } from '../../src/replica/ids.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import type { Store } from '../../src/replica/store.ts'
import { clock } from '../replica/world.ts'

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

/** An agent that lives several times on the same files: a replica on `store`, and the bridge that `start` puts over it. */
export interface Lives {
  readonly store: Store
  readonly practice: PracticeId
  readonly id: ReplicaId
  readonly start: (replica: OpenReplica, open: typeof openInSched) => Promise<InSchedBridge>
  /** What is left to do; a life goes on where the last one ended. */
  readonly work: (replica: OpenReplica, bridge: InSchedBridge) => Promise<void>
}

/** Lives that end after so many durable steps each, and one that ends when all is read, done and written. */
export async function liveAgainAndAgain(lives: Lives, deaths: readonly number[]): Promise<void> {
  for (const left of deaths) if (await oneLife(lives, left)) break
  expect(await oneLife(lives, Infinity)).toBe(true)
}

/** Resolves with whether it was done before it died. */
async function oneLife({ store, practice, id, start, work }: Lives, left: number): Promise<boolean> {
  const death = new Death(left)
  let replica: OpenReplica | undefined
  let bridge: InSchedBridge | undefined
  const life = async (): Promise<boolean> => {
    replica = await openReplica({ store: mortal(store, death), practice, id, clock })
    bridge = await start(replica, (...given) => mortalInSched(death, ...given))
    await bridge.readNow()
    await work(replica, bridge)
    await bridge.readNow()
    await bridge.written()
    return true
  }
  const done = await Promise.race([life().catch(() => false), death.happened.then(() => false)])
  if (!done && !death.dead) throw new Error('A life ended without a death')
  death.dead = true
  await bridge?.stop().catch(() => {})
  await replica?.close()
  return done
}
