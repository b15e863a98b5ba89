/** The rules of the domain on a real InSched file; what staff do is done by a second connection, as another program would. */
import type Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { wallClockOf } from '../../src/mirror/wall-clock.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { clock, ulid } from '../replica/world.ts'
import { closers, confirm, factsAt, openOffice, say, site, start, type Office } from './office.ts'

interface EventInSched { starts_at: string; status: string; last_confirmed_date: string | null; confirmation_type: string | null } // prettier-ignore
const event = (staff: Database.Database, id = 2) =>
  staff.prepare('select * from events where event_id = ?').get(id) as EventInSched

async function answer(at: Office, more: Parameters<typeof confirm>[1] = {}) {
  const document = await confirm(at, more)
  await at.bridge.written()
  return document
}
const kinds = async (replica: OpenReplica, document: string) =>
  (await replica.entries('confirmations', document)).map((entry) => entry.kind).toSorted()

it('[DOM-1] a confirmation writes Last Confirmed Date and confirmation type together and never Status', async () => {
  const at = await openOffice()
  const document = await answer(at)
  const row = event(at.staff)
  expect(row).toMatchObject({ confirmation_type: 'Portal', status: 'None' })
  expect(row.last_confirmed_date).toBe(
    wallClockOf(
      (await at.replica.entries('confirmations', document)).find((e) => e.kind === 'answered')!.at,
      'America/Phoenix',
    ),
  )
  expect(await kinds(at.replica, document)).toEqual(['answered', 'written'])
})

it('[DOM-2] a late older confirmation does not move Last Confirmed Date back, and a repeat changes nothing', async () => {
  const at = await openOffice()
  await answer(at)
  const first = event(at.staff)
  await answer(at, { at: clock.now() - 86_400_000 })
  expect(event(at.staff)).toEqual(first)
})

it('[DOM-3] an answer for a time that has moved confirms nothing and is a review item', async () => {
  const at = await openOffice()
  const seen = event(at.staff).starts_at
  at.staff.prepare("update events set starts_at = '2027-01-05T10:00' where event_id = 2").run()
  const document = await answer(at, { startsAt: seen })
  expect(event(at.staff).last_confirmed_date).toBeNull()
  expect(await kinds(at.replica, document)).toEqual(['answered', 'set aside'])
  expect(await at.replica.count('reviews')).toBe(1)
})

it.each(['Canceled', 'No Show', 'Checked Out'])(
  '[DOM-4] an answer for an event that is %s confirms nothing',
  async (status) => {
    const at = await openOffice()
    at.staff.prepare('update events set status = ? where event_id = 2').run(status)
    await answer(at)
    expect(event(at.staff)).toMatchObject({ last_confirmed_date: null, status })
    expect(await at.replica.count('reviews')).toBe(1)
  },
)

it('[DOM-4] an answer for a deleted event is a review item', async () => {
  const at = await openOffice()
  const seen = event(at.staff).starts_at
  at.staff.prepare('delete from events where event_id = 2').run()
  const document = (await at.bridge.documentOf('events', 2))!
  const patient = (await at.bridge.documentOf('patients', 1))!
  const { at: _, ...facts } = (await at.replica.head('events', document))!.facts
  await at.replica.change([
    {
      collection: 'confirmations',
      key: document,
      facts,
      add: {
        x: {
          kind: 'answered',
          at: clock.now(),
          by: { role: 'patient', id: 'a' },
          channel: 'portal',
          patient: patient as never,
          startsAt: seen,
        },
      },
    },
  ])
  await at.bridge.written()
  expect(await kinds(at.replica, document)).toEqual(['answered', 'set aside'])
})

it('[DOM-4] an answer of the patient whose event it was does not confirm it for another', async () => {
  const at = await openOffice()
  at.staff.prepare('update events set patient_id = 2 where event_id = 2').run()
  const document = await answer(at)
  expect(event(at.staff).last_confirmed_date).toBeNull()
  expect(await kinds(at.replica, document)).toEqual(['answered', 'set aside'])
})

