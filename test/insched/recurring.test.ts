/** Recurring events on every database that InSched may be in: each occurrence is an event of its own, with its own confirmation. */
import { beforeEach, describe, expect, it } from 'vitest'
import { daysLater, wallClockOf } from '../../src/mirror/wall-clock.ts'
import { daysOfRule, isRecurrenceRule } from '../../src/bridges/insched/recurrence-rule.ts'
import { clock, ulid } from '../replica/world.ts'
import { closers, factsAt } from './office.ts'
import { kinds, openAnyOffice, type AnyOffice } from './offices.ts'

const today = wallClockOf(clock.now(), 'America/Phoenix').slice(0, 10)
const dayIn = (days: number): string => daysLater(`${today}T09:30`, days).slice(0, 10)

/** Four occurrences, a week apart, from tomorrow on. */
async function addSeries({ staff, bridge }: AnyOffice): Promise<{ event: number; recurrence: number }> {
  const recurrence = await staff.add('recurrences', { pattern: 'FREQ=WEEKLY', ends_on: dayIn(22) })
  const event = await staff.add('events', { event_type: 'CONS', patient_id: 1, location_id: 1, starts_at: `${dayIn(1)}T09:30`, minutes: 30, status: 'None', recurrence_id: recurrence }) // prettier-ignore
  await bridge.readNow()
  return { event, recurrence }
}
/** What the records say of the events of a row: by start, with the keys. */
async function said({ replica, bridge }: Pick<AnyOffice, 'replica' | 'bridge'>, event: number) {
  const heads = await replica.list('events', undefined, 10_000)
  const found = await Promise.all(
    heads.map(async ({ key }) => {
      if ((await bridge.localOf(key)) !== event) return []
      return [{ key, ...((await replica.record('events', key))!.fields as Record<string, unknown>) } as { key: string; startsAt: string; deleted: boolean; status: string; lastConfirmed: string | null; confirmationType: string | null }] // prettier-ignore
    }),
  )
  const all = found.flat().toSorted((a, b) => (a.startsAt < b.startsAt ? -1 : 1))
  return { all, open: all.filter((one) => !one.deleted) }
}
async function answer(at: AnyOffice, document: string, startsAt: string): Promise<void> {
  const patient = (await at.bridge.documentOf('patients', 1))!
  const entry = { kind: 'answered' as const, at: clock.now(), by: { role: 'patient' as const, id: 'a' }, channel: 'portal' as const, patient, startsAt } // prettier-ignore
  await at.replica.change([{ collection: 'confirmations', key: document, facts: await factsAt(at.replica, 'events', document), add: { [ulid()]: entry } }]) // prettier-ignore
  await at.bridge.written()
}

