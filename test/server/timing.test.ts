/** When a site synchronizes, on a real portal and a real InSched file: held between runs, by hand, one run at a time; preferences, the watch, the second agent. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, expect, it } from 'vitest'
import { createReferenceDatabase } from '../../src/bridges/insched/create-sqlite.ts'
import { enroll } from '../../src/enrolling.ts'
import { openPortal } from '../../src/portal.ts'
import type { Portal } from '../../src/portal/portal-face.ts'
import type { Clock } from '../../src/replica/clock.ts'
import { siteOperations } from '../../src/server/console/site-operations.ts'
import { openStaffStore } from '../../src/server/console/staff-store-sqlite.ts'
import { openSite, type Site } from '../../src/site.ts'
import { clock, folder, master } from '../replica/world.ts'

const closers: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

interface World { readonly dir: string; readonly portal: Portal; readonly site: Site; readonly staff: Database.Database; readonly practice: string; readonly log: string[]; open(dir?: string, by?: Clock): Promise<Site> } // prettier-ignore
async function world(by: { site?: Clock; portal?: Clock } = {}): Promise<World> {
  const dir = folder()
  const file = join(dir, 'insched.db')
  const log: string[] = []
  await createReferenceDatabase(file, { patients: 12, now: clock.now() })
  const portal = await openPortal({ dir: join(dir, 'portal'), master, clock: by.portal ?? clock, log: (line) => void log.push(line) }) // prettier-ignore
  closers.push(() => portal.close())
  const url = await portal.listen({ port: 0, host: '127.0.0.1' })
  const { practiceId } = await portal.addPractice({ name: 'Bloom', zone: 'America/Phoenix' })
  const { enrollmentCode: code } = portal.addSite({ practice: practiceId, name: 'Mesa' })
  await enroll({ dir: join(dir, 'site'), master, clock, portal: url, code, insched: `sqlite:${file}` })
  const open = async (folderOf = 'site', on: Clock = clock): Promise<Site> => {
    const site = await openSite({ dir: join(dir, folderOf), master, clock: on })
    closers.push(() => site.close())
    return site
  }
  const site = await open('site', by.site)
  const staff = new Database(file)
  closers.push(() => void staff.close())
  await site.upload()
  return { dir, portal, site, staff, practice: practiceId, log, open }
}
const atPortal = async ({ portal }: World) => (await portal.status()).practices[0]!.sites[0]!
const patientsOf = ({ portal, practice }: World) => portal.replicaOf(practice)!.count('patients')
const add = (staff: Database.Database): unknown =>
  staff.exec("insert into patients(first_name, last_name, portal_enabled) values ('New', 'One', 1)")
/** A clock that can be set ahead; its timers run as they are. */
const settable = (): Clock & { ahead: number } => {
  const made = { ...clock, ahead: 0, now: () => clock.now() + made.ahead }
  return made
}

it('by hand only: nothing moves by itself, queues grow, and a run brings all of it, once', async () => {
  const at = await world()
  await at.site.preferences.set('timing.mode', 'by hand')
  await expect.poll(async () => (await at.site.status()).link).toBe('held')
  expect((await at.site.status()).state).toBe('Paused by hand')
  await expect.poll(async () => (await atPortal(at)).state).toBe('Paused by hand')
  expect((await at.site.status()).next).toBe('Only by hand.')
  const before = await patientsOf(at)
  const { entryId } = await at.site.message({ patient: 1, subject: 'Before your visit', text: 'Come early.' })
  add(at.staff)
  expect((await at.site.status()).queues.toPortal).toBeGreaterThan(0)
  expect((await at.site.status()).link).toBe('held')
  expect(await patientsOf(at)).toBe(before)
  // Who asks while a run is under way shares the next one.
  const runs = await Promise.all([at.site.sync(), at.site.sync(), at.site.upload(), at.site.download()])
  expect(runs[0].uploaded.patients).toBe(before + 1)
  expect(await patientsOf(at)).toBe(before + 1)
  const portal = at.portal.replicaOf(at.practice)!
  const messages = await portal.entries('messages', (await at.site.bridge.documentOf('patients', 1))!)
  expect(messages.filter((entry) => entry.id === entryId)).toHaveLength(1)
  await expect.poll(async () => (await at.site.status()).link).toBe('held')
  await at.site.preferences.set('timing.mode', 'continuous')
  await expect.poll(async () => (await at.site.status()).state).toBe('Working')
})