it('[DOM-17] what is deleted, or taken from its patient, is no longer shown, and the patient’s access ends', async () => {
  const at = await openOffice()
  const [patient, document] = [(await at.bridge.documentOf('patients', 1))!, (await at.bridge.documentOf('events', 2))!]
  at.staff.prepare('update events set patient_id = null where event_id = 2').run()
  await at.bridge.readNow()
  expect((await at.replica.record('events', document))!.fields['deleted']).toBe(true)
  const { at: _, ...facts } = (await at.replica.head('patients', patient))!.facts
  await at.replica.change([
    {
      collection: 'access',
      key: patient,
      facts,
      add: { i: { kind: 'invited', at: 1, by: { role: 'staff', id: 's' }, tokenHash: '0'.repeat(64), until: 2 } },
    },
  ])
  at.staff.prepare('delete from patients where patient_id = 1').run()
  await at.bridge.readNow()
  expect((await at.replica.record('patients', patient))!.fields['deleted']).toBe(true)
  expect((await at.replica.entries('access', patient)).map((entry) => entry.kind).toSorted()).toEqual([
    'invited',
    'revoked',
  ])
})

it('[DOM-5] the channel of the answer becomes the confirmation type', async () => {
  const at = await openOffice()
  await answer(at)
  expect(event(at.staff).confirmation_type).toBe('Portal')
})

it('[DOM-6] a patient who cannot come makes a communication and a review item; the event stays as it is', async () => {
  const at = await openOffice()
  const before = event(at.staff)
  const patient = (await at.bridge.documentOf('patients', 1))!
  const { at: _, ...facts } = (await at.replica.head('patients', patient))!.facts
  await at.replica.change([
    {
      collection: 'requests',
      key: patient,
      facts,
      add: {
        r: {
          kind: 'declined',
          at: clock.now(),
          by: { role: 'patient', id: 'a' },
          event: (await at.bridge.documentOf('events', 2))!,
          startsAt: before.starts_at,
        },
      },
    },
  ])
  await at.bridge.written()
  expect(event(at.staff)).toEqual(before)
  expect(at.staff.prepare("select count(*) from communications where external_id = 'r'").pluck().get()).toBe(1)
  expect(await at.replica.count('reviews')).toBe(1)
})

it('[DOM-7] events without a patient, and beyond the horizon, are not uploaded', async () => {
  const at = await openOffice()
  at.staff
    .prepare(
      "insert into events(event_type, patient_id, location_id, starts_at, minutes, status) values ('CONS', 1, 1, '2099-01-01T10:00', 30, 'None')",
    )
    .run()
  const far = at.staff.prepare('select max(event_id) from events').pluck().get() as number
  await at.bridge.readNow()
  expect(await at.bridge.documentOf('events', far)).toBeUndefined()
  const block = at.staff.prepare("select event_id from events where event_type = 'BLK' limit 1").pluck().get() as number
  expect(await at.bridge.documentOf('events', block)).toBeUndefined()
})

it('[DOM-8] what staff change in InSched is what the record says', async () => {
  const at = await openOffice()
  at.staff.prepare("update patients set cell_phone = '+1 480 555 0199' where patient_id = 1").run()
  at.staff.prepare("update stages set completed = 1, completed_on = '2026-11-01' where stage_id = 6").run()
  await at.bridge.readNow()
  expect((await at.replica.record('patients', (await at.bridge.documentOf('patients', 1))!))!.fields['cellPhone']).toBe(
    '+1 480 555 0199',
  )
  expect(
    (await at.replica.record('plans', (await at.bridge.documentOf('plans', 1))!))!.fields['stage/6/completed'],
  ).toBe(true)
})

it('[DOM-14] wall clocks are of the location, right across daylight saving', async () => {
  const { instantOf } = await import('../../src/mirror/wall-clock.ts')
  expect(new Date(instantOf('2027-03-14T02:30', 'America/Denver')).toISOString()).toBe('2027-03-14T09:00:00.000Z')
  expect(new Date(instantOf('2027-11-07T01:30', 'America/Denver')).toISOString()).toBe('2027-11-07T07:30:00.000Z')
  expect(new Date(instantOf('2027-03-14T02:30', 'America/Phoenix')).toISOString()).toBe('2027-03-14T09:30:00.000Z')
})

