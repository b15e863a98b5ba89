/** What changed is seen also where the practice empties its audit table, sets its clock back, or ends the agent in the middle. */
import { expect, it } from 'vitest'
import { bind } from '../../src/bridges/insched/binding.ts'
import { startInSchedBridge } from '../../src/bridges/insched/bridge.ts'
import { openInSched } from '../../src/bridges/insched/insched.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica } from '../../src/replica/replica.ts'
import type { Clock } from '../../src/replica/clock.ts'
import { clock, ulid } from '../replica/world.ts'
import { closers, practice, site } from './office.ts'
import { databaseOf, differentMapping, kinds, openAnyOffice, type AnyOffice } from './offices.ts'

const fieldsOf = async ({ bridge, replica }: AnyOffice, table: 'patients' | 'events', id: number) =>
  (await replica.record(table, (await bridge.documentOf(table, id))!))!.fields
const emptied = {
  SQLite: { 'with its numbers going on': ['delete from audit_trail'], 'with its numbers beginning anew': ['delete from audit_trail', "delete from sqlite_sequence where name = 'audit_trail'"] }, // prettier-ignore
  PostgreSQL: { 'with its numbers going on': ['delete from audit_trail'], 'with its numbers beginning anew': ['truncate audit_trail restart identity'] }, // prettier-ignore
} as const

it.each(
  (['SQLite', 'PostgreSQL'] as const).flatMap((engine) =>
    (['with its numbers going on', 'with its numbers beginning anew'] as const).map((how) => ({ engine, how })),
  ),
)(
  // prettier-ignore
  '[DOM-8] an audit table that the practice empties $how hides nothing, and it is said ($engine)',
  async ({ engine, how }) => {
    const at = await openAnyOffice({ schema: 'reference', engine })
    for (const home_phone of ['41', '42', '43']) await at.staff.set('patients', 3, { home_phone })
    await at.bridge.readNow()
    const [gone, renamed] = [(await at.bridge.documentOf('events', 2))!, (await at.bridge.documentOf('patients', 2))!]
    const before = (await at.replica.record('patients', renamed))!.fields
    await at.bridge.stop()
    await at.staff.set('patients', 1, { cell_phone: '+1 480 555 0151' })
    await at.staff.set('patients', 2, { first_name: 'Zed', birth_date: '1950-01-01' })
    await at.staff.remove('events', 2)
    for (const statement of emptied[engine][how]) await at.staff.run(statement)
    // As many new rows as the agent had read: some have the very number up to which it read.
    await at.staff.set('patients', 3, { home_phone: '44' })
    const bridge = await at.start()
    await bridge.readNow()
    expect((await fieldsOf({ ...at, bridge }, 'patients', 1))['cellPhone']).toBe('+1 480 555 0151')
    expect((await fieldsOf({ ...at, bridge }, 'patients', 3))['homePhone']).toBe('44')
    expect((await at.replica.record('events', gone))!.fields['deleted']).toBe(true)
    // Nobody saw name and birth date change, so a person must look.
    expect((await at.replica.record('patients', renamed))!.fields).toEqual(before)
    expect(await at.replica.count('reviews')).toBe(1)
    expect(bridge.status().problem).toMatch(/audit table was emptied or cut/)
    await at.staff.set('patients', 1, { cell_phone: '+1 480 555 0152' })
    await expect.poll(async () => (await fieldsOf({ ...at, bridge }, 'patients', 1))['cellPhone']).toBe('+1 480 555 0152') // prettier-ignore
    expect(await bridge.readNow()).toEqual({ patients: 0, plans: 0, stages: 0, events: 0 })
  },
)

it('[DOM-8] a database whose clock is set back, or that sets no stamp, hides nothing for longer than five minutes, and it is said', async () => {
  let ahead = 0
  const jumping: Clock = { ...clock, now: () => clock.now() + ahead }
  const at = await openAnyOffice({ schema: 'different', engine: 'SQLite' }, { clock: jumping, polls: () => false })
  const starts_at = (await at.staff.row('events', 2))!['starts_at'] as string
  const other = await at.staff.add('events', { event_type: 'CONS', patient_id: 1, location_id: 1, starts_at, minutes: 41, status: 'None' }) // prettier-ignore
  await at.bridge.readNow()
  await at.staff.run('drop trigger visits_update')
  await at.staff.run("create trigger visits_update after update on visits begin update visits set changed = '2001-01-01 00:00:00.000' where rowid = new.rowid; end") // prettier-ignore
  await at.staff.set('events', 2, { minutes: 42 })
  await at.staff.run('drop trigger visits_update')
  await at.staff.set('events', other, { minutes: 43 })
  ahead = 6 * 60_000
  await at.bridge.readNow()
  expect((await fieldsOf(at, 'events', 2))['minutes']).toBe(42)
  expect((await fieldsOf(at, 'events', other))['minutes']).toBe(43)
  expect(at.bridge.status().problem).toMatch(/its clock was set back/)
})

it('[DOM-8] without stamps and without an audit table all rows are compared, and the agent’s own are no news', async () => {
  const compared = { ...differentMapping, changes: { 'seen by': 'full compare' } } as const
  const at = await openAnyOffice({ schema: 'different', engine: 'SQLite' }, { mapping: compared })
  await at.staff.set('patients', 1, { cell_phone: '+1 480 555 0161' })
  await at.staff.remove('events', 2)
  const gone = (await at.bridge.documentOf('events', 2))!
  expect(await at.bridge.readNow()).toMatchObject({ patients: 1 })
  expect((await fieldsOf(at, 'patients', 1))['cellPhone']).toBe('+1 480 555 0161')
  expect((await at.replica.record('events', gone))!.fields['deleted']).toBe(true)
  expect(await at.bridge.readNow()).toEqual({ patients: 0, plans: 0, stages: 0, events: 0 })
})

it.each(kinds)(
  '[DOM-8] a first reading that is ended in the middle goes on from there ($schema schema, $engine)',
  async (kind) => {
    const url = await databaseOf(kind)
    const mapping = kind.schema === 'different' ? differentMapping : undefined
    const replica = await openReplica({ store: memoryStore(), practice, id: ulid(), clock })
    const insched = await openInSched(url, { mapping, clock })
    await bind(insched, { practice, site: site.key, replica: replica.id })
    await insched.close()
    const start = () => startInSchedBridge({ url, mapping, replica, practice, site, holder: 'here', station: 'TEST', clock, polls: () => false }) // prettier-ignore
    const first = await start()
    const ended = first.readNow(() => {
      throw new Error('That is enough')
    })
    await expect(ended).rejects.toThrow('That is enough')
    await first.stop()
    expect([await replica.count('patients'), await replica.count('events')]).toEqual([20, 0])
    const second = await start()
    closers.push(() => second.stop())
    const read = await second.readNow()
    expect(read).toMatchObject({ patients: 0, plans: expect.any(Number) })
    expect([await replica.count('patients'), await replica.count('plans'), await replica.count('events')]).toEqual([20, read.plans, read.events]) // prettier-ignore
    expect(await second.readNow()).toEqual({ patients: 0, plans: 0, stages: 0, events: 0 })
  },
)
