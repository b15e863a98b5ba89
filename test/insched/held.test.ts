/** DOM-17: what may be another person's goes to nobody before a person has said who it is. */
import { expect, it } from 'vitest'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { clock, ulid } from '../replica/world.ts'
import { confirm, factsAt, openOffice, resolve, say, type Office } from './office.ts'

const another = "update patients set first_name = 'Zed', birth_date = '1950-01-01' where patient_id = 1"

/** All that the replica says of patient 1, with its facts. */
async function said(at: Office, keys: Readonly<Record<'patients' | 'plans' | 'events', string>>) {
  const { replica } = at
  const all: unknown[] = []
  for (const collection of ['patients', 'plans', 'events'] as const)
    all.push(await replica.record(collection, keys[collection]), await replica.head(collection, keys[collection]))
  for (const collection of ['messages', 'access'] as const) all.push(await replica.head(collection, keys.patients))
  all.push(await replica.head('confirmations', keys.events))
  return all
}
const keysOf = async ({ bridge }: Office) => ({
  patients: (await bridge.documentOf('patients', 1))!,
  plans: (await bridge.documentOf('plans', 1))!,
  events: (await bridge.documentOf('events', 2))!,
})
const reviewsOf = async (replica: OpenReplica) => (await replica.list('reviews')).map((head) => head.key)
const field = async (replica: OpenReplica, collection: 'patients' | 'plans' | 'events', key: string, name: string) =>
  (await replica.record(collection, key))!.fields[name]

it('[DOM-17] of a held patient nothing flows - plans, stages, events, facts - and all of it catches up when a person has resolved it', async () => {
  const at = await openOffice()
  const keys = await keysOf(at)
  await say(at.replica, keys.patients, 'm')
  await confirm(at)
  await at.bridge.written()
  const before = await said(at, keys)
  at.staff.exec(another)
  await at.bridge.readNow()
  at.staff.exec("update patients set portal_enabled = 0 where patient_id = 1; update plans set patient_words = 'Secret' where plan_id = 1") // prettier-ignore
  at.staff.exec("update stages set completed = 1, patient_words = 'Hidden' where stage_id = 6; update events set starts_at = '2027-01-05T10:00' where event_id = 2") // prettier-ignore
  at.staff.exec("insert into plans(patient_id, patient_words) values (1, 'A second plan')")
  at.staff.exec("insert into events(event_type, patient_id, location_id, starts_at, minutes, status) select 'CONS', 1, 1, starts_at, 30, 'None' from events where event_id = 2") // prettier-ignore
  const counts = async () => [await at.replica.count('plans'), await at.replica.count('events')]
  const counted = await counts()
  await at.bridge.readNow()
  expect(await said(at, keys)).toEqual(before)
  expect(await counts()).toEqual(counted)
  const reviews = await reviewsOf(at.replica)
  expect(reviews).toHaveLength(1)

  await resolve(at.replica, reviews[0]!)
  await expect.poll(() => field(at.replica, 'patients', keys.patients, 'firstName')).toBe('Zed')
  expect(await field(at.replica, 'plans', keys.plans, 'words')).toBe('Secret')
  expect(await field(at.replica, 'plans', keys.plans, 'stage/6/completed')).toBe(true)
  expect(await field(at.replica, 'events', keys.events, 'startsAt')).toBe('2027-01-05T10:00')
  expect(await counts()).toEqual([counted[0]! + 1, counted[1]! + 1])
  for (const [collection, key] of [['messages', keys.patients], ['confirmations', keys.events]] as const)
    expect((await at.replica.head(collection, key))!.facts.shown).toBe(false) // prettier-ignore
  await at.bridge.readNow()
  expect(await reviewsOf(at.replica)).toEqual(reviews)
})

it.each([
  ['in two statements between two reads', ["update patients set first_name = 'Zed' where patient_id = 1", "update patients set birth_date = '1950-01-01' where patient_id = 1"]], // prettier-ignore
  ['in two statements of one transaction', ["begin; update patients set birth_date = '1950-01-01' where patient_id = 1; update patients set last_name = 'Zz' where patient_id = 1; commit"]], // prettier-ignore
  ['with more than one stretch of the trail between them', ["update patients set first_name = 'Zed' where patient_id = 1", "update patients set language = 'x' where patient_id = 2; ".repeat(600), "update patients set birth_date = '1950-01-01' where patient_id = 1"]], // prettier-ignore
])('[DOM-17] name and birth date changed %s are one step', async (_, statements) => {
  const at = await openOffice()
  const keys = await keysOf(at)
  const before = await said(at, keys)
  at.staff.exec('begin')
  for (const statement of statements) at.staff.exec(statement.replace('begin; ', '').replace('; commit', ''))
  at.staff.exec('commit')
  await at.bridge.readNow()
  expect(await said(at, keys)).toEqual(before)
  expect(await at.replica.count('reviews')).toBe(1)
})

it('[DOM-17] a name alone, or both changed and put back between two reads, holds nothing', async () => {
  const at = await openOffice()
  const { patients } = await keysOf(at)
  at.staff.exec("update patients set last_name = 'Married' where patient_id = 1")
  await at.bridge.readNow()
  expect(await field(at.replica, 'patients', patients, 'lastName')).toBe('Married')
  const [name, born] = at.staff.prepare('select first_name, birth_date from patients where patient_id = 1').raw().get() as [string, string] // prettier-ignore
  at.staff.exec(another)
  at.staff.prepare('update patients set first_name = ?, birth_date = ? where patient_id = 1').run(name, born)
  await at.bridge.readNow()
  expect(await at.replica.count('reviews')).toBe(0)
})