it('[DOM-15] one inbound item is one checkpoint stamped PC, and is not read back as news', async () => {
  const at = await openOffice()
  await answer(at, { id: 'e1' })
  const rows = at.staff.prepare('select checkpoint, initials, station, table_name from audit_trail').all()
  expect(rows).toEqual([{ checkpoint: 'confirmation:e1', initials: 'PC', station: 'TEST', table_name: 'events' }])
  expect(await at.bridge.readNow()).toEqual({ patients: 0, plans: 0, stages: 0, events: 0 })
})

it('[DOM-15] each answer, message and request is one transaction: one effect and one checkpoint, none read back', async () => {
  const at = await openOffice()
  const patient = (await at.bridge.documentOf('patients', 1))!
  await say(at.replica, patient, 'm')
  await at.replica.change([
    {
      collection: 'requests',
      key: patient,
      facts: await factsAt(at.replica, 'patients', patient),
      add: {
        r: {
          kind: 'wants to move',
          at: clock.now(),
          by: { role: 'patient', id: 'a' },
          event: (await at.bridge.documentOf('events', 2))!,
          startsAt: event(at.staff).starts_at,
        },
      },
    },
  ])
  await answer(at, { id: 'c' })
  const items = ['communication:m', 'communication:r', 'confirmation:c']
  expect(at.staff.prepare('select effect_id from pc_effects order by 1').pluck().all()).toEqual(items)
  expect(at.staff.prepare('select checkpoint from audit_trail order by 1').pluck().all()).toEqual(items)
  expect(await at.bridge.readNow()).toEqual({ patients: 0, plans: 0, stages: 0, events: 0 })
})

it('[DOM-15] what staff cleared after it was written, before the agent could say so, does not stop the writer', async () => {
  const at = await openOffice()
  await answer(at, { id: 'c' })
  // Of the second answer the effect is in InSched, and a crash came before its entry "written".
  const document = (await at.bridge.documentOf('events', 2))!
  at.staff.exec('update events set last_confirmed_date = null, confirmation_type = null where event_id = 2')
  at.staff.exec("insert into pc_effects values ('confirmation:d', '')")
  await answer(at, { id: 'd' })
  expect(await kinds(at.replica, document)).toEqual(['answered', 'answered', 'written', 'written'])
  expect((await at.replica.record('events', document))!.fields['lastConfirmed']).toBeNull()
})

it('[DOM-15] a portal message is one row of communications, also when the agent starts again', async () => {
  const at = await openOffice()
  const patient = (await at.bridge.documentOf('patients', 1))!
  const { at: _, ...facts } = (await at.replica.head('patients', patient))!.facts
  await at.replica.change([
    {
      collection: 'messages',
      key: patient,
      facts,
      add: {
        m: {
          kind: 'message',
          at: clock.now(),
          by: { role: 'patient', id: 'a' },
          thread: patient as never,
          subject: 'Hello',
          text: 'Is parking free?',
        },
      },
    },
  ])
  await at.bridge.written()
  await at.bridge.stop()
  const again = await start(at.file, at.replica)
  closers.push(() => again.stop())
  await at.replica.change([
    {
      collection: 'messages',
      key: patient,
      add: {
        n: {
          kind: 'message',
          at: clock.now(),
          by: { role: 'staff', id: 's', initials: 'JD' },
          thread: patient as never,
          subject: 'Hello',
          text: 'Yes',
        },
      },
    },
  ])
  await again.written()
  expect(
    at.staff.prepare('select external_id, direction, initials from communications order by external_id').all(),
  ).toEqual([
    { external_id: 'm', direction: 'in', initials: 'PC' },
    { external_id: 'n', direction: 'out', initials: 'JD' },
  ])
})

