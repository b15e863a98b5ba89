/** When a silent site is an alarm, and what its state is called. */
import { expect, it } from 'vitest'
import { preferencesOf, type Texts } from '../../src/mirror/preferences.ts'
import { isSilent, stateOfSite, type Known } from '../../src/mirror/watchdog.ts'

const minute = 60_000
const at = (text: string): number => Date.parse(`${text}:00-07:00`)
const noon = at('2026-11-24T12:00')
const known = (texts: Texts, more: Partial<Known> = {}): Known => ({
  preferences: preferencesOf(texts),
  byHand: null,
  zone: 'America/Phoenix',
  connected: false,
  heardAt: noon,
  listensSince: 0,
  behind: 0,
  ...more,
})
const hourly = { 'timing.mode': 'interval', 'timing.everyMinutes': '60', 'timing.fastLane': 'off' }

it('a site whose link is kept is silent after three minutes, and is down since it was last heard', () => {
  expect(isSilent(known({}), noon + 3 * minute)).toBe(false)
  expect(isSilent(known({}), noon + 3 * minute + 1)).toBe(true)
  expect(stateOfSite(known({}), noon + 4 * minute)).toBe('Down since 2026-11-24T19:00:00.000Z')
  expect(stateOfSite(known({}, { connected: true }), noon + 4 * minute)).toBe('Working')
  expect(stateOfSite(known({}, { connected: true, behind: 1 }), noon)).toBe('Behind')
})

it('a site that runs now and then is silent only when a run did not come', () => {
  expect(isSilent(known(hourly), noon + 62 * minute)).toBe(false)
  expect(isSilent(known(hourly), noon + 64 * minute)).toBe(true)
  const quiet = { ...hourly, 'timing.quietHours': '12:30-18:00' }
  expect(isSilent(known(quiet), at('2026-11-24T18:02'))).toBe(false)
  expect(isSilent(known(quiet), at('2026-11-24T18:04'))).toBe(true)
})

it('by hand nobody can say when it should be heard, and while the portal did not listen no silence counts', () => {
  const byHand = known({ 'timing.mode': 'by hand' })
  expect(isSilent(byHand, noon + 9_000 * minute)).toBe(false)
  expect(stateOfSite(byHand, noon + 9_000 * minute)).toBe('Paused by hand')
  expect(isSilent(known({}, { listensSince: noon + 60 * minute }), noon + 62 * minute)).toBe(false)
  expect(stateOfSite(known({}, { heardAt: null }), noon)).toBe('Down, never connected')
})

it('a backup window is a state of its own, and a site that does not come back from it is down', () => {
  const window = { 'backup.windows': 'Tuesday 12:00 90' }
  expect(stateOfSite(known(window, { connected: true }), noon + minute)).toBe('Disconnected for backup until 13:30')
  expect(stateOfSite(known(window), noon + 5 * minute)).toMatch(/^Down since/)
  const byHand = { from: noon, until: noon + 30 * minute, on: true }
  expect(stateOfSite(known({}, { connected: true, byHand }), noon + minute)).toBe('Disconnected for backup until 12:30')
  expect(stateOfSite(known(window, { connected: true, byHand: { ...byHand, on: false } }), noon + minute)).toBe(
    'Working',
  )
})
