/**
 * Changes of the mirror over a whole portal and a whole site: what begins to pass flows, what ceases to pass is erased at
 * the portal with a receipt, and a field that is switched off is nowhere any more.
 */
import { copyFileSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readEntries, readRecord } from '../../src/replica/document.ts'
import {
  collectionNumber,
  type Collection,
  type EntriesCollection,
  type RecordCollection,
} from '../../src/replica/collections.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { folder, master, ulid } from '../replica/world.ts'
import { siteOperations } from '../../src/server/console/site-operations.ts'
import { openSiteWorld, type SiteWorld } from '../server/site-world.ts'

let world: SiteWorld
beforeAll(async () => void (world = await openSiteWorld(30)))
afterAll(() => world.close())

const portalReplica = (): OpenReplica => {
  const { site, portal } = world
  const [practice] = readdirSync(join(world.dir, 'portal', 'practices')).map((name) => name.slice(0, 26))
  expect(site.settings.siteId).toHaveLength(26)
  return portal.replicaOf(practice!)!
}
const keysWith = async (replica: OpenReplica, collection: Collection): Promise<string[]> => {
  const heads = await replica.list(collection, undefined, 10_000)
  const said = await Promise.all(heads.map(async ({ key }) => isSaid(replica, collection, key)))
  return heads.flatMap(({ key }, i) => (said[i] ? [key] : []))
}
const isSaid = async (replica: OpenReplica, collection: Collection, key: string): Promise<boolean> =>
  collection === 'messages'
    ? (await replica.entries('messages', key)).length > 0
    : (await replica.record(collection as RecordCollection, key)) !== undefined
const fieldsAt = async (replica: OpenReplica, collection: RecordCollection): Promise<Set<string>> => {
  const heads = await replica.list(collection, undefined, 10_000)
  const records = await Promise.all(heads.map(({ key }) => replica.record(collection, key)))
  return new Set(records.flatMap((record) => [...(record?.values.keys() ?? [])]))
}
/** All that the portal's file says, opened with the key, and the bytes of its files. */
const portalSays = async (
  collection: RecordCollection | EntriesCollection,
): Promise<{ content: string; bytes: Buffer }> => {
  const dir = join(world.dir, 'portal', 'practices')
  const copies = folder()
  for (const name of readdirSync(dir)) copyFileSync(join(dir, name), join(copies, name))
  const [file] = readdirSync(copies).filter((name) => name.endsWith('.sqlite'))
  const bytes = Buffer.concat(readdirSync(dir).map((name) => readFileSync(join(dir, name))))
  const store = await openSqliteStore({ file: join(copies, file!), master })
  const replica = portalReplica()
  await store.open({ practice: replica.practice, replica: replica.id })
  const content: unknown[] = []
  for (const { key } of await store.list(collectionNumber(collection), undefined, 10_000)) {
    const updates = await store.updatesOf(collectionNumber(collection), key)
    content.push(collection === 'messages' ? readEntries(updates) : [...readRecord(updates)].map(([by, map]) => [by, [...map]])) // prettier-ignore
    content.push(updates.map((update) => Buffer.from(update).toString('latin1')))
  }
  for (const view of ['patient', 'message', 'communication', 'plan', 'event']) content.push(await store.index({ view }))
  await store.close()
  return { content: JSON.stringify(content), bytes }
}

