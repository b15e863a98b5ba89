/**
 * The runs of a site, by hand and by the clock, one at a time: who asks while one is under way shares the next. Between
 * runs the link is held and InSched is not read unless the schedule says otherwise; queues grow, and nothing is lost. One
 * `look` decides it all from the clock, the settings and what runs.
 */
import type { Clock } from '../replica/clock.ts'
import { isContinuous, keepsLink, nextFullSync, nextInWords, nextOpening, nextRun, type Timing } from './schedule.ts'
import type { Stretch } from './backup-windows.ts'

/** What a run may be; `sync` is upload and download, `full` also compares all that both sides hold, `proof` does that alone. */
export type RunKind = 'upload' | 'download' | 'sync' | 'full' | 'proof'

export interface RunsOptions {
  readonly timing: () => Timing
  readonly zone: () => string
  /** The backup window that is on: nothing runs by itself then, and the link stays. */
  readonly window: () => Stretch | undefined
  readonly link: { hold(): void; resume(): void }
  /** A run that the clock began: resolves when it is done. */
  readonly run: (kind: 'sync' | 'full') => Promise<unknown>
  /** When the last runs by the clock began, milliseconds UTC; 0: never. Kept durably. */
  readonly remembered: (what: 'run' | 'full') => Promise<number>
  readonly remember: (what: 'run' | 'full', at: number) => Promise<void>
  readonly clock: Clock
}

/** What comes next by itself: moments in milliseconds UTC, one that is past means now, null never. */
export interface Coming {
  readonly mode: Timing['mode']
  readonly run: number | null
  readonly full: number | null
}

export interface Runs {
  /** Does `work` as a run of this kind, after the one that is under way; who asks before it begins shares it. */
  once<T>(kind: RunKind, work: () => Promise<T>): Promise<T>
  /** Whether changes in InSched are read as they happen. */
  readsAlong(): boolean
  /** Whether the link is to be connected now. */
  wantsLink(): boolean
  /** What comes next. */
  coming(): Coming
  /** What comes next, in words. */
  next(): string
  /** Why the last run by the clock did not get through; null where it did. */
  problem(): string | null
  /** Looks at the clock and at what is set, and does what they say. */
  look(): void
  stop(): Promise<void>
}

const minute = 60_000

/** Runs of which nothing begins before the first `look`. */
export async function keepRuns(options: RunsOptions): Promise<Runs> {
  const { clock } = options
  let lastRun = await options.remembered('run')
  let lastFull = await options.remembered('full')
  if (lastFull === 0) await options.remember('full', (lastFull = clock.now()))
  const waiting = new Map<RunKind, Promise<unknown>>()
  let turn: Promise<unknown> = Promise.resolve()
  let under = 0
  let timed = false
  let problem: string | null = null
  let stopped = false
  let cancel = (): void => {}

  const once = <T>(kind: RunKind, work: () => Promise<T>): Promise<T> => {
    const shared = waiting.get(kind)
    if (shared) return shared as Promise<T>
    under++
    look()
    const next = turn
      .then(() => {
        waiting.delete(kind)
        return work()
      })
      .finally(() => {
        under--
        look()
      })
    waiting.set(kind, next)
    turn = next.catch(() => {})
    return next
  }
  const wantsLink = (): boolean =>
    under > 0 || options.window() !== undefined || keepsLink(options.timing(), options.zone(), clock.now())
  const due = (): { run: number | null; full: number | null } => {
    const [timing, zone] = [options.timing(), options.zone()]
    return { run: nextRun(timing, zone, lastRun), full: nextFullSync(timing, zone, lastFull) }
  }
  const begin = async (kind: 'sync' | 'full'): Promise<void> => {
    const now = clock.now()
    await options.remember('run', (lastRun = now))
    if (kind === 'full') await options.remember('full', (lastFull = now))
    await options.run(kind)
  }

  const look = (): void => {
    if (stopped) return
    cancel()
    if (wantsLink()) options.link.resume()
    else options.link.hold()
    const now = clock.now()
    const { run, full } = due()
    const next = Math.min(run ?? Infinity, full ?? Infinity)
    if (next <= now && !timed && !options.window()) {
      timed = true
      begin(full !== null && full <= now ? 'full' : 'sync')
        .then(
          () => void (problem = null),
          (error: unknown) => void (problem = (error as Error).message),
        )
        .finally(() => {
          timed = false
          look()
        })
    }
    // Quiet hours and settings may change what is wanted before anything is due.
    cancel = clock.after(Math.min(minute, Math.max(1_000, next - now)), look)
  }
  const coming = (): Coming => {
    const [timing, zone, now] = [options.timing(), options.zone(), clock.now()]
    const { run, full } = due()
    const opens = timing.mode === 'continuous' ? nextOpening(timing, zone, now) : run
    // Nothing runs in a backup window; what is due in one comes after it.
    const end = options.window()?.until
    const after = (at: number | null): number | null => (at !== null && end !== undefined ? Math.max(at, end) : at)
    return { mode: timing.mode, run: after(opens), full: after(full) }
  }
  return {
    once,
    readsAlong: () => isContinuous(options.timing(), options.zone(), clock.now()),
    wantsLink,
    coming,
    next: () => nextInWords(options.timing(), options.zone(), { now: clock.now(), ...coming() }),
    problem: () => problem,
    look,
    async stop() {
      stopped = true
      cancel()
      await turn
    },
  }
}
