/** InSched's database put back to a backup while the site and the portal have gone on: real files, copied back (DOM-19). */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Choice } from '../../src/bridges/insched/put-back.ts'
import { cents } from '../../src/replica/kinds/money.ts'
import type { Edit } from '../../src/replica/replica-face.ts'
import { clock, ulid } from '../replica/world.ts'
import { backUp, openKept, putBack, restart, reviews, settled, value } from './kept-office.ts'
import { confirm, factsAt, resolve, say } from './office.ts'
import { playRestore, restoreHistories } from './restore-histories.ts'

/** A confirmation, a message, an edit, a new and a deleted event since a backup that is put back then. */
async function afterARestore() {
  const at = await openKept()
  const copy = backUp(at)
  const event = await confirm(at)
  const patient = (await at.bridge.documentOf('patients', 1))!
  await say(at.replica, patient, 'm1')
  await settled(at)
  at.staff.exec(`update patients set cell_phone = '+1 480 555 0177' where patient_id = 3;
    insert into events(event_type, patient_id, location_id, starts_at, minutes, resources, status, alert_notes) values ('CONS', 2, 1, '2027-03-01T10:00', 45, '[]', 'None', '')`) // prettier-ignore
  await settled(at)
  const added = value(at, 'select max(event_id) from events') as number
  const lost = (await at.bridge.documentOf('events', added))!
  const moved = (await at.bridge.documentOf('patients', 3))!
  return { at, copy, event, patient, added, lost, moved }
}

it.each(['as another file', 'over the file'])(
  '[DOM-19] a database that is put back %s while the site runs is noticed at once: nothing is read or written, and it is said since when and what differs',
  async (how) => {
    const { at, copy } = await afterARestore()
    putBack(at, copy, how === 'over the file')
    await expect.poll(() => at.bridge.holding().at, { timeout: 10_000 }).toBe('put back')
    expect(at.bridge.holding()).toMatchObject({
      differs: { confirmations: 1, communications: 1, missing: 1, other: 1 },
    })
    expect(at.bridge.status().problem).toMatch(/was put back to a backup .+ 1 confirmations and 1 communications are gone.+insched restored write-back\|trust/) // prettier-ignore
    await expect(at.bridge.readNow()).rejects.toThrow('was put back')
    const before = value(at, 'select count(*) from communications')
    await say(at.replica, (await at.replica.list('patients'))[0]!.key, 'm2')
    await restart(at)
    expect(at.bridge.holding().at).toBe('put back')
    expect(value(at, 'select count(*) from communications')).toBe(before)
  },
)

it('[DOM-19] write back applies again what is missing, once; what differs is a review, and nothing is taken for deleted or older', async () => {
  const { at, copy, event, lost, moved } = await afterARestore()
  putBack(at, copy)
  await restart(at)
  await at.bridge.settle('write-back')
  await settled(at)
  expect(value(at, 'select confirmation_type from events where event_id = 2')).toBe('Portal')
  expect(value(at, "select count(*) from communications where external_id = 'm1'")).toBe(1)
  expect((await at.replica.entries('confirmations', event)).map((one) => one.kind).toSorted()).toEqual(['answered', 'written']) // prettier-ignore
  expect((await at.replica.record('events', lost))!.fields['deleted']).toBe(false)
  expect((await at.replica.record('patients', moved))!.fields['cellPhone']).toBe('+1 480 555 0177')
  const open = await reviews(at)
  expect(open.map((one) => one.about)).toEqual(['lost in a restore', 'lost in a restore'])
  // A person has dealt with it: from then on the record says what InSched has.
  for (const { key } of open) await resolve(at.replica, key)
  await settled(at)
  expect((await at.replica.record('events', lost))!.fields['deleted']).toBe(true)
  expect((await at.replica.record('patients', moved))!.fields['cellPhone']).toBe(value(at, 'select cell_phone from patients where patient_id = 3')) // prettier-ignore
  await restart(at)
  expect(at.bridge.holding().at).toBe('connected')
})

it('[DOM-19] trust takes over what the restored database has and writes nothing again; what it lost is said once', async () => {
  const { at, copy, lost, moved } = await afterARestore()
  putBack(at, copy)
  await restart(at)
  await at.bridge.settle('trust')
  await settled(at)
  expect(value(at, 'select last_confirmed_date from events where event_id = 2')).toBeNull()
  expect(value(at, "select count(*) from communications where external_id = 'm1'")).toBe(0)
  expect((await at.replica.record('events', lost))!.fields['deleted']).toBe(true)
  expect((await at.replica.record('patients', moved))!.fields['cellPhone']).toBe(value(at, 'select cell_phone from patients where patient_id = 3')) // prettier-ignore
  expect((await reviews(at)).map((one) => one.why)).toEqual([expect.stringContaining('1 confirmations and 1 communications')]) // prettier-ignore
  // What the patient writes from now on is written, and beside it nothing of before.
  await say(at.replica, (await at.bridge.documentOf('patients', 1))!, 'm3')
  await settled(at)
  expect(at.staff.prepare("select external_id from communications where external_id in ('m1', 'm3')").pluck().all()).toEqual(['m3']) // prettier-ignore
})

