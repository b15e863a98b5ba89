/** Combine Patient Records and Uncombine in InSched: what the Donor said and is asked reaches the Survivor, and goes back (DOM-10). */
import { expect, it } from 'vitest'
import { mintUlid } from '../../src/replica/ids.ts'
import { foldConfirmations } from '../../src/replica/kinds/confirmations.ts'
import { indexedCollections, pageIndex } from '../../src/server/page-index.ts'
import { clock, ulid } from '../replica/world.ts'
import { confirm, openOffice, say, type Office } from './office.ts'

/** An office with the pages' index, and the documents of the first three patients, all with portal access. */
async function openCombining() {
  const at = await openOffice()
  const index = at.replica.follow({ name: 'index', collections: indexedCollections, handle: pageIndex(at.replica) })
  at.staff.exec('update patients set portal_enabled = 1, text_consent = null where patient_id in (1, 2, 3)')
  await at.bridge.readNow()
  const key = async (local: number): Promise<string> => (await at.bridge.documentOf('patients', local))!
  const [one, two, three] = [await key(1), await key(2), await key(3)]
  const staffDoes = async (sql: string): Promise<void> => {
    at.staff.exec(sql)
    await at.bridge.readNow()
    await at.bridge.written()
    await index.caughtUp()
  }
  /** The messages on a patient's pages. */
  const seenBy = async (patient: string): Promise<string[]> => {
    await index.caughtUp()
    return (await at.replica.index({ view: 'message', patient })).map((row) => row.id)
  }
  return { at, one, two, three, staffDoes, seenBy, index }
}
const written = ({ staff }: Office, id: string) => staff.prepare('select patient_id from communications where external_id = ?').pluck().get(id) // prettier-ignore
const combine = (donor: number, survivor: number): string => `update patients set survivor_id = ${survivor} where patient_id = ${donor}; update events set patient_id = ${survivor} where patient_id = ${donor};` // prettier-ignore

it('[DOM-10] the Donor’s threads and wishes are on the Survivor’s pages, and back on the Donor’s after Uncombine; every entry keeps its patient', async () => {
  const { at, one, two, staffDoes, seenBy, index } = await openCombining()
  const event = (await at.bridge.documentOf('events', 2))!
  await say(at.replica, one, 'm1')
  await say(at.replica, two, 'm2')
  const { at: _, ...facts } = (await at.replica.head('patients', one))!.facts
  await at.replica.change([{ collection: 'requests', key: one, facts, add: { [ulid()]: { kind: 'declined', at: clock.now(), by: { role: 'patient', id: 'a' }, event, startsAt: '2027-01-05T10:00' } } }]) // prettier-ignore
  await staffDoes(combine(1, 2))
  expect(await seenBy(two)).toEqual(['m1', 'm2'])
  expect(await seenBy(one)).toEqual([])
  expect(await at.replica.index({ view: 'request', patient: two })).toHaveLength(1)
  // It is there for whoever the Survivor is there for, and the Donor is not to be seen alone.
  expect((await at.replica.head('messages', one))!.facts).toMatchObject({ patient: one, shown: true, reachable: true })
  expect((await at.replica.head('patients', one))!.facts).toMatchObject({ shown: false, reachable: true })
  // What reaches the Donor's document now is the Survivor's in InSched.
  await say(at.replica, one, 'm3')
  await at.bridge.written()
  expect(written(at, 'm3')).toBe(2)
  await staffDoes('update patients set survivor_id = null where patient_id = 1')
  expect([await seenBy(one), await seenBy(two)]).toEqual([['m1', 'm3'], ['m2']])
  expect(await at.replica.index({ view: 'request', patient: one })).toHaveLength(1)
  expect((await at.replica.head('patients', one))!.facts.shown).toBe(true)
  await say(at.replica, one, 'm4')
  await at.bridge.written()
  expect(written(at, 'm4')).toBe(1)
  await index.stop()
})

it('[DOM-10] chains are followed, also where they are made from their end; a circle is refused, and nothing of it goes to anybody', async () => {
  const { at, one, two, three, staffDoes, seenBy, index } = await openCombining()
  await say(at.replica, one, 'm1')
  await staffDoes(combine(1, 2))
  await staffDoes(combine(2, 3))
  expect([await seenBy(one), await seenBy(two), await seenBy(three)]).toEqual([[], [], ['m1']])
  // Who was combined into the Survivor is reached as it is.
  await staffDoes('update patients set portal_enabled = 0 where patient_id = 3')
  expect((await at.replica.head('messages', one))!.facts.shown).toBe(false)
  await staffDoes('update patients set portal_enabled = 1 where patient_id = 3')
  expect((await at.replica.head('messages', one))!.facts.shown).toBe(true)
  await staffDoes('update patients set survivor_id = 1 where patient_id = 3')
  expect([await seenBy(one), await seenBy(two), await seenBy(three)]).toEqual([['m1'], [], []])
  expect((await at.replica.head('messages', one))!.facts.shown).toBe(false)
  await say(at.replica, one, 'm2')
  await at.bridge.written()
  expect(written(at, 'm2')).toBeUndefined()
  expect(await at.replica.count('reviews')).toBe(1)
  await index.stop()
})

it('[DOM-10] an answer that the Donor gave to an event that is the Survivor’s by now is written; both locked meanwhile, it is tried again', async () => {
  const { at, one, staffDoes, index } = await openCombining()
  const startsAt = at.staff.prepare('select starts_at from events where event_id = 2').pluck().get() as string
  const event = (await at.bridge.documentOf('events', 2))!
  // InSched holds both patients while it combines them.
  at.staff.exec('begin immediate')
  at.staff.exec(combine(1, 2))
  await confirm(at, { startsAt, id: 'a1' })
  await say(at.replica, one, 'm1')
  await expect.poll(() => at.bridge.status().problem, { timeout: 10_000 }).toMatch(/locked/)
  at.staff.exec('commit')
  await at.bridge.written()
  expect(foldConfirmations(await at.replica.entries('confirmations', event))).toMatchObject([{ id: 'a1', patient: one, state: 'written' }]) // prettier-ignore
  expect(written(at, 'm1')).toBe(2)
  await staffDoes(`update patients set survivor_id = null where patient_id = 1; update events set patient_id = 1 where event_id = 2`) // prettier-ignore
  expect((await at.replica.head('events', event))!.facts.patient).toBe(one)
  await confirm(at, { id: mintUlid(clock) })
  await at.bridge.written()
  expect(foldConfirmations(await at.replica.entries('confirmations', event)).map((answer) => answer.state)).toEqual(['written', 'written']) // prettier-ignore
  await index.stop()
})