it('[DOM-17] what a held patient says waits, and is in InSched once after a person has resolved it', async () => {
  const at = await openOffice()
  const keys = await keysOf(at)
  at.staff.exec(another)
  await say(at.replica, keys.patients, 'm')
  await confirm(at, { id: 'c' })
  await at.bridge.written()
  const counts = () =>
    at.staff.prepare("select (select count(*) from communications), (select count(*) from events where event_id = 2 and last_confirmed_date is not null)").raw().get() // prettier-ignore
  expect(counts()).toEqual([0, 0])
  expect(await at.replica.count('reviews')).toBe(1)
  expect(await at.bridge.isHeld(keys.patients)).toBe(true)
  await resolve(at.replica, (await reviewsOf(at.replica))[0]!)
  await at.bridge.written()
  expect(counts()).toEqual([1, 1])
  expect(await at.bridge.isHeld(keys.patients)).toBe(false)
})

it('[DOM-17] an event deleted while its patient is held goes when the patient is released', async () => {
  const at = await openOffice()
  const keys = await keysOf(at)
  at.staff.exec(another)
  at.staff.exec('delete from events where event_id = 2')
  await at.bridge.readNow()
  expect(await field(at.replica, 'events', keys.events, 'deleted')).toBe(false)
  await resolve(at.replica, (await reviewsOf(at.replica))[0]!)
  await at.bridge.written()
  expect(await field(at.replica, 'events', keys.events, 'deleted')).toBe(true)
})

it('[DOM-17] an event given to a held patient is gone from the one who had it, and the held one has it after release', async () => {
  const at = await openOffice()
  const keys = await keysOf(at)
  at.staff.exec("update patients set first_name = 'Zed', birth_date = '1950-01-01' where patient_id = 2")
  at.staff.exec('update events set patient_id = 2 where event_id = 2')
  await at.bridge.readNow()
  expect(await field(at.replica, 'events', keys.events, 'deleted')).toBe(true)
  expect((await at.replica.head('events', keys.events))!.facts.patient).toBe(keys.patients)
  await resolve(at.replica, (await reviewsOf(at.replica))[0]!)
  await at.bridge.written()
  expect(await field(at.replica, 'events', keys.events, 'deleted')).toBe(false)
  expect((await at.replica.head('events', keys.events))!.facts.patient).toBe(await at.bridge.documentOf('patients', 2))
})

it('[DOM-17] a held patient that staff delete is gone at once, with access, and nothing waits any more', async () => {
  const at = await openOffice()
  const keys = await keysOf(at)
  const add = { i: { kind: 'invited' as const, at: 1, by: { role: 'staff' as const, id: 's' }, tokenHash: '0'.repeat(64), until: 2 } } // prettier-ignore
  await at.replica.change([{ collection: 'access', key: keys.patients, facts: await factsAt(at.replica, 'patients', keys.patients), add }]) // prettier-ignore
  at.staff.exec(another)
  await at.bridge.readNow()
  at.staff.exec('delete from patients where patient_id = 1')
  await at.bridge.readNow()
  for (const collection of ['patients', 'plans', 'events'] as const)
    expect(await field(at.replica, collection, keys[collection], 'deleted')).toBe(true)
  expect((await at.replica.entries('access', keys.patients)).map((entry) => entry.kind)).toContain('revoked')
  expect(await at.bridge.isHeld(keys.patients)).toBe(false)
})

it('[DOM-17] a patient deleted and another added under the id: what hangs on the id is of the new one', async () => {
  const at = await openOffice()
  const keys = await keysOf(at)
  at.staff.exec("delete from patients where patient_id = 1; insert into patients(patient_id, first_name, last_name, birth_date, portal_enabled) values (1, 'New', 'One', '2000-01-01', 1)") // prettier-ignore
  await at.bridge.readNow()
  const added = (await at.bridge.documentOf('patients', 1))!
  expect(added).not.toBe(keys.patients)
  expect(await field(at.replica, 'patients', keys.patients, 'deleted')).toBe(true)
  expect((await at.replica.head('events', keys.events))!.facts.patient).toBe(added)
  expect(await field(at.replica, 'events', keys.events, 'deleted')).toBe(false)
})

it('[DOM-17] [DOM-10] what waits of a held patient is all of it: texts too, and what is said by who was combined into them', async () => {
  const at = await openOffice()
  const [held, donor] = [(await at.bridge.documentOf('patients', 1))!, (await at.bridge.documentOf('patients', 2))!]
  at.staff.exec('update patients set survivor_id = 1 where patient_id = 2')
  await at.bridge.readNow()
  at.staff.exec(another)
  await at.bridge.readNow()
  await say(at.replica, donor, ulid())
  const portal = { at: clock.now(), by: { role: 'portal' as const, id: 'p' } }
  const text = ulid()
  const add = {
    [text]: { kind: 'text' as const, ...portal, what: 'reminder' as const, to: '+14805550100', recipient: 'r', body: 'Soon.' }, // prettier-ignore
    [`state:${text}`]: { kind: 'state' as const, ...portal, message: text, state: 'sent' as const },
  }
  await at.replica.change([{ collection: 'communications', key: held, facts: await factsAt(at.replica, 'patients', held), add }]) // prettier-ignore
  await at.bridge.written()
  const written = () => at.staff.prepare('select channel, patient_id from communications order by channel').all()
  expect(written()).toEqual([])
  const [review] = await reviewsOf(at.replica)
  await resolve(at.replica, review!)
  await at.bridge.written()
  expect(written()).toEqual([{ channel: 'portal', patient_id: 1 }, { channel: 'text', patient_id: 1 }]) // prettier-ignore
})
