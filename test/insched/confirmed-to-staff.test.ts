/** Patients who confirm to staff: by phone or in person at the console, or written by the front desk into InSched; and the alarm of answers that wait for InSched too long. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { Holding } from '../../src/bridges/insched/keeper.ts'
import { wallClockOf } from '../../src/mirror/wall-clock.ts'
import { foldConfirmations } from '../../src/replica/kinds/confirmations.ts'
import { pageIndex, indexedCollections } from '../../src/server/page-index.ts'
import { spokenEdit } from '../../src/site/confirming.ts'
import { unwrittenAnswers, writtenWithin } from '../../src/site/unwritten.ts'
import { clock } from '../replica/world.ts'
import { openOffice } from './office.ts'
import { kinds, openAnyOffice, type AnyOffice } from './offices.ts'

const by = { role: 'staff' as const, id: 's', initials: 'JD', name: 'Jo Desk' }

describe.each(kinds)('$schema schema, $engine', (kind) => {
  let at: AnyOffice
  let event: string
  const answers = async () => foldConfirmations(await at.replica.entries('confirmations', event))
  beforeEach(async () => {
    at = await openAnyOffice(kind)
    event = (await at.bridge.documentOf('events', 2))!
  })

  it('[DOM-3] [DOM-5] [DOM-15] what the front desk writes into InSched is an answer for the start that the event had; what the agent writes is told once', async () => {
    const startsAt = (await at.staff.row('events', 2))!['starts_at'] as string
    const patient = (await at.bridge.documentOf('patients', 1))!
    const { at: _, ...facts } = (await at.replica.head('events', event))!.facts
    const answered = { kind: 'answered' as const, at: clock.now() - 600_000, by: { role: 'patient' as const, id: 'a' }, channel: 'portal' as const, patient, startsAt } // prettier-ignore
    await at.replica.change([{ collection: 'confirmations', key: event, facts, add: { one: answered } }])
    await at.bridge.written()
    await at.staff.set('events', 2, { minutes: 55 })
    await at.bridge.readNow()
    expect(await answers()).toMatchObject([{ id: 'one', state: 'written' }])
    const confirmed = wallClockOf(clock.now() - 60_000, 'America/Phoenix')
    await at.staff.set('events', 2, { last_confirmed_date: confirmed, confirmation_type: 'Phone' })
    await at.bridge.readNow()
    // What else is edited is no confirmation, and what was read once is not read again.
    await at.staff.set('events', 2, { minutes: 50 })
    await at.bridge.readNow()
    expect(await answers()).toMatchObject([{ id: 'one' }, { channel: 'console', startsAt, type: 'Phone', by: { role: 'staff' }, state: 'written', lastConfirmed: confirmed, confirmationType: 'Phone' }]) // prettier-ignore
    await at.bridge.written()
    expect(await at.staff.row('events', 2)).toMatchObject({ last_confirmed_date: confirmed, confirmation_type: 'Phone' }) // prettier-ignore
  })
})

it('[DOM-5] in person at the console is written with its type and never Status; a start that moved confirms nothing', async () => {
  const at = await openOffice()
  const event = (await at.bridge.documentOf('events', 2))!
  const startsAt = at.staff.prepare('select starts_at from events where event_id = 2').pluck().get() as string
  await at.replica.change([await spokenEdit(at.replica, clock, { event, startsAt, type: 'In Person' }, by)])
  await at.bridge.written()
  expect(at.staff.prepare('select * from events where event_id = 2').get()).toMatchObject({ confirmation_type: 'In Person', status: 'None' }) // prettier-ignore
  expect(foldConfirmations(await at.replica.entries('confirmations', event))).toMatchObject([{ by: { initials: 'JD' }, startsAt, state: 'written' }]) // prettier-ignore
  at.staff.exec("update events set starts_at = '2027-01-05T10:00' where event_id = 2")
  await at.bridge.readNow()
  await expect(spokenEdit(at.replica, clock, { event, startsAt, type: 'Phone' }, by)).rejects.toThrow('was moved meanwhile') // prettier-ignore
})

it('[DOM-3] staff who confirm and then move the event confirmed the former start', async () => {
  const at = await openOffice()
  const start = at.staff.prepare('select starts_at from events where event_id = 2').pluck().get()
  at.staff.exec("update events set last_confirmed_date = '2026-11-01T09:00', confirmation_type = 'Phone' where event_id = 2; update events set starts_at = '2027-01-05T10:00' where event_id = 2") // prettier-ignore
  await at.bridge.readNow()
  const event = (await at.bridge.documentOf('events', 2))!
  expect(foldConfirmations(await at.replica.entries('confirmations', event))).toMatchObject([{ startsAt: start }])
  expect((await at.replica.record('events', event))!.fields['startsAt']).toBe('2027-01-05T10:00')
})

it('[F7] an answer that is not in InSched within five minutes is an alarm, unless a backup window is on or was', async () => {
  const at = await openOffice()
  const index = at.replica.follow({ name: 'index', collections: indexedCollections, handle: pageIndex(at.replica, () => undefined) }) // prettier-ignore
  let [now, holding] = [clock.now(), { at: 'connected' } as Holding]
  const listeners: (() => void)[] = []
  const become = (next: Holding): void => {
    holding = next
    for (const run of listeners) run()
  }
  const alarm = unwrittenAnswers({
    replica: at.replica,
    bridge: { holding: () => holding, onChange: (run) => void listeners.push(run) },
    desk: { receivedAt: () => null },
    clock: { ...clock, now: () => now },
  })
  // Another program holds the database, so nothing can be written.
  const lock = at.staff.prepare('begin immediate')
  lock.run()
  const seen = at.staff.prepare('select starts_at from events where event_id = 2').pluck().get() as string
  const [event, patient] = [(await at.bridge.documentOf('events', 2))!, (await at.bridge.documentOf('patients', 1))!]
  const { at: _, ...facts } = (await at.replica.head('events', event))!.facts
  await at.replica.change([{ collection: 'confirmations', key: event, facts, add: { a: { kind: 'answered', at: now - 86_400_000, by: { role: 'patient', id: 'a' }, channel: 'portal', patient, startsAt: seen } } }]) // prettier-ignore
  await index.caughtUp()
  now += writtenWithin
  expect(await alarm.problem()).toBeNull()
  now += 1
  expect(await alarm.problem()).toMatch(/^1 confirmation waits to be written into InSched for more than 5 minutes/)
  become({ at: 'disconnected', until: now + 1 })
  expect(await alarm.problem()).toBeNull()
  now += 2 * writtenWithin
  become({ at: 'connected' })
  expect(await alarm.problem()).toBeNull()
  now += writtenWithin + 1
  expect(await alarm.problem()).not.toBeNull()
  at.staff.prepare('commit').run()
  await at.bridge.written()
  await index.caughtUp()
  expect(await alarm.problem()).toBeNull()
  await index.stop()
})
