/**
 * Lets go of InSched's database while a backup window is on, and takes it back after: a week's windows, and those begun or
 * ended by hand. What is on follows from the clock alone, so a site that is started in the middle of a window knows it.
 */
import type { Clock } from '../replica/clock.ts'
import { nextWindow, windowAt, type ByHand, type Stretch, type WeeklyWindow } from './backup-windows.ts'

export interface BackupOptions {
  /** Lets go until about a time; resolves when no handle of the database is open. */
  readonly letGo: (until: number) => Promise<void>
  readonly takeBack: () => Promise<void>
  readonly windows: () => readonly WeeklyWindow[]
  readonly byHand: () => ByHand | null
  /** Keeps what was said by hand: `byHand` says it at once, and it is durable when this resolves. */
  readonly keepByHand: (said: ByHand) => Promise<void>
  readonly zone: () => string
  readonly clock: Clock
}

export interface Backup {
  /** The window that is on; undefined where none is. */
  now(): Stretch | undefined
  next(): Stretch | undefined
  /** Begins a window now; resolves with it when the database is let go of. One that is on already is made no shorter. */
  begin(minutes: number): Promise<Stretch>
  /** Ends the window that is on; resolves when the database is back. False where none was on. */
  end(): Promise<boolean>
  /** Resolves when no window is on and the database is back. */
  over(): Promise<void>
  /** A sentence where the last change of hands failed. */
  problem(): string | null
  /** Looks at the clock and at what is set again. */
  look(): void
  stop(): void
}

const minute = 60_000
/** How long after the end of a window a database that is not back is an alarm. */
export const backWithin = 5 * minute

/** Starts with what is on now: where a window is, the database must not be open yet. */
export function keepBackupWindows(options: BackupOptions): Backup {
  const { clock } = options
  const windowNow = (): Stretch | undefined =>
    windowAt(options.windows(), options.zone(), clock.now(), options.byHand())
  let on = windowNow()
  let moving: Promise<void> = Promise.resolve()
  let cancel = (): void => {}
  let problem: string | null = null
  const ends: (() => void)[] = []
  let stopped = false

  const move = (done: Promise<void>): void => {
    moving = done
    done.then(
      () => void (problem = null),
      (error: unknown) => void (problem = `Letting go of InSched’s database failed: ${(error as Error).message}`),
    )
  }
  const look = (): void => {
    if (stopped) return
    cancel()
    const window = windowNow()
    const before = on
    on = window
    if (window && window.until !== before?.until) move(options.letGo(window.until))
    if (!window && before) move(options.takeBack())
    if (!on) for (const resolve of ends.splice(0)) resolve()
    const next = on?.until ?? nextWindow(options.windows(), options.zone(), clock.now())?.from ?? Infinity
    // A machine that slept, or a clock that was set, is noticed within a minute.
    cancel = clock.after(Math.min(minute, Math.max(1, next - clock.now())), look)
  }
  look()

  return {
    now: () => on,
    next: () => nextWindow(options.windows(), options.zone(), clock.now()),
    async begin(minutes) {
      const from = clock.now()
      const until = Math.max(from + minutes * minute, on?.until ?? 0)
      // What is running is told to end while this is being kept.
      const kept = options.keepByHand({ from, until, on: true })
      look()
      await kept
      await moving
      return { from, until: on?.until ?? until }
    },
    async end() {
      if (!on) return false
      await options.keepByHand({ from: on.from, until: on.until, on: false })
      look()
      await moving
      return true
    },
    async over() {
      if (on) await new Promise<void>((resolve) => ends.push(resolve))
      await moving
    },
    problem: () => problem,
    look,
    stop() {
      stopped = true
      cancel()
      for (const resolve of ends.splice(0)) resolve()
    },
  }
}
