/** Many sites (DOM-17, DOM-18): two InSched databases of one practice, through a real portal, each edited by plain SQL. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { localOf, rowsIn, twoDatabases, type Name } from './two-databases.ts'

type World = Awaited<ReturnType<typeof twoDatabases>>

/** An event to come of the nth patient with portal access, by its document, and where it stands in either database. */
async function event(world: World, owner: Name, nth = 0) {
  const db = world.staff[owner]
  const all = db.prepare(`select e.event_id as event, e.patient_id as patient from events e join patients p on p.patient_id = e.patient_id
    where e.event_id not in (select i.local_id from pc_identity i join pc_shared s on s.document = i.document and s.site <> (select site from pc_agent) where i.table_name = 'events') and p.portal_enabled = 1 and e.status = 'None' and e.starts_at > ? and e.event_type in (select event_type from event_types where patient_words <> '') order by e.starts_at`).all(new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 16)) as { event: number; patient: number }[] // prettier-ignore
  const [found] = all.filter((one, i) => all.findIndex((other) => other.patient === one.patient) === i).slice(nth)
  const document = (await world.sites[owner].bridge.documentOf('events', found!.event))!
  const patient = (await world.sites[owner].bridge.documentOf('patients', found!.patient))!
  return { document, patient, at: (name: Name) => localOf(world.staff[name], document)!, patientAt: (name: Name) => localOf(world.staff[name], patient)! } // prettier-ignore
}
const openReviews = async (world: World, name: Name) => (await world.sites[name].reviews()).items

/** Both share all three both ways, but where a test says otherwise. */
let world: World
let close: () => Promise<void>
beforeAll(async () => {
  world = await twoDatabases(20, false, (end) => void (close = end))
})
afterAll(() => close())

it('[DOM-17] rows of another site stand in this InSched under ids of their own, and say whose they are; nothing of it is an echo', async () => {
  const { mesa, tempe } = world.staff
  const own = { mesa: rowsIn(mesa).size, tempe: rowsIn(tempe).size }
  await world.shareAll('both')
  await world.settled()
  await world.expectEqual()
  expect(rowsIn(tempe).size).toBeGreaterThan(own.tempe)
  const owners = tempe.prepare("select distinct s.site_name as name from pc_identity i join pc_shared s on s.document = i.document where s.site <> (select site from pc_agent)").all() // prettier-ignore
  expect(owners).toEqual([{ name: 'mesa' }])
  const trail = (db: typeof mesa) => db.prepare('select count(*), max(audit_id) from audit_trail').raw().get()
  const before = [trail(mesa), trail(tempe)]
  await world.settled()
  expect([trail(mesa), trail(tempe)]).toEqual(before)
  // What the agent wrote is stamped as its own.
  expect(tempe.prepare("select distinct initials from audit_trail where change = 'added' and audit_id > 0 and checkpoint like 'shared:%'").pluck().all()).toEqual(['PC']) // prettier-ignore
})