describe.each(kinds)('$schema schema, $engine', (kind) => {
  let at: AnyOffice
  beforeEach(async () => {
    at = await openAnyOffice(kind)
  })

  it('[DOM-7] each occurrence of a series is an event of its own, with its own confirmation, also for the next life of the agent', async () => {
    const { event } = await addSeries(at)
    const { open } = await said(at, event)
    expect(open.map((one) => one.startsAt)).toEqual([1, 8, 15, 22].map((days) => `${dayIn(days)}T09:30`))
    const second = open[1]!
    await answer(at, second.key, second.startsAt)
    const row = (await at.staff.row('occurrences', 1))!
    expect(row).toMatchObject({ event_id: event, original_on: dayIn(8), confirmation_type: 'Portal' })
    expect(await at.staff.row('events', event)).toMatchObject({ last_confirmed_date: null, confirmation_type: null })
    const entries = await at.replica.entries('confirmations', second.key)
    expect(entries.find((one) => one.kind === 'written')).toMatchObject({ readBackAt: expect.any(Number) })
    expect((await said(at, event)).open.map((one) => one.confirmationType)).toEqual([null, 'Portal', null, null])
    // Confirmed again, it is the same row; and the agent's own is no news.
    await answer(at, second.key, second.startsAt)
    expect(await at.staff.count('occurrences')).toBe(1)
    expect(await at.bridge.readNow()).toEqual({ patients: 0, plans: 0, stages: 0, events: 0 })
    expect(await at.bridge.documentOf('events', event)).toBe(open[0]!.key)
    await at.bridge.stop()
    const again = await at.start()
    expect(await again.readNow()).toEqual({ patients: 0, plans: 0, stages: 0, events: 0 })
    expect((await said({ ...at, bridge: again }, event)).open.map((one) => one.key)).toEqual(open.map((one) => one.key))
    expect(again.status().problem).toBeNull()
  })

  it('[DOM-3] [DOM-8] one occurrence moves, is canceled or is taken out: the others stay, and an answer for its former time confirms nothing', async () => {
    const { event } = await addSeries(at)
    const [, second, third, fourth] = (await said(at, event)).open
    await at.staff.add('occurrences', { event_id: event, original_on: dayIn(8), starts_at: `${dayIn(9)}T14:00` })
    const canceled = await at.staff.add('occurrences', { event_id: event, original_on: dayIn(15), status: 'Canceled' })
    await at.staff.add('occurrences', { event_id: event, original_on: dayIn(22), removed: 1 })
    await at.bridge.readNow()
    const { all } = await said(at, event)
    expect(all.map((one) => [one.startsAt, one.status, one.deleted])).toEqual([
      [`${dayIn(1)}T09:30`, 'None', false],
      [`${dayIn(9)}T14:00`, 'None', false],
      [`${dayIn(15)}T09:30`, 'Canceled', false],
      [`${dayIn(22)}T09:30`, 'None', true],
    ])
    expect(all[1]!.key).toBe(second!.key)
    for (const one of [second!, third!, fourth!]) await answer(at, one.key, one.startsAt)
    const set = await Promise.all([second!, third!, fourth!].map(async (one) => (await at.replica.entries('confirmations', one.key)).find((entry) => entry.kind === 'set aside'))) // prettier-ignore
    expect(set.map((entry) => entry?.why)).toEqual(['moved', 'canceled', 'deleted'])
    // What staff undo is as the series has it.
    await at.staff.remove('occurrences', canceled)
    await at.bridge.readNow()
    expect((await said(at, event)).all[2]).toMatchObject({ status: 'None', key: third!.key })
  })

  it('[DOM-8] a series that changes its time keeps its occurrences; one that ends earlier, or comes on other days, loses those it has no more', async () => {
    const { event, recurrence } = await addSeries(at)
    const before = (await said(at, event)).open.map((one) => one.key)
    await at.staff.set('events', event, { starts_at: `${dayIn(1)}T11:00` })
    await at.bridge.readNow()
    const moved = (await said(at, event)).open
    expect(moved.map((one) => [one.key, one.startsAt.slice(11)])).toEqual(before.map((key) => [key, '11:00']))
    await at.staff.set('recurrences', recurrence, { ends_on: dayIn(14) })
    await at.bridge.readNow()
    expect((await said(at, event)).open.map((one) => one.key)).toEqual(before.slice(0, 2))
    // Longer again, they are what they were.
    await at.staff.set('recurrences', recurrence, { ends_on: dayIn(29) })
    await at.bridge.readNow()
    expect((await said(at, event)).open.map((one) => one.key).slice(0, 4)).toEqual(before)
    await at.staff.set('events', event, { status: 'Canceled' })
    await at.bridge.readNow()
    expect(new Set((await said(at, event)).open.map((one) => one.status))).toEqual(new Set(['Canceled']))
    await at.staff.remove('events', event)
    await at.bridge.readNow()
    expect((await said(at, event)).open).toEqual([])
  })

  it('an event that becomes a series stays the first of it, with its confirmation, and back', async () => {
    const document = (await at.bridge.documentOf('events', 2))!
    const { starts_at } = (await at.staff.row('events', 2)) as { starts_at: string }
    await answer(at, document, starts_at)
    const recurrence = await at.staff.add('recurrences', { pattern: 'FREQ=DAILY', ends_on: daysLater(starts_at, 2).slice(0, 10) }) // prettier-ignore
    await at.staff.set('events', 2, { recurrence_id: recurrence })
    await at.bridge.readNow()
    const { open } = await said(at, 2)
    expect(open.map((one) => [one.startsAt, one.confirmationType])).toEqual([
      [starts_at, 'Portal'],
      [daysLater(starts_at, 1), null],
      [daysLater(starts_at, 2), null],
    ])
    expect(open[0]!.key).toBe(document)
    await at.staff.set('events', 2, { recurrence_id: null })
    await at.bridge.readNow()
    expect((await said(at, 2)).open.map((one) => one.key)).toEqual([document])
  })

  it('[DOM-7] an endless series is said as far as the horizon goes, which moves; what is past stays', async () => {
    const { event, recurrence } = await addSeries(at)
    await at.staff.set('recurrences', recurrence, { ends_on: null })
    await at.bridge.readNow()
    const before = (await said(at, event)).open
    const until = daysLater(wallClockOf(clock.now(), 'America/Phoenix'), 365)
    const weeks = Array.from({ length: 60 }, (_, week) => `${dayIn(1 + 7 * week)}T09:30`).filter(
      (start) => start < until,
    )
    expect(before.map((one) => one.startsAt)).toEqual(weeks)
    await at.bridge.stop()
    const later = { ...clock, now: () => clock.now() + 28 * 86_400_000 }
    const again = await at.start({ clock: later })
    closers.push(() => again.stop())
    await again.readNow()
    const after = (await said({ ...at, bridge: again }, event)).open
    expect(after.length).toBe(before.length + 4)
    expect(after.slice(0, before.length).map((one) => one.key)).toEqual(before.map((one) => one.key))
    // The series goes on at another time from the next week on: what has been stays as it was.
    await at.staff.set('events', event, { starts_at: `${dayIn(36)}T15:00` })
    await again.readNow()
    const now = (await said({ ...at, bridge: again }, event)).open
    expect(now.map((one) => one.startsAt).slice(0, 5)).toEqual([`${dayIn(1)}T09:30`, `${dayIn(8)}T09:30`, `${dayIn(15)}T09:30`, `${dayIn(22)}T09:30`, `${dayIn(36)}T15:00`]) // prettier-ignore
  })
})