it('a collection that is turned off and erased is in no file of the portal, the receipt is shown, and turned on again all of it is back', async () => {
  const { site } = world
  const portal = portalReplica()
  const [secret, second] = [`SECRET-${ulid()}`, `SECRET-${ulid()}`]
  await site.message({ patient: 1, subject: secret, text: secret })
  await site.upload()
  expect((await portalSays('messages')).content).toContain(secret)
  const before = await keysWith(portal, 'messages')

  const change = { key: 'messages', value: 'off', content: 'erase' as const }
  const preview = await site.mirror.preview({ patient: 1, change })
  expect(preview.change!.erased).toEqual({ messages: before.length })
  await expect(site.mirror.set({ key: 'messages', value: 'off' })).rejects.toThrow(/--keep.*--erase/)
  const done = await site.mirror.set(change)
  expect([done.key, done.old, done.new]).toEqual(['messages.direction', 'both', 'erased'])
  await expect.poll(() => keysWith(portal, 'messages')).toEqual([])
  await expect.poll(async () => (await site.mirror.show()).receipts).toEqual({ messages: before.length })
  // A sealed row cannot be looked into: what the file has is opened with the key, and searched as bytes beside.
  await expect.poll(async () => (await portalSays('messages')).content).not.toContain(secret)
  const { bytes } = await portalSays('messages')
  expect(bytes.includes(secret)).toBe(false)
  // What is said meanwhile stays here.
  await site.message({ patient: 1, subject: second, text: second })
  await site.upload()
  expect(await keysWith(portal, 'messages')).toEqual([])

  await site.mirror.set({ key: 'messages', value: 'on' })
  await site.upload()
  expect(await keysWith(portal, 'messages')).toEqual(before)
  const { content } = await portalSays('messages')
  expect([content.includes(secret), content.includes(second)]).toEqual([true, true])
  expect((await site.mirror.show()).receipts).toEqual({})
}, 30_000)

it('a collection that is turned off and kept stays at the portal as it was, and goes on from there', async () => {
  const { site, insched } = world
  const portal = portalReplica()
  const before = await keysWith(portal, 'plans')
  await site.mirror.set({ key: 'plans', value: 'off', content: 'keep' })
  insched.prepare("update plans set plan_status = 'Paused' where plan_id = 1").run()
  await site.upload()
  expect(await keysWith(portal, 'plans')).toEqual(before)
  expect((await portalSays('plans')).content).not.toContain('Paused')
  await site.mirror.set({ key: 'plans', value: 'on' })
  await site.upload()
  expect((await portalSays('plans')).content).toContain('Paused')
}, 30_000)

it('a field that is switched off is out of every document here and at the portal, also of what they said before; on again, it is back', async () => {
  const { site, insched } = world
  const portal = portalReplica()
  const emails = insched.prepare('select email from patients where email is not null').pluck().all() as string[]
  // An old value is in the history of its document only.
  insched.prepare("update patients set email = 'old-and-gone@example.com' where patient_id = 1").run()
  await site.upload()
  insched.prepare("update patients set email = 'patient1@example.com' where patient_id = 1").run()
  await site.upload()
  const untouched = new Map((await portal.list('events')).map((head) => [head.key, head.seq]))
  const records = await keysWith(portal, 'patients')

  const done = await site.mirror.set({ key: 'patients.fields', value: 'homePhone, cellPhone, language' })
  expect(done.withoutFields).toBeGreaterThan(0)
  await site.upload()
  for (const replica of [site.replica, portal]) {
    const fields = await fieldsAt(replica, 'patients')
    for (const gone of ['email', 'middleName', 'balanceDueCents']) expect(fields).not.toContain(gone)
    expect(fields).toContain('cellPhone')
  }
  expect(await keysWith(portal, 'patients')).toEqual(records)
  await expect.poll(async () => emails.length).toBeGreaterThan(0)
  const said = await portalSays('patients')
  expect(emails.filter((email) => said.content.includes(email))).toEqual([])
  expect(said.content).not.toContain('old-and-gone')
  // What InSched says from now on comes without it.
  insched
    .prepare("update patients set email = 'new@example.com', home_phone = '+1 480 555 0199' where patient_id = 1")
    .run()
  await site.upload()
  const now = await portalSays('patients')
  expect([now.content.includes('new@example.com'), now.content.includes('+1 480 555 0199')]).toEqual([false, true])
  // The rest is left alone.
  expect(new Map((await portal.list('events')).map((head) => [head.key, head.seq]))).toEqual(untouched)

  await site.mirror.set({ key: 'patients.fields', value: 'all' })
  await site.upload()
  const back = await portalSays('patients')
  expect(back.content).toContain('new@example.com')
  expect(await fieldsAt(portal, 'patients')).toContain('balanceDueCents')
}, 60_000)