it('[DOM-18] two sites that edit one record offline keep both edits where the fields differ; of the same field everywhere the newer stands, the other is in a review of who lost it and in the trail', async () => {
  const { mesa, tempe } = world.staff
  const one = await event(world, 'mesa')
  await world.offline(async () => {
    mesa.prepare("update events set minutes = 50, status = 'Check Back' where event_id = ?").run(one.at('mesa'))
    mesa.prepare("update patients set cell_phone = '480-555-0111' where patient_id = ?").run(one.patientAt('mesa'))
    tempe.prepare("update patients set email = 'new@example.test' where patient_id = ?").run(one.patientAt('tempe'))
    tempe.prepare("update events set starts_at = '2027-03-03T10:15' where event_id = ?").run(one.at('tempe'))
    // The other edit is of a later moment.
    const first = Date.now()
    await expect.poll(() => Date.now(), { interval: 1 }).toBeGreaterThan(first + 1)
    tempe.prepare("update events set status = 'No Show' where event_id = ?").run(one.at('tempe'))
  })
  await world.settled()
  await world.expectEqual()
  const rows = (['mesa', 'tempe'] as const).map((name) => [rowsIn(world.staff[name]).get(one.document), rowsIn(world.staff[name]).get(one.patient)]) // prettier-ignore
  for (const [row, patient] of rows) {
    expect(row).toMatchObject({ minutes: 50, status: 'No Show', starts_at: '2027-03-03T10:15' })
    expect(patient).toMatchObject({ cell_phone: '480-555-0111', email: 'new@example.test' })
  }
  const [lost] = (await openReviews(world, 'mesa')).filter(({ kind }) => kind === 'field conflict')
  expect(lost!.why).toMatch(/“status”.*“No Show” stands.*“Check Back” of this site was set aside/)
  expect((await openReviews(world, 'tempe')).filter(({ kind }) => kind === 'field conflict')).toEqual([])
  const trail = mesa.prepare("select json_extract(before_json, '$.status') from audit_trail where table_name = 'events' and initials = 'PC' and row_id = ?").pluck().all(String(one.at('mesa'))) // prettier-ignore
  expect(trail).toContain('Check Back')
  // Its owner says when it starts now.
  expect((await world.sites.mesa.replica.head('events', one.document))!.facts.startsAt).toBe(Date.parse('2027-03-03T17:15Z')) // prettier-ignore
})

it('[DOM-18] an edit that has reached the site and not its InSched yet is not taken back by what staff change beside it', async () => {
  const { mesa, tempe } = world.staff
  const one = await event(world, 'mesa', 1)
  await world.sites.tempe.backup.begin(30)
  tempe.prepare("update patients set first_name = 'Other' where patient_id = ?").run(one.patientAt('tempe'))
  mesa.prepare("update patients set cell_phone = '480-555-0122' where patient_id = ?").run(one.patientAt('mesa'))
  await world.sites.mesa.bridge.readNow()
  await expect.poll(async () => (await world.sites.tempe.replica.record('patients', one.patient))!.fields['cellPhone']).toBe('480-555-0122') // prettier-ignore
  await world.sites.tempe.backup.end()
  await world.settled()
  await world.expectEqual()
  expect(rowsIn(mesa).get(one.patient)).toMatchObject({ first_name: 'Other', cell_phone: '480-555-0122' })
  // The stages of a plan too, also a new one.
  const plan = mesa.prepare('select plan_id from plans where patient_id in (select patient_id from patients where portal_enabled = 1) order by plan_id').pluck().get() as number // prettier-ignore
  const document = (await world.sites.mesa.bridge.documentOf('plans', plan))!
  const there = localOf(tempe, document)!
  tempe.prepare("update stages set completed = 1, completed_on = '2026-11-20' where plan_id = ? and position = 5").run(there) // prettier-ignore
  tempe.prepare("insert into stages(plan_id, position, name, patient_words, completed) values (?, 9, 'x', 'A check more', 0)").run(there) // prettier-ignore
  mesa.prepare('update stages set completed = 0, completed_on = null where plan_id = ? and position = 1').run(plan)
  mesa.prepare('delete from stages where plan_id = ? and position = 2').run(plan)
  await world.settled()
  await world.expectEqual()
  expect(mesa.prepare('select position, completed from stages where plan_id = ? and position in (1, 2, 5, 9) order by position').raw().all(plan)).toEqual([[1, 0], [5, 1], [9, 0]]) // prettier-ignore
})

