/** Backup windows and runs as the clock brings them, on a clock that is held: whole days in a moment. */
import { expect, it } from 'vitest'
import { keepBackupWindows, type Backup } from '../../src/mirror/backup.ts'
import type { ByHand, WeeklyWindow } from '../../src/mirror/backup-windows.ts'
import { keepRuns, type Runs } from '../../src/mirror/runs.ts'
import { preferencesOf, type Texts } from '../../src/mirror/preferences.ts'
import { heldClock, type HeldClock } from '../server/world.ts'

const minute = 60_000
const zone = 'America/Phoenix'
const at = (text: string): number => Date.parse(`${text}:00-07:00`)
const sunday: WeeklyWindow = { day: 'Sunday', start: '02:00', minutes: 90 }
/** Lets what was started by a timer get as far as it can. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}
const pass = async (clock: HeldClock, minutes: number): Promise<void> => {
  for (let i = 0; i < minutes; i++) {
    clock.advance(minute)
    await settle()
  }
}

function database(
  clock: HeldClock,
  windows: readonly WeeklyWindow[],
  said: { byHand: ByHand | null } = { byHand: null },
) {
  const log: string[] = []
  const time = (): string => new Date(clock.now() - 7 * 60 * minute).toISOString().slice(11, 16)
  const backup: Backup = keepBackupWindows({
    letGo: async (until) => void log.push(`${time()} let go for ${Math.round((until - clock.now()) / minute)} min`),
    takeBack: async () => void log.push(`${time()} back`),
    windows: () => windows,
    byHand: () => said.byHand,
    keepByHand: async (next) => void (said.byHand = next),
    zone: () => zone,
    clock,
  })
  return { backup, log, said }
}

it('a weekly window comes and goes by the clock; who waits for its end goes on then', async () => {
  const clock = heldClock(at('2026-11-29T01:30'))
  const { backup, log } = database(clock, [sunday])
  await pass(clock, 45)
  let over = false
  void backup.over().then(() => (over = true))
  await pass(clock, 60)
  expect(over).toBe(false)
  await pass(clock, 60)
  expect(over).toBe(true)
  expect(log).toEqual(['02:00 let go for 90 min', '03:30 back'])
})

it('started in the middle of a window, nothing is opened before its end', async () => {
  const clock = heldClock(at('2026-11-29T02:40'))
  const { backup, log } = database(clock, [sunday])
  expect(backup.now()).toBeDefined()
  await pass(clock, 60)
  expect(log).toEqual(['03:30 back'])
})

it('one begun by hand joins the weekly one; one ended by hand does not begin again, and the next week’s does', async () => {
  const clock = heldClock(at('2026-11-29T01:30'))
  const { backup, log } = database(clock, [sunday])
  await backup.begin(40)
  await pass(clock, 60)
  expect(await backup.end()).toBe(true)
  expect(await backup.end()).toBe(false)
  await pass(clock, 120)
  expect(log).toEqual(['01:30 let go for 120 min', '02:30 back'])
  clock.advance(7 * 1_440 * minute - 120 * minute)
  await settle()
  expect(log.at(-1)).toBe('02:30 let go for 60 min')
})

it('a machine that slept through the end of a window takes the database back when it wakes', async () => {
  const clock = heldClock(at('2026-11-29T01:59'))
  const { log } = database(clock, [sunday])
  await pass(clock, 5)
  clock.advance(5 * 60 * minute)
  await settle()
  expect(log).toEqual(['02:00 let go for 90 min', '07:04 back'])
})

async function site(clock: HeldClock, texts: Texts, window: () => boolean = () => false) {
  const log: string[] = []
  const kept = { run: 0, full: 0 }
  let link = 'held'
  const time = (): string => new Date(clock.now() - 7 * 60 * minute).toISOString().slice(11, 16)
  const runs: Runs = await keepRuns({
    timing: () => preferencesOf(texts).timing,
    zone: () => zone,
    window: () => (window() ? { from: 0, until: Infinity } : undefined),
    link: { hold: () => void (link = 'held'), resume: () => void (link = 'connected') },
    run: (kind) => runs.once(kind, async () => void log.push(`${time()} ${kind} ${link}`)),
    remembered: async (what) => kept[what],
    remember: async (what, moment) => void (kept[what] = moment),
    clock,
  })
  runs.look()
  await settle()
  return { runs, log, link: () => link, kept }
}

it('runs come every n minutes on chosen days outside quiet hours, with the link held between them', async () => {
  const clock = heldClock(at('2026-11-24T20:50'))
  const texts = { 'timing.mode': 'interval', 'timing.everyMinutes': '30', 'timing.quietHours': '22:00-06:00', 'timing.days': 'Tuesday, Thursday', 'timing.fullSyncDays': 'Wednesday', 'timing.fullSyncAt': '03:10', 'timing.fastLane': 'off' } // prettier-ignore
  const kept = await site(clock, texts)
  await pass(clock, 48 * 60)
  const seen = kept.log.map((line) => line.slice(0, 5))
  expect(seen.slice(0, 3)).toEqual(['20:50', '21:20', '21:50'])
  // Nothing on Wednesday but the full synchronization; Thursday begins when its quiet hours end.
  expect(kept.log.slice(3, 5)).toEqual(['03:10 full connected', '06:00 sync connected'])
  expect(seen.at(-1)).toBe('20:30')
  expect(kept.log.every((line) => line.endsWith('connected'))).toBe(true)
  expect(kept.link()).toBe('held')
})

it('a machine that slept runs once when it wakes, and nothing runs by itself in a backup window', async () => {
  const clock = heldClock(at('2026-11-24T12:00'))
  let window = false
  const kept = await site(clock, { 'timing.mode': 'interval', 'timing.everyMinutes': '10', 'timing.fullSyncDays': 'none', 'timing.fastLane': 'off' }, () => window) // prettier-ignore
  await pass(clock, 5)
  clock.advance(6 * 60 * minute)
  await settle()
  expect(kept.log).toHaveLength(2)
  window = true
  await pass(clock, 60)
  expect(kept.log).toHaveLength(2)
  // What is for the portal flows meanwhile.
  expect(kept.link()).toBe('connected')
  window = false
  await pass(clock, 1)
  expect(kept.log).toHaveLength(3)
})

it('one run at a time: who asks while one is under way shares the next, and gets its outcome', async () => {
  const clock = heldClock(at('2026-11-24T12:00'))
  const { runs } = await site(clock, { 'timing.mode': 'by hand' })
  let under = 0
  let most = 0
  let count = 0
  const work = async (): Promise<number> => {
    most = Math.max(most, ++under)
    await settle()
    under--
    return ++count
  }
  const first = runs.once('sync', work)
  await Promise.resolve()
  await Promise.resolve()
  const outcomes = await Promise.all([
    first,
    runs.once('sync', work),
    runs.once('sync', work),
    runs.once('upload', work),
  ])
  expect(outcomes).toEqual([1, 2, 2, 3])
  expect(most).toBe(1)
  await expect(runs.once('sync', () => Promise.reject(new Error('no portal')))).rejects.toThrow('no portal')
  expect(await runs.once('sync', work)).toBe(4)
})
