/** What the practice tells a peer, here a server of a second implementation: by triggers and profiles, each thing once. */
import { Server } from 'node-hl7-server'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseMessage, segmentOf, textAt, type Message } from '../../src/bridges/hl7/message.ts'
import { freePort } from '../cli/office.ts'
import { clock, ulid } from '../replica/world.ts'
import { openHl7Office, type Hl7Office } from './hl7-office.ts'

let office: Hl7Office
let close: () => unknown
const got: Message[] = []
beforeAll(async () => {
  const port = await freePort()
  const inbound = new Server({ bindAddress: '127.0.0.1' }).createInbound({ port }, (request, response) => {
    got.push(parseMessage(request.getMessage().toString()))
    void response.sendResponse('AA')
  })
  inbound.on('client.error', () => {})
  close = () => inbound.close()
  office = await openHl7Office({}, (staff) => staff.exec("update patients set portal_enabled = 1, email = 'one@example.com' where patient_id = 1")) // prettier-ignore
  await office.site.hl7.add({
    name: 'lab',
    direction: 'out',
    to: { by: 'mllp', host: '127.0.0.1', port },
    keepsConnection: false,
    facility: 'BLOOM',
    receivingApplication: 'LAB',
    sends: ['patient changed', 'checked in', 'confirmed'],
    version: '2.5.1',
    testing: true,
    // What this peer wants otherwise, as data.
    profiles: { confirmed: { 'SCH-25': 'CONF^Confirmed^LAB', 'NTE-3': '' } },
  })
})
afterAll(async () => {
  await office.close()
  await close()
})

const kinds = (): string[] => got.map((message) => textAt(segmentOf(message, 'MSH'), 9) + textAt(segmentOf(message, 'MSH'), 9, { component: 2 })) // prettier-ignore
const done = async (): Promise<number> =>
  (await office.site.hl7.messages({ channel: 'lab', state: 'done' })).items.length

it('what stood before the channel is not told; a patient who changes is, once, with the ids of both sides', async () => {
  office.staff.exec("update patients set cell_phone = '+1 480 555 0188' where patient_id = 1")
  await expect.poll(kinds).toEqual(['ADTA08'])
  const [msh, pid] = [segmentOf(got[0]!, 'MSH'), segmentOf(got[0]!, 'PID')]
  expect([3, 4, 5, 11, 12].map((field) => textAt(msh, field))).toEqual([
    'PatientConnection',
    'BLOOM',
    'LAB',
    'T',
    '2.5.1',
  ])
  expect([textAt(pid, 3), textAt(pid, 3, { component: 4 })]).toEqual(['1', 'INSCHED'])
  expect(textAt(msh, 10)).toHaveLength(20)
  const phones = [1, 2, 3].map((repetition) => textAt(pid, 13, { repetition }))
  expect(phones).toContain('+1 480 555 0188')
  // What the peer has no use for is not told.
  office.staff.exec('update patients set balance_due_cents = 4200 where patient_id = 1')
  await expect.poll(done).toBe(1)
})

it('a check-in is told, and a confirmation at the portal arrives with the peer’s own code, once', async () => {
  const { site, staff, portal } = office
  const { event_id: event, starts_at: startsAt } = staff.prepare("select event_id, starts_at from events where patient_id = 1 and status = 'None' and starts_at > ? order by starts_at").get(new Date().toISOString().slice(0, 16)) as { event_id: number; starts_at: string } // prettier-ignore
  const key = (await site.bridge.documentOf('events', event))!
  const patient = (await site.bridge.documentOf('patients', 1))!
  const { at: _, ...facts } = (await portal.head('events', key))!.facts
  const answered = { kind: 'answered' as const, at: clock.now(), by: { role: 'patient' as const, id: patient }, channel: 'portal' as const, patient, startsAt } // prettier-ignore
  await portal.change([{ collection: 'confirmations', key, facts, add: { [ulid()]: answered } }])
  await expect.poll(kinds).toEqual(['ADTA08', 'SIUS14'])
  const message = got[1]!
  expect([textAt(segmentOf(message, 'SCH'), 2), textAt(segmentOf(message, 'SCH'), 25)]).toEqual([String(event), 'CONF'])
  expect(textAt(segmentOf(message, 'TQ1'), 7)).toBe(startsAt.replaceAll(/[-T:]/g, ''))
  expect(textAt(segmentOf(message, 'NTE'), 3)).toBe('')
  staff.prepare("update events set status = 'Checked In' where event_id = ?").run(event)
  await expect.poll(kinds).toEqual(['ADTA08', 'SIUS14', 'ADTA04'])
  expect(textAt(segmentOf(got[2]!, 'PV1'), 19)).toBe(String(event))
  await expect.poll(done).toBe(3)
})
