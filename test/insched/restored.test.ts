/** InSched's database put back to a backup while the site and the portal have gone on: real files, copied back (DOM-19). */
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { copyFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { keepInSched, type InSchedKeeper } from '../../src/bridges/insched/keeper.ts'
import type { Choice } from '../../src/bridges/insched/put-back.ts'
import { foldReview } from '../../src/replica/kinds/reviews.ts'
import { cents } from '../../src/replica/kinds/money.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import type { Edit } from '../../src/replica/replica-face.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { clock, folder, ulid } from '../replica/world.ts'
import { boundFile, closers, confirm, factsAt, practice, resolve, say, site } from './office.ts'

interface Kept { readonly file: string; readonly replica: OpenReplica; staff: Database.Database; bridge: InSchedKeeper } // prettier-ignore

const keep = (file: string, replica: OpenReplica): Promise<InSchedKeeper> =>
  keepInSched({ url: `sqlite:${file}`, replica, practice, site, holder: 'here', station: 'TEST', clock, disconnectedUntil: undefined, say: (at) => new Date(at).toISOString() }) // prettier-ignore

async function openKept(): Promise<Kept> {
  const replica = await openReplica({ store: memoryStore(), practice, id: ulid(), clock })
  const file = await boundFile(replica)
  const at: Kept = { file, replica, staff: new Database(file), bridge: await keep(file, replica) }
  closers.push(async () => {
    await at.bridge.stop()
    at.staff.close()
  })
  await at.bridge.readNow()
  return at
}
/** A copy as a backup program makes it. */
function backUp({ file, staff }: Kept): string {
  const copy = join(folder(), 'backup.db')
  staff.prepare('begin immediate').run()
  copyFileSync(file, copy)
  staff.prepare('rollback').run()
  return copy
}
/** Puts the copy in the place of the file, as a person does it: another file of that name, or written over it. */
function putBack(at: Kept, copy: string, over = false): void {
  at.staff.close()
  copyFileSync(copy, over ? at.file : `${at.file}.new`)
  if (!over) renameSync(`${at.file}.new`, at.file)
  at.staff = new Database(at.file)
}
/** The site is started again on what is there. */
async function restart(at: Kept): Promise<void> {
  await at.bridge.stop()
  at.bridge = await keep(at.file, at.replica)
}
const value = (at: Kept, sql: string, ...given: unknown[]): unknown =>
  at.staff
    .prepare(sql)
    .pluck()
    .get(...given)
const reviews = async ({ replica }: Kept) =>
  (await Promise.all((await replica.list('reviews')).map(async ({ key }) => ({ key, ...foldReview(await replica.entries('reviews', key))! })))) // prettier-ignore
const settled = async (at: Kept): Promise<void> => {
  await at.bridge.readNow()
  await at.bridge.written()
}

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

type Deed = 'confirm' | 'write' | 'add' | 'move' | 'delete' | 'back up' | 'restart'
const deeds: readonly Deed[] = ['confirm', 'write', 'add', 'move', 'delete', 'back up', 'restart']

it('[DOM-19] over random histories with restores, each message and confirmation is in InSched once or not, as was chosen, and nothing else is taken away', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...deeds), fc.nat(9)), { minLength: 4, maxLength: 12 }),
      fc.constantFrom<Choice>('write-back', 'trust'),
      fc.array(fc.tuple(fc.constantFrom(...deeds), fc.nat(9)), { maxLength: 4 }),
      async (before, choice, after) => {
        const at = await openKept()
        let copy = backUp(at)
        const said = new Map<string, string>()
        const deleted = new Set<string>()
        const events = () => at.staff.prepare('select event_id from events where patient_id is not null order by event_id').pluck().all() as number[] // prettier-ignore
        const play = async ([deed, n]: readonly [Deed, number]): Promise<void> => {
          const all = events()
          const event = all[n % all.length]!
          if (deed === 'confirm' && (await at.bridge.documentOf('events', event))) {
            const patient = value(at, 'select patient_id from events where event_id = ?', event) as number
            await confirm(at, { event, patient })
          } else if (deed === 'write') {
            const [id, patient] = [ulid(), (await at.bridge.documentOf('patients', 1 + (n % 5)))!]
            said.set(id, patient)
            await say(at.replica, patient, id)
          } else if (deed === 'add')
            at.staff.prepare("insert into events(event_type, patient_id, location_id, starts_at, minutes, resources, status, alert_notes) values ('CONS', ?, 1, ?, 45, '[]', 'None', '')").run(1 + (n % 5), `2027-04-0${1 + (n % 9)}T10:00`) // prettier-ignore
          else if (deed === 'move')
            at.staff.prepare('update events set starts_at = ? where event_id = ?').run(`2027-05-0${1 + (n % 9)}T09:00`, event) // prettier-ignore
          else if (deed === 'delete') {
            const document = await at.bridge.documentOf('events', event)
            if (document) deleted.add(document)
            at.staff.prepare('delete from events where event_id = ?').run(event)
          } else if (deed === 'back up') copy = backUp(at)
          else if (deed === 'restart') await restart(at)
          await settled(at)
        }
        const records = async () => {
          const heads = await at.replica.list('events')
          const all = await Promise.all(heads.map(async ({ key }) => [key, (await at.replica.record('events', key))!.fields] as const)) // prettier-ignore
          return new Map(all)
        }
        for (const deed of before) await play(deed)
        const [had, wrote] = [await records(), new Set(said.keys())]
        const kept = new Set(at.staff.prepare('select external_id from communications').pluck().all())
        expect([...wrote].filter((id) => !kept.has(id))).toEqual([])
        putBack(at, copy)
        await restart(at)
        const inCopy = new Set(at.staff.prepare('select external_id from communications').pluck().all())
        if (at.bridge.holding().at === 'put back') await at.bridge.settle(choice)
        for (const deed of after) await play(deed)
        await settled(at)

        const counts = new Map(at.staff.prepare('select external_id, count(*) n from communications group by 1').all().map((row) => [(row as { external_id: string }).external_id, (row as { n: number }).n])) // prettier-ignore
        for (const id of said.keys()) expect(counts.get(id) ?? 0).toBe(choice === 'trust' && wrote.has(id) && !inCopy.has(id) ? 0 : 1) // prettier-ignore
        const now = await records()
        if (choice === 'write-back') for (const [key, fields] of had) expect(now.get(key)!['deleted']).toBe(fields['deleted'] === true || deleted.has(key)) // prettier-ignore
        if (choice === 'trust') {
          const there = new Map((at.staff.prepare('select event_id, starts_at from events where patient_id is not null').all() as { event_id: number; starts_at: string }[]).map((row) => [row.event_id, row.starts_at])) // prettier-ignore
          for (const [key, fields] of now) {
            const local = await at.bridge.localOf(key)
            const start = local === undefined ? undefined : there.get(local)
            const isIts = start !== undefined && (await at.bridge.documentOf('events', local!)) === key
            expect([key, fields['deleted'] === false]).toEqual([key, isIts])
            if (isIts) expect(fields['startsAt']).toBe(start)
          }
        }
        await at.bridge.stop()
      },
    ),
    { numRuns: 12, seed: 19 },
  )
}, 60_000)
