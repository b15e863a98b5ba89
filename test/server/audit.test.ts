/** The audit trail: nothing of it can be altered unseen, what goes with a change is there before the answer, views cost no sync each, and it holds ids alone. */
import Database from 'better-sqlite3'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { auditTrail } from '../../src/server/audit-sqlite.ts'
import { folder } from '../replica/world.ts'
import { browserOf, heldClock, openPortalWorld, people, secretsOf } from './world.ts'

const key = new Uint8Array(32).fill(3)
function trailOf(rows: number) {
  const db = new Database(join(folder(), 'audit.sqlite'))
  const clock = heldClock()
  const trail = auditTrail(db, { key, clock })
  for (let i = 0; i < rows; i++) trail.record({ did: 'viewed', by: `account ${i}`, of: 'home' })
  const count = () => db.prepare('select count(*) from audit_trail').pluck().get() as number
  return { db, clock, trail, count }
}

it('a trail as it was written is whole', () => {
  const { trail } = trailOf(20)
  expect(trail.verify()).toMatchObject({ rows: 20, brokenAt: null })
})

it.each([
  ['altered', "update audit_trail set event = replace(event, 'account 6', 'account 9') where number = 7", 7],
  ['dated otherwise', 'update audit_trail set at = at - 1 where number = 7', 7],
  ['taken out', 'delete from audit_trail where number = 7', 7],
  ['taken out, and the rest moved up', 'delete from audit_trail where number = 7; update audit_trail set number = number - 1 where number > 7', 7], // prettier-ignore
  ['put in', "insert into audit_trail values (21, 0, '{}', (select hash from audit_trail where number = 20))", 21],
  ['exchanged with the next', 'update audit_trail set number = -7 where number = 7; update audit_trail set number = 7 where number = 8; update audit_trail set number = 8 where number = -7', 7], // prettier-ignore
])('a row that was %s is found', (_, change, brokenAt) => {
  const { db, trail } = trailOf(20)
  db.exec(change)
  expect(trail.verify().brokenAt).toBe(brokenAt)
})

it('whoever has the file and not the key cannot write the chain anew', () => {
  const { db } = trailOf(3)
  const rows = db.prepare('select at, event from audit_trail order by number').all() as { at: number; event: string }[]
  db.exec('delete from audit_trail')
  const forged = auditTrail(db, { key: new Uint8Array(32), clock: heldClock(rows[0]!.at) })
  for (const { event } of rows) forged.record({ ...JSON.parse(event), by: 'somebody else' })
  expect(auditTrail(db, { key, clock: heldClock() }).verify().brokenAt).toBe(1)
})

it('a cut end shows against the count and the last hash that were kept elsewhere', () => {
  const { db, trail } = trailOf(20)
  const kept = trail.verify()
  db.exec('delete from audit_trail where number > 15')
  expect(trail.verify().last).not.toBe(kept.last)
})

it('views are written together within a second; a change is written before its answer, after the views before it', () => {
  const { trail, clock, count } = trailOf(0)
  for (let i = 0; i < 50; i++) trail.noted({ did: 'viewed', by: 'a', of: 'home' })
  expect(count()).toBe(0)
  clock.advance(1_000)
  expect(count()).toBe(50)
  trail.noted({ did: 'viewed', by: 'a', of: 'plan' })
  expect(count()).toBe(50)
  trail.record({ did: 'signed out', by: 'a' })
  expect(trail.rows(50).map((row) => row.event.did)).toEqual(['viewed', 'signed out'])
  trail.noted({ did: 'viewed', by: 'b' })
  trail.close()
  expect(count()).toBe(53)
})

it('what cannot be written down is not shown: a full disk ends the views, and none of them is lost from the trail', () => {
  const { db, trail, clock, count } = trailOf(0)
  db.pragma('query_only = on')
  const views = (): void => {
    for (let i = 0; i < 200; i++) trail.noted({ did: 'viewed', by: 'a' })
  }
  expect(views).toThrow(/readonly/)
  clock.advance(1_000)
  db.pragma('query_only = off')
  clock.advance(1_000)
  expect(count()).toBe(100)
})

it('a visit stands in it whole, in order, with ids alone', async () => {
  const world = await openPortalWorld()
  const ann = world.known['ann']!
  const browser = await world.signedIn('ann')
  await browser.get('/')
  await browser.get(`/messages/${ann.thread}`)
  await browser.submit('/messages', '/messages', { subject: 'Parking', text: 'Is parking free?' })
  await browser.submit('/', '/confirm')
  await browser.submit('/', '/decline', { note: 'I am ill' })
  await browser.submit('/', '/move')
  await browser.get('/plan')
  await browser.submit('/password', '/password', { name: ann.email!, password: 'seven violet kettles' })
  await browserOf(world.app).post('/sign-in', { name: ann.email!, password: 'wrong it is' })
  await browser.submit('/', '/sign-out')
  const path = await world.invite('ann')
  await browserOf(world.app).post(path, { date: '01/02/1903' })
  const rows = world.store.audit.rows().map((row) => row.event)
  const did = rows.map((event) => event.did).filter((one) => one !== 'viewed')
  expect(did).toEqual([
    'invitation accepted',
    'signed in',
    'messages read',
    'message sent',
    'confirmed',
    'declined',
    'asked to move',
    'password set',
    'wrong password',
    'signed out',
    'wrong date',
  ])
  expect(new Set(rows.filter((event) => event.did === 'viewed').map((event) => event.of))).toEqual(new Set(['home', 'messages', ann.thread, 'plan'])) // prettier-ignore
  const confirmed = rows.find((event) => event.did === 'confirmed')!
  expect(confirmed).toMatchObject({ practice: ann.practice, patient: ann.patient, of: [ann.eventKey, expect.any(String)] }) // prettier-ignore
  for (const event of rows) if (event.did === 'viewed') expect(event).toMatchObject({ by: expect.any(String), patient: ann.patient }) // prettier-ignore
  const text = JSON.stringify(rows)
  for (const secret of [...people.flatMap(secretsOf), 'Parking', 'Is parking free?', 'I am ill', '203.0.113.7']) expect(text).not.toContain(secret) // prettier-ignore
  expect(world.store.audit.verify().brokenAt).toBeNull()
  await world.close()
})