it('[DOM-17] an event that one site books for the other’s patient is in both; one that either deletes is gone in both, for good', async () => {
  const { mesa, tempe } = world.staff
  const one = await event(world, 'mesa', 2)
  const type = mesa.prepare('select event_type from events where event_id = ?').pluck().get(one.at('mesa')) as string
  const booked = tempe.prepare("insert into events(event_type, patient_id, starts_at, minutes, status) values (?, ?, '2027-04-05T09:00', 30, 'None')").run(type, one.patientAt('tempe')).lastInsertRowid as number // prettier-ignore
  await world.settled()
  const document = (await world.sites.tempe.bridge.documentOf('events', booked))!
  expect(rowsIn(mesa).get(document)).toMatchObject({ starts_at: '2027-04-05T09:00', patient: one.patient })
  await world.expectEqual()
  tempe.prepare('delete from events where event_id = ?').run(one.at('tempe'))
  mesa.prepare('delete from events where event_id = ?').run(localOf(mesa, document)!)
  await world.settled()
  for (const db of [mesa, tempe]) for (const key of [one.document, document]) expect(localOf(db, key)).toBeUndefined()
  await world.expectEqual()
  // A patient of another site who is deleted here is gone here alone, and does not come again.
  tempe.prepare('delete from patients where patient_id = ?').run(one.patientAt('tempe'))
  mesa.prepare("update patients set first_name = 'Changed' where patient_id = ?").run(one.patientAt('mesa'))
  await world.settled()
  expect(localOf(tempe, one.patient)).toBeUndefined()
  expect(rowsIn(mesa).get(one.patient)).toMatchObject({ first_name: 'Changed' })
})

it('[DOM-18] what is shared no more goes from this InSched, but rows that somebody here touched, which say so; shared again, all of it is back', async () => {
  const { mesa, tempe } = world.staff
  const one = await event(world, 'mesa', 3)
  tempe.prepare("update patients set email = 'kept@example.test' where patient_id = ?").run(one.patientAt('tempe'))
  await world.settled()
  const before = rowsIn(mesa)
  await world.share('mesa', ['patients', 'plans', 'events'], 'take')
  await world.settled()
  const foreign = () => tempe.prepare("select count(*) as rows, sum(s.ended = 0) as standing, sum(i.document = ?) as touched from pc_identity i join pc_shared s on s.document = i.document where s.site_name = 'mesa' and i.gone = 0").get(one.patient) as { rows: number } // prettier-ignore
  await expect.poll(foreign).toMatchObject({ standing: 0, touched: 1 })
  // What is left are the few that earlier tests touched.
  expect(foreign().rows).toBeLessThan(10)
  expect(rowsIn(mesa)).toEqual(before)
  tempe.prepare("update patients set middle_name = 'Zed' where patient_id = ?").run(one.patientAt('tempe'))
  mesa.prepare("update patients set first_name = 'Meanwhile' where patient_id = ?").run(one.patientAt('mesa'))
  await world.settled()
  expect(rowsIn(mesa).get(one.patient)).not.toMatchObject({ middle_name: 'Zed' })
  await world.shareAll('both')
  await world.settled()
  await world.expectEqual()
  expect(rowsIn(mesa).get(one.patient)).toMatchObject({ middle_name: 'Zed', first_name: 'Meanwhile', email: 'kept@example.test' }) // prettier-ignore
})

it('[DOM-18] a double booking that a merge makes is a review at either site that shows both events, and ends by itself when one is moved', async () => {
  const { mesa, tempe } = world.staff
  const one = await event(world, 'mesa', 5)
  const type = mesa.prepare('select event_type from events where event_id = ?').pluck().get(one.at('mesa')) as string
  const book = (name: Name, at: string) => world.staff[name].prepare("insert into events(event_type, patient_id, starts_at, minutes, status) values (?, ?, ?, 30, 'None')").run(type, one.patientAt(name), at).lastInsertRowid as number // prettier-ignore
  let booked = 0
  await world.offline(async () => {
    book('mesa', '2027-05-06T09:00')
    // What one site books twice itself, it has seen.
    book('mesa', '2027-05-06T09:10')
    booked = book('tempe', '2027-05-06T09:20')
  })
  await world.settled()
  const doubled = async (name: Name) => (await openReviews(world, name)).filter(({ kind }) => kind === 'double booking')
  const words = async (name: Name) => (await doubled(name)).map(({ why }) => [...why.matchAll(/09:\d\d/g)].flat()).toSorted((a, b) => (a.join('') < b.join('') ? -1 : 1)) // prettier-ignore
  await expect.poll(() => words('mesa')).toEqual([['09:00', '09:20'], ['09:10', '09:20']]) // prettier-ignore
  await expect.poll(() => words('tempe')).toEqual([['09:20', '09:00'], ['09:20', '09:10']]) // prettier-ignore
  tempe.prepare("update events set starts_at = '2027-05-06T11:00' where event_id = ?").run(booked)
  await world.settled()
  for (const name of ['mesa', 'tempe'] as const) {
    await expect.poll(() => doubled(name)).toEqual([])
    const resolved = (await world.sites[name].reviews('resolved')).items.filter(({ kind }) => kind === 'double booking')
    expect(resolved.map((review) => review.resolved!.note)).toEqual(Array(2).fill('The two events are at the same time no more.')) // prettier-ignore
  }
  tempe.prepare("update events set starts_at = '2027-05-06T09:15' where event_id = ?").run(booked)
  await world.settled()
  for (const name of ['mesa', 'tempe'] as const) await expect.poll(async () => (await doubled(name)).length).toBe(2)
})

