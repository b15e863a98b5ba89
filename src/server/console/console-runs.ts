/**
 * The runs that staff begin at the console. Each goes on by itself, whoever looks and whoever leaves; how far it is stands
 * in the desk's file, so that a page shows it after a reload. One of a kind at a time: who asks again gets the one that runs.
 */
import type { Clock } from '../../replica/clock.ts'
import type { Json } from '../../replica/json.ts'
import type { Deed } from '../audit-sqlite.ts'
import type { RunKind } from './runs-sqlite.ts'
import type { ConsoleSite } from './console-site.ts'
import type { StaffStore } from './staff-store-sqlite.ts'

export interface ConsoleRuns {
  /** Begins a run, or joins the one of its kind that is under way; its id. */
  start(kind: RunKind, by: string): string
  /** Resolves when a run has ended, at the latest after a moment: what is quick is shown at once. */
  aMoment(id: string): Promise<void>
}

const moment = 1_500
const lookEvery = 500
const did: Readonly<Record<RunKind, Deed>> = { upload: 'records uploaded', download: 'communications downloaded', sync: 'synchronized', test: 'connection tested' } // prettier-ignore

export function consoleRuns(parts: {
  readonly site: ConsoleSite
  readonly store: StaffStore
  readonly clock: Clock
  readonly log: (line: string) => void
}): ConsoleRuns {
  const { site, store, clock, log } = parts
  const { runs } = site.desk
  const under = new Map<string, Promise<void>>()
  runs.endLeftOver('The program ended before this was done. Nothing is lost: what waits goes by itself.')

  const waiting = async (kind: RunKind): Promise<number> => {
    const { toPortal, toInSched } = (await site.status()).queues
    return kind === 'upload' ? toPortal : kind === 'download' ? toInSched : kind === 'sync' ? toPortal + toInSched : 0
  }
  const work: Readonly<Record<RunKind, (id: string) => Promise<unknown>>> = {
    upload: (id) => site.upload((line) => void runs.says(id, line)),
    download: () => site.download(),
    sync: (id) => site.sync((line) => void runs.says(id, line)),
    test: () => site.testConnection(),
  }
  const run = async (id: string, kind: RunKind, by: string): Promise<void> => {
    let ended = false
    let cancel = (): void => {}
    const look = async (): Promise<void> => {
      const left = await waiting(kind)
      if (ended) return
      runs.waits(id, left)
      cancel = clock.after(lookEvery, () => void look().catch(failedToLook))
    }
    const failedToLook = (error: unknown): void => log(`looking at run ${id} failed: ${(error as Error).message}`)
    if (kind !== 'test') void look().catch(failedToLook)
    try {
      const result = await work[kind](id)
      runs.done(id, result as Json)
      const failed = (result as { failed?: string | null }).failed
      store.audit.record({ did: did[kind], by, of: kind === 'test' ? (failed ?? undefined) : id })
    } catch (error) {
      runs.failed(id, (error as Error).message)
      store.audit.record({ did: 'run failed', by, of: [kind, id] })
    } finally {
      ended = true
      cancel()
    }
  }

  return {
    start(kind, by) {
      const running = runs.running(kind)
      if (running) return running.id
      const id = runs.begin(kind, by)
      // Neither the page nor the program ends by what a run meets.
      const done = run(id, kind, by).catch((error: unknown) => log(`run ${id} was not noted: ${(error as Error).message}`)) // prettier-ignore
      under.set(
        id,
        done.finally(() => under.delete(id)),
      )
      return id
    },
    async aMoment(id) {
      const late = Promise.withResolvers<void>()
      const cancel = clock.after(moment, late.resolve)
      await Promise.race([under.get(id), late.promise])
      cancel()
    },
  }
}