it('a narrower horizon and fewer patients are withdrawn at the portal, and come back when they are widened', async () => {
  const { site } = world
  const portal = portalReplica()
  const [events, patients] = [await keysWith(portal, 'events'), await keysWith(portal, 'patients')]
  await site.mirror.set({ key: 'events.daysAhead', value: '10' })
  await site.mirror.set({ key: 'patients.patients', value: 'portal enabled' })
  const shown = (await site.replica.list('patients'))
    .filter(({ facts }) => facts.shown && facts.reachable)
    .map(({ key }) => key)
  await expect.poll(() => keysWith(portal, 'patients')).toEqual(shown.filter((key) => patients.includes(key)))
  const now = Date.now()
  const near = (await site.replica.list('events')).flatMap(({ key, facts }) => (facts.startsAt! - now <= 11 * 86_400_000 && events.includes(key) ? [key] : [])) // prettier-ignore
  await expect.poll(() => keysWith(portal, 'events')).toEqual(near)
  await site.mirror.set({ key: 'events.daysAhead', value: '365' })
  await site.mirror.set({ key: 'patients.patients', value: 'all' })
  await site.upload()
  await expect.poll(() => keysWith(portal, 'events')).toEqual(events)
  // Patients that never passed before are there too now.
  const all = (await site.replica.list('patients')).map(({ key }) => key)
  await expect.poll(() => keysWith(portal, 'patients')).toEqual(all)
  await site.mirror.set({ key: 'patients.patients', value: 'reachable' })
  await expect.poll(() => keysWith(portal, 'patients')).toEqual(patients)
}, 60_000)

it('the portal can narrow what a site mirrors and never widen it; two edits that conflict are a review, and the narrower holds', async () => {
  const { site, portal } = world
  const replica = portalReplica()
  const id = site.settings.siteId
  await site.mirror.set({ key: 'events.daysAhead', value: '30' })
  await site.upload()
  await portal.narrow(id, [{ key: 'events.daysAhead', value: '300' }], 'operator')
  await site.upload()
  const ahead = async (): Promise<number> => {
    const events = await keysWith(replica, 'events')
    const heads = await Promise.all(events.map((key) => replica.head('events', key)))
    return Math.max(...heads.map((head) => (head!.facts.startsAt! - Date.now()) / 86_400_000))
  }
  expect(await ahead()).toBeLessThan(31)
  await portal.narrow(id, [{ key: 'events.daysAhead', value: '5' }], 'operator')
  await expect.poll(ahead, { timeout: 10_000 }).toBeLessThan(6)
  // The site set 30 before it knew of what the portal says: that is one after the other. Now both at once, apart.
  await portal.narrow(id, [{ key: 'messages.patients', value: 'none' }], 'operator')
  await site.mirror.set({ key: 'messages.patients', value: 'all' })
  await expect.poll(async () => (await site.reviews()).items.some(({ kind, why }) => kind === 'mirror conflict' && why.includes('“none”')), { timeout: 10_000 }).toBe(true) // prettier-ignore
  expect((await site.mirror.show()).items.find(({ key }) => key === 'messages.patients')).toMatchObject({ value: 'all', portal: 'none' }) // prettier-ignore
  await expect.poll(() => keysWith(replica, 'messages')).toEqual([])
  for (const [key, value] of [
    ['events.daysAhead', '365'],
    ['messages.patients', 'reachable'],
  ] as const) {
    await portal.narrow(id, [{ key, value }], 'operator')
    await site.mirror.set({ key, value })
  }
  await site.upload()
  expect((await keysWith(replica, 'messages')).length).toBeGreaterThan(0)
}, 60_000)