it('a site that takes one collection alone gets rows of no other, and one whose mapping lets no records be written gets none', async () => {
  const world = await twoDatabases(4, false)
  await world.share('mesa', ['patients', 'plans', 'events'], 'give')
  await world.share('tempe', ['patients'], 'take')
  await world.settled()
  const foreign = (table: string) => world.staff.tempe.prepare("select count(*) from pc_identity i join pc_shared s on s.document = i.document where s.site_name = 'mesa' and i.table_name = ?").pluck().get(table) as number // prettier-ignore
  expect([foreign('patients') > 0, foreign('plans'), foreign('events')]).toEqual([true, 0, 0])
  expect(world.staff.mesa.prepare('select count(*) from pc_shared where site <> (select site from pc_agent)').pluck().get()).toBe(0) // prettier-ignore
})

it('nothing of another site is confirmed, written to, invited or charged by this one: a confirmation is the owner’s, once', async () => {
  const { mesa, tempe } = world.staff
  const one = await event(world, 'mesa', 4)
  const portal = world.portal.replicaOf(world.practiceId)!
  const { at: _, ...facts } = (await portal.head('events', one.document))!.facts
  const startsAt = mesa.prepare('select starts_at from events where event_id = ?').pluck().get(one.at('mesa')) as string
  const answered = { kind: 'answered' as const, at: Date.now(), by: { role: 'patient' as const, id: 'a' }, channel: 'portal' as const, patient: one.patient, startsAt } // prettier-ignore
  await portal.change([{ collection: 'confirmations', key: one.document, facts, add: { '01ARZ3NDEKTSV4RRFFQ69G5FAV': answered } }]) // prettier-ignore
  await world.settled()
  await world.expectEqual()
  const confirmed = (db: typeof mesa) => db.prepare("select count(*) from pc_effects where effect_id like 'confirmation:%'").pluck().get() // prettier-ignore
  expect([confirmed(mesa), confirmed(tempe)]).toEqual([1, 0])
  expect(rowsIn(tempe).get(one.document)).toMatchObject({ confirmation_type: 'Portal' })
  expect(tempe.prepare('select count(*) from communications').pluck().get()).toBe(0)
  const patient = one.patientAt('tempe')
  const name = tempe.prepare('select last_name from patients where patient_id = ?').pluck().get(patient) as string
  expect((await world.sites.tempe.bridge.findPatients(name)).map((row) => row.patient_id)).not.toContain(patient)
  const whose = /is a patient of mesa.*Ask mesa/
  await expect(world.sites.tempe.message({ patient, subject: 'a', text: 'b' })).rejects.toThrow(whose)
  await expect(world.sites.tempe.invite(patient)).rejects.toThrow(whose)
  await expect(world.sites.tempe.accessOf(patient)).rejects.toThrow(whose)
  await expect(world.sites.tempe.erasePatient(patient)).rejects.toThrow(whose)
  await expect(world.sites.tempe.requestPayment(patient, { amount: { minor: 500, currency: 'usd' } as never, due: null, words: 'x' })).rejects.toThrow(whose) // prettier-ignore
})