it('[DOM-16] a message for a patient who is gone is a review item', async () => {
  const at = await openOffice()
  const patient = ulid()
  await at.replica.change([
    {
      collection: 'messages',
      key: patient,
      facts: { patient, site: site.key, shown: true, reachable: true, startsAt: null },
      add: {
        m: {
          kind: 'message',
          at: clock.now(),
          by: { role: 'patient', id: 'a' },
          thread: patient,
          subject: 'x',
          text: 'y',
        },
      },
    },
  ])
  await at.bridge.written()
  expect(await at.replica.count('reviews')).toBe(1)
})

it('[DOM-17] a row deleted and added again under its old id is another record', async () => {
  const at = await openOffice()
  const first = (await at.bridge.documentOf('events', 2))!
  at.staff.prepare('delete from events where event_id = 2').run()
  at.staff
    .prepare(
      "insert into events(event_id, event_type, patient_id, location_id, starts_at, minutes, status) values (2, 'CONS', 1, 1, ?, 30, 'None')",
    )
    .run(wallClockOf(clock.now() + 86_400_000, 'America/Phoenix'))
  await at.bridge.readNow()
  const second = (await at.bridge.documentOf('events', 2))!
  expect(second).not.toBe(first)
  expect((await at.replica.record('events', first))!.fields['deleted']).toBe(true)
  expect((await at.replica.record('events', second))!.fields['deleted']).toBe(false)
})

it('[DOM-17] name and birth date changed in one step: nothing flows before a person says so', async () => {
  const at = await openOffice()
  const key = (await at.bridge.documentOf('patients', 1))!
  const before = (await at.replica.record('patients', key))!.fields
  at.staff.prepare("update patients set first_name = 'Zed', birth_date = '1950-01-01' where patient_id = 1").run()
  await at.bridge.readNow()
  expect((await at.replica.record('patients', key))!.fields).toEqual(before)
  const [review] = await at.replica.list('reviews')
  await at.replica.change([
    {
      collection: 'reviews',
      key: review!.key,
      add: { resolved: { kind: 'resolved', at: clock.now(), by: { role: 'staff', id: 's' }, note: 'same person' } },
    },
  ])
  await expect.poll(async () => (await at.replica.record('patients', key))!.fields['firstName']).toBe('Zed')
})

it('portal access that staff end is revoked', async () => {
  const at = await openOffice()
  const key = (await at.bridge.documentOf('patients', 1))!
  const { at: _, ...facts } = (await at.replica.head('patients', key))!.facts
  await at.replica.change([
    {
      collection: 'access',
      key,
      facts,
      add: {
        i: {
          kind: 'invited',
          at: 1,
          by: { role: 'staff', id: 's' },
          tokenHash: '0'.repeat(64),
          until: clock.now() + 1_000_000,
        },
      },
    },
  ])
  at.staff.prepare('update patients set portal_enabled = 0 where patient_id = 1').run()
  await at.bridge.readNow()
  expect((await at.replica.entries('access', key)).map((entry) => entry.kind).toSorted()).toEqual([
    'invited',
    'revoked',
  ])
  expect((await at.replica.head('events', (await at.bridge.documentOf('events', 2))!))!.facts.shown).toBe(false)
})

it('a second agent on one InSched database is refused with a sentence and changes nothing', async () => {
  const at = await openOffice()
  const fence = at.staff.prepare('select fence from pc_agent').pluck().get()
  await expect(start(at.file, at.replica, { holder: 'elsewhere' })).rejects.toThrow(
    /Another agent works on the InSched database/,
  )
  expect(at.staff.prepare('select fence from pc_agent').pluck().get()).toBe(fence)
})

it('Special Issues and Alert Notes never enter the replica', async () => {
  const at = await openOffice()
  at.staff.prepare("update patients set special_issues = 'SPECIAL-ISSUE x'").run()
  at.staff.prepare("update events set alert_notes = 'ALERT-NOTE y'").run()
  await at.bridge.readNow()
  const all: unknown[] = []
  for (const collection of ['practice', 'patients', 'plans', 'events'] as const)
    for (const head of await at.replica.list(collection)) all.push(await at.replica.record(collection, head.key))
  expect(JSON.stringify(all)).not.toMatch(/SPECIAL-ISSUE|ALERT-NOTE|latex|consent form/)
})
