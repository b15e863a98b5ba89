/** Reviews whose cause is gone end by themselves and say so; and what makes a review of two events at one time, or of a mapping. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { ReviewKind } from '../../src/replica/kinds/reviews.ts'
import { derivedUlid } from '../../src/replica/ids.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import type { Edit } from '../../src/replica/replica-face.ts'
import { openReplica } from '../../src/replica/replica.ts'
import { indexedCollections, pageIndex } from '../../src/server/page-index.ts'
import { openSite } from '../../src/site.ts'
import { bookedEvents, doubleBookings } from '../../src/site/double-bookings.ts'
import { endByThemselves } from '../../src/site/by-itself.ts'
import { clock, master, ulid } from '../replica/world.ts'
import { closers, confirm, factsAt, site as mesa } from './office.ts'
import { openAll } from './site-and-portal.ts'

type World = Awaited<ReturnType<typeof openAll>>
const patientSays = { at: clock.now(), by: { role: 'patient' as const, id: 'a' } }
const openKinds = async ({ site }: Pick<World, 'site'>) => (await site.reviews()).items.map((one) => one.kind)
const lastEnded = async ({ site }: Pick<World, 'site'>) => {
  const { items } = await site.reviews('resolved')
  return items.map(({ kind, resolved }) => [kind, resolved!.how, resolved!.note, resolved!.by.role])
}
const opened = async (at: Pick<World, 'site'>, ...kinds: ReviewKind[]): Promise<void> => {
  await expect.poll(() => openKinds(at)).toEqual(kinds)
}

it('[DOM-16] an answer that was set aside since the event had moved ends when the patient confirms the time that stands', async () => {
  const at = await openAll()
  const { replica, bridge } = at.site
  await at.site.upload()
  const seen = at.staff.prepare('select starts_at from events where event_id = 2').pluck().get() as string
  at.staff.exec("update events set starts_at = '2027-01-05T10:00' where event_id = 2")
  await confirm({ replica, bridge, staff: at.staff }, { startsAt: seen })
  await opened(at, 'confirmation set aside')
  await confirm({ replica, bridge, staff: at.staff }, { startsAt: '2027-01-05T10:00' })
  await opened(at)
  expect(await lastEnded(at)).toEqual([
    ['confirmation set aside', 'by itself', '2027-01-05 10:00 is confirmed, and in InSched.', 'site'],
  ])
})

it('[DOM-6] who asked to move, or cannot come, is done with when staff have changed the event in InSched, and the patient is told', async () => {
  const at = await openAll()
  const { replica, bridge } = at.site
  await at.site.upload()
  const [key, event] = [(await bridge.documentOf('patients', 1))!, (await bridge.documentOf('events', 2))!]
  const facts = await factsAt(replica, 'patients', key)
  const startsAt = at.staff.prepare('select starts_at from events where event_id = 2').pluck().get() as string
  const ask = async (kind: 'wants to move' | 'declined', start: string): Promise<string> => {
    const id = ulid()
    await replica.change([{ collection: 'requests', key, facts, add: { [id]: { kind, ...patientSays, event, startsAt: start } } }]) // prettier-ignore
    return id
  }
  const moves = await ask('wants to move', startsAt)
  await opened(at, 'patient wants to move')
  // What is changed besides is no answer.
  at.staff.exec('update events set minutes = 50 where event_id = 2')
  await bridge.readNow()
  await opened(at, 'patient wants to move')
  at.staff.exec("update events set starts_at = '2027-01-05T10:00' where event_id = 2")
  await opened(at)
  const declines = await ask('declined', '2027-01-05T10:00')
  await opened(at, 'patient declined')
  at.staff.exec("update events set status = 'Canceled' where event_id = 2")
  await opened(at)
  expect(await lastEnded(at)).toEqual([
    ['patient declined', 'by itself', 'The event was canceled in InSched.', 'site'],
    ['patient wants to move', 'by itself', 'The event was moved to 2027-01-05 10:00 in InSched.', 'site'],
  ])
  const accepted = (await replica.entries('requests', key)).filter((one) => one.kind === 'accepted')
  expect(new Set(accepted.map((one) => one.request))).toEqual(new Set([moves, declines]))
})

it('[DOM-17] a patient whose name and birth date are put back flows again by itself; another change of both asks again', async () => {
  const at = await openAll()
  await at.site.upload()
  const was = at.staff.prepare('select first_name, birth_date from patients where patient_id = 1').get() as Record<string, string> // prettier-ignore
  const rename = (name: string, born: string) => at.staff.prepare('update patients set first_name = ?, birth_date = ? where patient_id = 1').run(name, born) // prettier-ignore
  for (let again = 0; again < 2; again++) {
    rename('Zed', '1950-01-01')
    await opened(at, 'identity changed')
    rename(was['first_name']!, was['birth_date']!)
    await opened(at)
    at.staff.prepare('update patients set home_phone = ? where patient_id = 1').run(`+1 480 555 018${again}`)
    const key = (await at.site.bridge.documentOf('patients', 1))!
    await expect.poll(async () => (await at.site.replica.record('patients', key))!.fields['homePhone']).toBe(`+1 480 555 018${again}`) // prettier-ignore
  }
  expect((await lastEnded(at)).map(([kind, how]) => [kind, how])).toEqual([
    ['identity changed', 'by itself'],
    ['identity changed', 'by itself'],
  ])
})

it('[DOM-16] values that the mapping does not know are a review, which ends when the mapping was changed', async () => {
  const at = await openAll()
  const file = join(at.dir, 'mapping.json')
  const reference = readFileSync(new URL('../../examples/mappings/reference.json', import.meta.url), 'utf8')
  const known = (values: Record<string, string>) => {
    const mapping = JSON.parse(reference) as { tables: { events: { columns: { status: unknown } } } }
    mapping.tables.events.columns.status = { column: 'status', values }
    writeFileSync(file, JSON.stringify(mapping))
  }
  const restart = async () => {
    await at.site.close()
    const site = await openSite({ dir: at.dir, master, clock })
    closers.push(() => site.close())
    return { ...at, site }
  }
  known({ None: 'None' })
  const first = await restart()
  await first.site.upload()
  await opened(first, 'mapping problem')
  const { items } = await first.site.reviews()
  expect(items[0]!.why).toMatch(
    /InSched has values of events\.status that the mapping “reference schema” does not know: \d+ so far/,
  )
  known(Object.fromEntries(['None', 'Checked In', 'Checked Out', 'Check Back', 'No Show', 'Canceled'].map((one) => [one, one]))) // prettier-ignore
  await first.site.close()
  const site = await openSite({ dir: at.dir, master, clock })
  closers.push(() => site.close())
  await opened({ site })
  expect(await lastEnded({ site })).toEqual([['mapping problem', 'by itself', 'The mapping of the field was changed.', 'site']]) // prettier-ignore
})

it('[DOM-18] two sites that book one patient for the same time without knowing make a review that shows both, until one of them is moved', async () => {
  const replica = await openReplica({ store: memoryStore(), practice: ulid(), id: ulid(), clock })
  closers.push(() => replica.close())
  const tempe = ulid() as string
  const agent = { role: 'site' as const, id: mesa.key, initials: 'PC' }
  const index = replica.follow({ name: 'index', collections: indexedCollections, handle: pageIndex(replica, () => undefined, mesa.key) }) // prettier-ignore
  const booking = replica.follow(doubleBookings({ replica, index, agent, shares: () => true, clock }))
  const ends = replica.follow(endByThemselves({ replica, index, agent, isOfMapping: () => true, clock }).follower)
  const settled = async () => {
    await booking.caughtUp()
    await ends.caughtUp()
    await index.caughtUp()
    return replica.index({ view: 'review', state: 'open' })
  }
  const patient = ulid() as string
  const tomorrow = Math.floor(clock.now() / 86_400_000 + 2) * 86_400_000
  const event = (
    key: string,
    site: string,
    minutesLater: number,
    set: Record<string, string | number | boolean> = {},
  ): Edit => {
    const startsAt = tomorrow + minutesLater * 60_000
    const start = new Date(startsAt).toISOString().slice(0, 16)
    return { collection: 'events', key, facts: { patient, site, shown: true, reachable: true, startsAt }, set: { words: 'Visit', startsAt: start, minutes: 30, status: 'None', deleted: false, ...set }, at: clock.now() } // prettier-ignore
  }
  const [own, twin, theirs, after] = [ulid() as string, ulid() as string, ulid() as string, ulid() as string]
  await replica.change([{ collection: 'practice', key: tempe, facts: { patient: null, site: tempe, shown: true, reachable: false, startsAt: null }, set: { siteName: 'Tempe' }, at: clock.now() }]) // prettier-ignore
  // What one office books twice itself, and what only touches, is nobody's merge.
  await replica.change([event(own, mesa.key, 0), event(twin, mesa.key, 10, { status: 'Canceled' }), event(after, tempe, 30)]) // prettier-ignore
  expect(await settled()).toEqual([])
  await replica.change([event(theirs, tempe, 15)])
  const [review] = await settled()
  expect(review!.body).toMatchObject({ about: 'double booking', event: own, other: theirs, patient, why: expect.stringContaining('at Tempe') }) // prettier-ignore
  expect(await bookedEvents(replica, [own, theirs])).toMatchObject([
    { key: own, minutes: 30, site: null },
    { key: theirs, minutes: 30, site: 'Tempe' },
  ])
  await replica.change([event(own, mesa.key, -60)])
  expect(await settled()).toEqual([])
  const [ended] = await replica.index({ view: 'review', state: 'resolved' })
  expect(ended!.body).toMatchObject({ resolved: { how: 'by itself', note: expect.stringContaining('at the same time no more') } }) // prettier-ignore
  // Another time of it is another matter.
  await replica.change([event(theirs, tempe, -50)])
  expect(await settled()).toHaveLength(1)
  await replica.change([event(theirs, tempe, -50, { deleted: true })])
  expect(await settled()).toEqual([])
})

it('a number that was wrong is done with when InSched has another, and one that is not a number stays for staff', async () => {
  const at = await openAll()
  await at.site.upload()
  const { replica, bridge, settings } = at.site
  const key = (await bridge.documentOf('patients', 1))!
  const facts = { patient: key, site: settings.siteId, shown: false, reachable: false, startsAt: null }
  const review = (about: ReviewKind): Edit => ({ collection: 'reviews', key: derivedUlid(about), facts, add: { opened: { kind: 'opened', at: clock.now(), by: { role: 'portal', id: 'p' }, about, why: 'w', todo: 't', patient: key } } }) // prettier-ignore
  await replica.change([review('wrong number'), review('payment disputed')])
  await opened(at, 'payment disputed', 'wrong number')
  at.staff.exec("update patients set cell_phone = '+1 480 555 0188' where patient_id = 1")
  await opened(at, 'payment disputed')
  expect(await lastEnded(at)).toMatchObject([['wrong number', 'by itself', 'The patient’s mobile phone was changed in InSched.', 'site']]) // prettier-ignore
})