it.each<Choice>(['write-back', 'trust'])(
  '[DOM-19] a deposit, a text and what a patient wishes are missed once each, and are in InSched again or stay away, as was chosen (%s)',
  async (choice) => {
    const at = await openKept()
    const copy = backUp(at)
    const [key, event] = [(await at.bridge.documentOf('patients', 1))!, (await at.bridge.documentOf('events', 2))!]
    const facts = await factsAt(at.replica, 'patients', key)
    const now = clock.now()
    const patient = { at: now, by: { role: 'patient' as const, id: 'a' } }
    const portal = { at: now, by: { role: 'portal' as const, id: 'p' } }
    const [text, payment] = [ulid() as string, ulid()]
    const sent = (id: string): Edit[] => [{ collection: 'communications', key, facts, add: {
      [id]: { kind: 'text', ...portal, what: 'reminder', to: '+14805550100', recipient: 'r', body: 'Soon.' },
      [`state:${id}`]: { kind: 'state', ...portal, message: id, state: 'sent' },
    } }] // prettier-ignore
    await at.replica.change([
      { collection: 'requests', key, facts, add: { [ulid()]: { kind: 'declined', ...patient, event, startsAt: '2027-01-05T10:00' } } }, // prettier-ignore
      ...sent(text),
      { collection: 'payments', key, facts, add: {
        [payment]: { kind: 'started', ...patient, amount: cents(5_000) },
        paid: { kind: 'paid', ...portal, payment, amount: cents(5_000), transaction: 'pi_1', brand: 'visa', last4: '4242', authorization: 'A1' },
      } }, // prettier-ignore
    ])
    await settled(at)
    const inSched = (): unknown[] => [value(at, 'select count(*) from communications'), value(at, "select count(*) from deposits where transaction_id = 'pi_1'")] // prettier-ignore
    expect(inSched()).toEqual([2, 1])
    putBack(at, copy)
    await restart(at)
    expect(at.bridge.holding()).toMatchObject({ differs: { confirmations: 0, communications: 2, deposits: 1 } })
    expect(at.bridge.status().problem).toMatch(/0 confirmations, 2 communications and 1 deposits are gone/)
    await at.bridge.settle(choice)
    await settled(at)
    expect(inSched()).toEqual(choice === 'trust' ? [0, 0] : [2, 1])
    // What is said later brings nothing back beside it.
    await at.replica.change(sent(ulid()))
    await settled(at)
    expect(inSched()).toEqual(choice === 'trust' ? [1, 0] : [3, 1])
  },
)

it.each<Choice>(['write-back', 'trust'])('[DOM-17] [DOM-19] an id that InSched uses again after a restore is another person (%s)', async (choice) => {
  const at = await openKept()
  const copy = backUp(at)
  const add = (name: string): number => Number(at.staff.prepare("insert into patients(first_name, last_name, birth_date, portal_enabled) values ('Ann', ?, '1980-02-03', 1)").run(name).lastInsertRowid) // prettier-ignore
  const local = add('Formerly')
  await settled(at)
  const former = (await at.bridge.documentOf('patients', local))!
  await say(at.replica, former, 'm1')
  await settled(at)
  putBack(at, copy)
  expect(add('Latterly')).toBe(local)
  await restart(at)
  await at.bridge.settle(choice)
  await settled(at)
  const now = (await at.bridge.documentOf('patients', local))!
  expect(now).not.toBe(former)
  expect((await at.replica.record('patients', now))!.fields['lastName']).toBe('Latterly')
  expect((await at.replica.record('patients', former))!.fields).toMatchObject({ lastName: 'Formerly', deleted: choice === 'trust' }) // prettier-ignore
  await say(at.replica, former, 'm2')
  await settled(at)
  expect(value(at, 'select count(*) from communications where patient_id = ?', local)).toBe(0)
}) // prettier-ignore

it('[DOM-19] over random histories with restores, each message and confirmation is in InSched once or not, as was chosen, and nothing else is taken away', async () => {
  await fc.assert(fc.asyncProperty(restoreHistories, playRestore), { numRuns: 12, seed: 19 })
}, 60_000)