it('[DOM-5] what the front desk writes on one occurrence is an answer for that one alone', async () => {
  const at = await openAnyOffice(kinds[0]!)
  const { event } = await addSeries(at)
  await at.staff.add('occurrences', { event_id: event, original_on: dayIn(15), last_confirmed_date: wallClockOf(clock.now(), 'America/Phoenix'), confirmation_type: 'Phone' }) // prettier-ignore
  await at.bridge.readNow()
  const { open } = await said(at, event)
  const counts = await Promise.all(open.map(async (one) => (await at.replica.entries('confirmations', one.key)).map((entry) => entry.kind).toSorted())) // prettier-ignore
  expect(counts).toEqual([[], [], ['answered', 'written'], []])
})

it('[DOM-16] where a database has no place for the confirmation of one occurrence, a person writes it', async () => {
  const at = await openAnyOffice(kinds[0]!)
  await at.bridge.stop()
  await at.staff.run('drop table occurrences')
  const again = { ...at, bridge: await at.start() }
  const { event } = await addSeries(again)
  const { open } = await said(again, event)
  expect(open).toHaveLength(4)
  await answer(again, open[2]!.key, open[2]!.startsAt)
  const [review] = await at.replica.list('reviews')
  expect((await at.replica.entries('reviews', review!.key))[0]).toMatchObject({ why: expect.stringContaining('no place for the confirmation of one occurrence') }) // prettier-ignore
  expect(again.bridge.status().problem).toBeNull()
})

it('a database that an earlier version has worked on goes on with its identities', async () => {
  const at = await openAnyOffice(kinds[0]!)
  const before = await at.bridge.documentOf('events', 2)
  await at.bridge.stop()
  for (const statement of ['drop index pc_identity_row', 'alter table pc_identity drop column original_on', 'create unique index pc_identity_local on pc_identity(table_name, local_id) where gone = 0']) await at.staff.run(statement) // prettier-ignore
  const again = { ...at, bridge: await at.start() }
  const { event } = await addSeries(again)
  expect((await said(again, event)).open).toHaveLength(4)
  expect(await again.bridge.documentOf('events', 2)).toBe(before)
})

describe('a pattern', () => {
  const days = (pattern: string, startsAt = '2027-01-05T10:00', from = '2027-01-01', to = '2027-02-28') =>
    daysOfRule(pattern, startsAt, 'America/Phoenix', from, to)

  it.each([
    ['RRULE:FREQ=WEEKLY;COUNT=3', ['2027-01-05', '2027-01-12', '2027-01-19']],
    ['FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;UNTIL=20270121', ['2027-01-05', '2027-01-07', '2027-01-19', '2027-01-21']],
    ['FREQ=MONTHLY;BYDAY=1TU', ['2027-01-05', '2027-02-02']],
    ['FREQ=MONTHLY;BYMONTHDAY=-1', ['2027-01-31', '2027-02-28']],
    ['FREQ=YEARLY', ['2027-01-05']],
    // In Phoenix it is still the 12th, and 17:00.
    ['FREQ=WEEKLY;UNTIL=20270113T000000Z', ['2027-01-05', '2027-01-12']],
    ['FREQ=WEEKLY;UNTIL=20270112T095900', ['2027-01-05']],
  ])('%s is its days in the wall clock of the location', (pattern, expected) => {
    expect(days(pattern)).toEqual(expected)
  })

  it('a series over the change of the clock comes at the same time of day, and a UTC end is meant in its zone', () => {
    expect(daysOfRule('FREQ=DAILY;UNTIL=20270315T150000Z', '2027-03-13T09:00', 'America/Denver', '2027-03-01', '2027-03-31')).toEqual(['2027-03-13', '2027-03-14', '2027-03-15']) // prettier-ignore
  })

  it.each(['', 'weekly', 'FREQ=HOURLY', 'FREQ=NEVER', 'FREQ=DAILY;BYHOUR=9,15', 'INTERVAL=2', 'FREQ=WEEKLY;BYDAY=XX', 'DTSTART:20270101T000000\nRRULE:FREQ=DAILY'])(
    '%j is none, and the row is one event',
    (pattern) => {
      expect(isRecurrenceRule(pattern)).toBe(false)
    },
  ) // prettier-ignore
})