it('of messages that go up alone the site takes none, but those that the portal is to let go of; both ways again, it has all', async () => {
  const { site } = world
  const replica = portalReplica()
  await site.mirror.set({ key: 'messages', value: 'up' })
  await site.upload()
  const [key] = await keysWith(replica, 'messages')
  const { at: _, ...facts } = (await replica.head('messages', key!))!.facts
  const by = { role: 'patient', id: 'a' } as const
  const say = (text: string): Promise<void> =>
    replica.change([{ collection: 'messages', key: key!, facts, add: { [text]: { kind: 'message', at: world.clock.now(), by, thread: key!, subject: 's', text } } }]) // prettier-ignore
  const texts = async (of: OpenReplica): Promise<string[]> => (await of.entries('messages', key!)).map(({ id }) => id)
  await say('one')
  await site.upload()
  expect(await texts(site.replica)).not.toContain('one')
  await site.mirror.set({ key: 'messages.patients', value: 'none' })
  await site.upload()
  await expect.poll(() => keysWith(replica, 'messages')).toEqual([])
  expect(await texts(site.replica)).toContain('one')
  await site.mirror.set({ key: 'messages.patients', value: 'reachable' })
  await site.upload()
  await expect.poll(() => texts(replica)).toContain('one')
  await say('two')
  await site.upload()
  expect(await texts(site.replica)).not.toContain('two')
  // What goes one way alone differs rightly, and a proof of equality leaves it out.
  expect(await site.verify()).toMatchObject({ equal: true })
  await site.mirror.set({ key: 'messages', value: 'both' })
  await site.upload()
  await expect.poll(() => texts(site.replica)).toContain('two')
}, 60_000)

it('shows of a real patient exactly the fields and values that would leave, with their bytes', async () => {
  const { site, insched } = world
  const portal = portalReplica()
  const { documents, bytes } = await site.mirror.preview({ patient: 1 })
  const patient = documents.find(({ collection }) => collection === 'patients')!
  const row = insched.prepare('select * from patients where patient_id = 1').get() as Record<string, unknown>
  const values = Object.fromEntries(
    patient.fields.filter((field) => field.leaves).map(({ field, value }) => [field, value]),
  )
  expect(values).toMatchObject({ firstName: row['first_name'], email: row['email'], birthDate: row['birth_date'] })
  expect(bytes).toBe(documents.flatMap(({ fields }) => fields).filter((field) => field.leaves).reduce((sum, { value }) => sum + Buffer.byteLength(JSON.stringify(value)), 0)) // prettier-ignore
  const key = (await site.bridge.documentOf('patients', 1))!
  expect((await portal.record('patients', key))!.fields).toEqual(values)
  const without = await site.mirror.preview({ patient: 1, change: { key: 'patients.fields', value: 'none' } })
  expect(without.documents.find(({ collection }) => collection === 'patients')!.fields.find(({ field }) => field === 'email')).toMatchObject({ leaves: false }) // prettier-ignore
  expect(without.change!.withoutFields).toBeGreaterThan(0)
  expect((await portal.record('patients', key))!.fields).toEqual(values)
  await expect(site.mirror.preview({ patient: 9_999 })).rejects.toThrow(/no patient 9999/)
}, 30_000)

it('every change stands in the trail with who, when, old and new; a preview says whose record was looked at', async () => {
  const { site, staff, clock } = world
  const operations = siteOperations(site, staff.audit, () => {})
  const before = staff.audit.rows().length
  await operations['mirror set']!({ key: 'requests', value: 'off', content: 'keep' })
  await operations['mirror set']!({ key: 'requests', value: 'on' })
  await expect(operations['mirror set']!({ key: 'consents', value: 'off', content: 'erase' })).rejects.toThrow(/must always travel/) // prettier-ignore
  await operations['mirror preview']!({ patient: 1 })
  const trail = staff.audit.rows().slice(before)
  expect(trail.map(({ event }) => event)).toEqual([
    { did: 'mirror changed', by: 'command line', of: ['requests.direction', 'both', 'off'] },
    { did: 'mirror changed', by: 'command line', of: ['requests.direction', 'off', 'both'] },
    { did: 'mirror previewed', by: 'command line', patient: '1' },
  ])
  expect(trail.every(({ at }) => at <= clock.now())).toBe(true)
})
