/** Messages of clinical systems in Recent Communications: read from the queue when the list is, in its order, for who may see them. */
import fc from 'fast-check'
import Database from 'better-sqlite3'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mllpFrame } from '../../src/bridges/hl7/mllp.ts'
import { messageStates, openQueue } from '../../src/bridges/hl7/queue-sqlite.ts'
import type { Communication, CommunicationQuery } from '../../src/server/console/site-views.ts'
import { hl7Rows, hl7WaysOf } from '../../src/site/hl7-communications.ts'
import { newestFirst, newestOfAll } from '../../src/site/newest-first.ts'
import { folder, master } from '../replica/world.ts'
import { openDeskWorld, type DeskWorld } from '../server/desk-world.ts'
import { heldClock } from '../server/world.ts'
import { adt } from './hl7-world.ts'

let world: DeskWorld
beforeAll(async () => {
  world = await openDeskWorld()
  const { hl7 } = world.site
  await hl7.add({ name: 'ehr', direction: 'in', to: { by: 'mllp', host: '127.0.0.1', port: 0 } })
  // Nobody listens there: what goes out waits.
  await hl7.add({ name: 'lab', direction: 'out', to: { by: 'mllp', host: '127.0.0.1', port: 9 } })
  world.site.openChannels()
  while (hl7.channels()[0]!.port === null) await new Promise((resolve) => void setImmediate(resolve))
  const socket = connect(hl7.channels()[0]!.port!, '127.0.0.1')
  for (const text of [
    adt('M1', '9999'),
    adt('M2', '9999').replaceAll('9999^^^HOSP', '1^^^INSCHED').replace('Doe^Ann', ''),
  ]) {
    socket.write(mllpFrame(Buffer.from(text)))
    await once(socket, 'data')
  }
  socket.destroy()
  await hl7.send('lab', Buffer.from(adt('OUT1', '1')))
  await world.site.message({ patient: 1, subject: 'Before your visit', text: 'Bring your glasses.' })
})
afterAll(() => world.close())

/** All that a walk gives. */
async function allOf<T>(walk: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of walk) found.push(one)
  return found
}
const words = (text: string): string => text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')
const listed = async (query: CommunicationQuery): Promise<Communication[]> => allOf(world.site.communications({ clinical: true, ...query })) // prettier-ignore
const ask = async (path: string, fields: Record<string, string> = {}) => {
  const csrf = (await world.admin.hidden('/', '/sign-out'))['csrf']!
  return world.admin.post(path, { csrf, ...fields })
}

it('[O1] messages that came and that go stand in the list among the others, by time, with their state; a filter finds them by way and patient', async () => {
  const all = await listed({})
  expect(all.map(({ at }) => at)).toEqual(
    all
      .map(({ at }) => at)
      .toSorted()
      .toReversed(),
  )
  const messages = all.filter(({ channel }) => channel === 'HL7')
  expect(messages.map(({ direction, subject, state, patient }) => [direction, subject, state, patient])).toEqual([
    ['out', 'ADT^A08 (lab)', expect.stringMatching(/queued|sent/), null],
    ['in', 'ADT^A08 (ehr)', 'accepted', 1],
    ['in', 'ADT^A08 (ehr)', 'failed', null],
  ])
  expect(all.length).toBeGreaterThan(messages.length)
  expect(await listed({ channel: 'HL7' })).toEqual(messages)
  expect(await listed({ channel: 'HL7', direction: 'in', state: 'failed' })).toEqual(messages.slice(2))
  expect(await listed({ patient: 1, channel: 'HL7' })).toEqual([messages[1]])
  expect((await listed({ patient: 1 })).map(({ channel }) => channel)).toContain('HL7')
  expect(await listed({ channel: 'portal' })).toEqual(all.filter(({ channel }) => channel === 'portal'))
  const [first, ...rest] = all
  expect(await listed({ after: { at: Date.parse(first!.at), id: first!.id } })).toEqual(rest)

  const page = (await ask('/recent', { channel: 'HL7' })).text
  expect(words(page)).toContain('HL7 In 1 ADT^A08 (ehr) Accepted')
  expect(page).toContain(`href="/hl7/${messages[1]!.id}"`)
})

