/**
 * Histories of an InSched file that is put back to a backup: what patients say and staff do before and after is at random, and
 * what an admin chooses; at the end each message is there once or not, as was chosen, and nothing else is taken away (DOM-19).
 */
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Choice } from '../../src/bridges/insched/put-back.ts'
import { ulid } from '../replica/world.ts'
import { backUp, openKept, putBack, restart, settled, value } from './kept-office.ts'
import { confirm, say } from './office.ts'

export type Deed =
  'confirm' | 'write' | 'add' | 'move' | 'delete' | 'back up' | 'restart' | 'combine' | 'uncombine' | 'edit'
const deeds: readonly Deed[] = [
  'confirm',
  'write',
  'add',
  'move',
  'delete',
  'back up',
  'restart',
  'combine',
  'uncombine',
  'edit',
]

const deed = fc.tuple(fc.constantFrom(...deeds), fc.nat(9))
export const restoreHistories = fc.record({
  before: fc.array(deed, { minLength: 4, maxLength: 12 }),
  choice: fc.constantFrom<Choice>('write-back', 'trust'),
  after: fc.array(deed, { maxLength: 4 }),
})
type History = typeof restoreHistories extends fc.Arbitrary<infer H> ? H : never

/** Plays one history; rejects where its end is not what it must be. */
export async function playRestore({ before, choice, after }: History): Promise<void> {
  const at = await openKept()
  let copy = backUp(at)
  const said = new Map<string, string>()
  const deleted = new Set<string>()
  /** Events that staff spoke of last: what InSched says of them by then is right, also that one that was deleted is there again (DOM-8). */
  let spoken = new Set<string>()
  const events = () => at.staff.prepare('select event_id from events where patient_id is not null order by event_id').pluck().all() as number[] // prettier-ignore
  const play = async ([deed, n]: readonly [Deed, number]): Promise<void> => {
    const all = events()
    const event = all[n % all.length]!
    // With a patient who is combined all events of theirs are said again.
    const touched = deed === 'move' ? [event] : deed === 'combine' || deed === 'uncombine' ? all : []
    for (const one of touched) spoken.add((await at.bridge.documentOf('events', one)) ?? '')
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
    } else if (deed === 'combine')
      at.staff.prepare('update patients set survivor_id = patient_id + 1 where patient_id = ?').run(1 + (n % 5))
    else if (deed === 'uncombine')
      at.staff.prepare('update patients set survivor_id = null where patient_id = ?').run(1 + (n % 5))
    else if (deed === 'edit')
      at.staff
        .prepare('update patients set cell_phone = ? where patient_id = ?')
        .run(`+1 480 555 01${20 + n}`, 1 + (n % 5))
    else if (deed === 'back up') copy = backUp(at)
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
  spoken = new Set()
  for (const deed of after) await play(deed)
  await settled(at)

  const counts = new Map(at.staff.prepare('select external_id, count(*) n from communications group by 1').all().map((row) => [(row as { external_id: string }).external_id, (row as { n: number }).n])) // prettier-ignore
  for (const id of said.keys()) expect(counts.get(id) ?? 0).toBe(choice === 'trust' && wrote.has(id) && !inCopy.has(id) ? 0 : 1) // prettier-ignore
  const now = await records()
  if (choice === 'write-back')
    for (const [key, fields] of had) {
      const isGone = fields['deleted'] === true || deleted.has(key)
      if (!(isGone && spoken.has(key))) expect([key, now.get(key)!['deleted']]).toEqual([key, isGone])
    }
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
}