it('every n minutes: between runs InSched is not read; with the fast lane what people say goes at once', async () => {
  const hours = settable()
  const at = await world({ site: hours })
  await at.site.preferences.set('timing.everyMinutes', '60')
  await at.site.preferences.set('timing.mode', 'interval')
  // The first run is due at once; after it the next is an hour away.
  await expect.poll(async () => (await at.site.status()).next).toMatch(/^Next: (today|tomorrow) at \d\d:\d\d; full synchronization /) // prettier-ignore
  const before = await patientsOf(at)
  add(at.staff)
  expect((await at.site.status()).link).toBe('connected')
  const portal = at.portal.replicaOf(at.practice)!
  const key = (await at.site.bridge.documentOf('patients', 1))!
  const { at: _, ...facts } = (await portal.head('patients', key))!.facts
  const said = { kind: 'message' as const, at: clock.now(), by: { role: 'patient' as const, id: 'a' }, thread: key, subject: 'Hi', text: 'Is parking free?' } // prettier-ignore
  expect(await patientsOf(at)).toBe(before)
  await portal.change([{ collection: 'messages', key, facts, add: { one: said } }])
  await expect.poll(() => at.staff.prepare("select count(*) from communications where body = 'Is parking free?'").pluck().get()).toBe(1) // prettier-ignore

  await at.site.preferences.set('timing.fastLane', 'off')
  await expect.poll(async () => (await at.site.status()).link).toBe('held')
  await portal.change([{ collection: 'messages', key, facts, add: { two: { ...said, text: 'And the bus?' } } }])
  add(at.staff)
  hours.ahead = 61 * 60_000
  await at.site.preferences.set('timing.fullSyncAt', '03:01')
  await expect.poll(() => at.staff.prepare("select count(*) from communications where body = 'And the bus?'").pluck().get()).toBe(1) // prettier-ignore
  await expect.poll(() => patientsOf(at)).toBe(before + 2)
  await expect.poll(async () => (await at.site.status()).link).toBe('held')
  expect((await at.site.status()).state).toBe('Working')
})

it('a preference that is changed stands in the trail with who, when, old and new, and is there after a restart', async () => {
  const at = await world()
  const store = openStaffStore(join(at.dir, 'site', 'staff.sqlite'), master, clock)
  closers.push(() => store.close())
  const operations = siteOperations(at.site, store.audit, () => {})
  await operations['preferences set']!({ key: 'timing.everyMinutes', value: '20' })
  await operations['preferences set']!({ key: 'proxy.user', value: 'quail' })
  await operations['preferences set']!({ key: 'proxy.password', value: 'seven violet kettles' })
  await expect(operations['preferences set']!({ key: 'timing.everyMinutes', value: 'often' })).rejects.toThrow(/timing\.everyMinutes cannot be “often”/) // prettier-ignore
  const trail = store.audit.rows().map(({ event }) => event)
  expect(trail).toEqual([
    { did: 'preference changed', by: 'command line', of: ['timing.everyMinutes', '15', '20'] },
    { did: 'preference changed', by: 'command line', of: ['proxy.user', '', 'quail'] },
    { did: 'preference changed', by: 'command line', of: ['proxy.password', '', '(set)'] },
  ])
  await at.site.close()
  const again = await at.open()
  expect(again.preferences.get()).toMatchObject({ 'timing.everyMinutes': '20', 'proxy.password': '(set)' })
})

it('what another replica writes into a site’s preferences decides nothing', async () => {
  const at = await world()
  await at.site.preferences.set('timing.everyMinutes', '20')
  await at.site.upload()
  const portal = at.portal.replicaOf(at.practice)!
  const [head] = await portal.list('preferences')
  await portal.change([{ collection: 'preferences', key: head!.key, set: { 'timing.mode': 'by hand', 'timing.everyMinutes': '1' }, at: clock.now() + 1_000 }]) // prettier-ignore
  await expect.poll(async () => (await at.site.replica.record('preferences', head!.key))?.fields['timing.mode']).toBe('by hand') // prettier-ignore
  expect(at.site.preferences.get()).toMatchObject({ 'timing.mode': 'continuous', 'timing.everyMinutes': '20' })
  await expect.poll(async () => (await at.site.status()).state).toBe('Working')
})