it('[O1] the export has them, and one is hidden and never deleted', async () => {
  const csv = (await ask('/recent/export', { channel: 'HL7' })).text
  expect(csv.split('\r\n').filter((line) => line.includes('HL7'))).toHaveLength(3)
  expect(csv).toMatch(/HL7,in,1,,ADT\^A08 \(ehr\),accepted/)
  const [one] = await listed({ channel: 'HL7' })
  expect((await ask('/recent/hide', { entry: one!.id })).status).toBe(303)
  expect(words((await ask('/recent', { channel: 'HL7' })).text)).not.toContain('(lab)')
  expect(words((await ask('/recent', { channel: 'HL7', hidden: 'yes' })).text)).toContain('(lab)')
  expect((await ask('/recent/show', { entry: one!.id })).status).toBe(303)
})

it('[O1] who may not see clinical messages sees none here either, cannot ask for them, export or hide them', async () => {
  const { id } = world.staff.named('Jo Desk')!
  const [message] = await listed({ channel: 'HL7' })
  world.staff.setRights(id, { roles: ['admin'], granted: [], denied: ['see clinical messages'] })
  const page = (await world.admin.get('/recent')).text
  expect(page).toContain('Before your visit')
  expect(page).not.toContain('HL7')
  expect((await ask('/recent', { channel: 'HL7' })).status).toBe(400)
  expect((await ask('/recent/export', { channel: 'HL7' })).status).toBe(400)
  const csv = (await ask('/recent/export')).text
  expect(csv).toContain('Before your visit')
  expect(csv).not.toContain('ADT')
  expect((await ask('/recent/hide', { entry: message!.id })).status).toBe(404)
  world.staff.setRights(id, { roles: ['admin'], granted: [], denied: [] })
  expect((await world.admin.get('/recent')).text).toContain('ADT^A08')
})

it('[O1] walked part by part the queue gives every message once, the newest first, of any way, patient and time; each part is found by an index', async () => {
  const dir = folder()
  const clock = heldClock(1_000)
  const queue = openQueue(join(dir, 'hl7.sqlite'), master, clock)
  const states = { in: ['received', 'applied', 'filtered', 'error'], out: ['queued', 'sent', 'done', 'error'] } as const
  const made = fc.sample(fc.record({ out: fc.boolean(), state: fc.nat(3), later: fc.boolean(), patient: fc.constantFrom(null, 'a', 'b') }), { numRuns: 150, seed: 8 }) // prettier-ignore
  for (const [n, { out, state, later, patient }] of made.entries()) {
    if (later) clock.advance(1)
    const message = { channel: 'c', sender: 's', control: `${n}`, kind: 'ADT^A08', lanes: [], bytes: Buffer.from(`${n}`) } // prettier-ignore
    const { id } = out ? (await queue.enqueue(message))! : (await queue.receive(message)).message
    await queue.settle(id, { state: states[out ? 'out' : 'in'][state]!, patient })
  }
  const rows = hl7Rows(queue)
  const all = await allOf(newestFirst(rows, { view: '' }))
  expect(all.map((row) => [row.at, row.id])).toEqual(all.map((row) => [row.at, row.id] as const).toSorted((a, b) => b[0] - a[0] || (a[1] < b[1] ? 1 : -1))) // prettier-ignore
  expect(new Set(all.map(({ id }) => id)).size).toBe(made.length)
  const walked = async (ways: readonly string[]) => allOf(newestOfAll(ways.map((state) => newestFirst(rows, { view: '', state })))) // prettier-ignore
  expect(await walked(hl7WaysOf({}))).toEqual(all)
  for (const way of hl7WaysOf({})) expect(await walked([way])).toEqual(all.filter(({ state }) => state === way))
  expect(hl7WaysOf({ direction: 'out', state: 'failed' })).toEqual(['HL7 out failed'])
  expect(hl7WaysOf({ state: 'opened' })).toEqual([])
  expect(hl7WaysOf({}).length).toBe(messageStates.length + 1)
  expect(await allOf(newestFirst(rows, { view: '', patient: 'a', from: 1_010, before: 1_040 }))).toEqual(all.filter(({ patient, at }) => patient === 'a' && at >= 1_010 && at < 1_040)) // prettier-ignore
  queue.close()

  const db = new Database(join(dir, 'hl7.sqlite'), { readonly: true })
  for (const of of ['', "direction = 'in' and state = 'error' and"]) {
    const plan = db.prepare(`explain query plan select id from messages where ${of} at >= 0 and at < 9 order by at desc, id desc limit 5`).all() as { detail: string }[] // prettier-ignore
    expect(plan.map(({ detail }) => detail).join()).toMatch(
      /^SEARCH messages USING (COVERING )?INDEX messages_by_(time|way)[^,]*$/,
    )
  }
  db.close()
})