it('the portal raises an alarm when a site is silent, with since when and how many patients’ answers wait, and it ends when the site is heard', async () => {
  const hours = settable()
  const portalClock: Clock & { ahead: number } = Object.assign(hours, { after: (ms: number, run: () => void) => clock.after(ms === 30_000 ? 50 : ms, run) }) // prettier-ignore
  const at = await world({ portal: portalClock })
  const key = (await at.site.bridge.documentOf('patients', 1))!
  await at.site.close()
  const portal = at.portal.replicaOf(at.practice)!
  const { at: _, ...facts } = (await portal.head('patients', key))!.facts
  const said = { kind: 'message' as const, at: clock.now(), by: { role: 'patient' as const, id: 'a' }, thread: key, subject: 'Hi', text: 'Is parking free?' } // prettier-ignore
  await portal.change([
    { collection: 'messages', key, facts, add: { one: said, two: { ...said, text: 'Or the bus?' } } },
  ])
  expect(await atPortal(at)).toMatchObject({ alarm: null, patientsWaiting: 1 })
  // Its goodbye counts as heard, so the clock moves after it.
  await expect.poll(() => at.log.join('\n')).toContain('gone')
  portalClock.ahead = 4 * 60_000
  await expect.poll(async () => (await atPortal(at)).alarm).not.toBeNull()
  const { state, alarm, lastContact } = await atPortal(at)
  expect({ state, alarm }).toEqual({
    state: `Down since ${lastContact}`,
    alarm: { since: lastContact, patientsWaiting: 1 },
  })
  await expect.poll(() => at.log.join('\n')).toMatch(/alarm: site \S+ is silent since \S+Z; answers of 1 patients wait for it/) // prettier-ignore
  const again = await at.open()
  await again.download()
  await expect.poll(() => at.log.join('\n')).toMatch(/alarm over/)
  const heard = await atPortal(at)
  expect(heard).toMatchObject({ state: 'Working', alarm: null, patientsWaiting: 0 })
  // The portal's clock is four minutes ahead: both sides say so.
  expect(heard.clockDifference).toBeLessThan(-230)
  expect((await again.status()).clockDifference).toBeGreaterThan(230)
  expect(await again.testConnection()).toMatchObject({ failed: 'clock' })
})

it('a second agent on one InSched database stands by and says so, lets the first work, and takes over when it is gone', async () => {
  const at = await world()
  await at.site.close()
  cpSync(join(at.dir, 'site'), join(at.dir, 'second'), { recursive: true })
  const first = await at.open()
  // A standby looks again when the lease that it saw has run out: the test does not wait for it.
  const hasty: Clock = { ...clock, after: (ms, run) => clock.after(Math.min(ms, 100), run) }
  const second = await at.open('second', hasty)
  const standing = await second.status()
  expect(standing).toMatchObject({ state: 'Standby', link: 'held' })
  expect(standing.problems.join()).toMatch(
    /Another agent works on the InSched database .* takes over when that one is gone/,
  )
  await expect(second.upload()).rejects.toThrow(/Another agent works/)
  // The first reads this and is gone before the portal has it: the second reads it again.
  await first.preferences.set('timing.mode', 'by hand')
  const before = await patientsOf(at)
  add(at.staff)
  await first.bridge.readNow()
  expect((await first.status()).state).toBe('Paused by hand')
  expect((await second.status()).state).toBe('Standby')
  await first.close()
  await expect.poll(async () => (await second.status()).state).toBe('Working')
  await second.upload()
  expect(await patientsOf(at)).toBe(before + 1)
  expect(at.staff.prepare('select holder from pc_agent').pluck().get()).toMatch(/second$/)
})

it('a database that does not come back is a problem at once, a review after five minutes, and both end when it is back', async () => {
  const quick: Clock = { ...clock, after: (ms, run) => clock.after(ms === 300_000 ? 200 : ms, run) }
  const at = await world({ site: quick })
  await at.site.backup.begin(30)
  at.staff.exec('alter table stages rename column completed to is_completed')
  void at.site.backup.end()
  await expect.poll(async () => (await at.site.status()).problems.join()).toMatch(/not connected again yet: .*its table stages has no column completed/) // prettier-ignore
  expect((await at.site.status()).state).toBe('Behind')
  await expect.poll(async () => (await at.site.reviews()).items.map((item) => item.kind)).toEqual(['not back from backup']) // prettier-ignore
  at.staff.exec('alter table stages rename column is_completed to completed')
  await expect.poll(async () => (await at.site.status()).problems).toEqual([])
  await expect.poll(async () => (await at.site.reviews()).items).toEqual([])
  await expect.poll(async () => (await at.site.status()).state).toBe('Working')
})
