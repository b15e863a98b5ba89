/** What the practice tells a peer, here a server of a second implementation: by triggers and profiles, each thing once. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Server } from 'node-hl7-server'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readMessage } from '../../src/bridges/hl7/encodings.ts'
import { parseMessage, segmentOf, segmentsOf, textAt, type Message } from '../../src/bridges/hl7/message.ts'
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
    sends: ['patient changed', 'checked in', 'confirmed', 'payment posted'],
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

it('a check-in that is cleared a moment later is told all the same, once, though no record holds it any more', async () => {
  const { site, staff } = office
  const event = staff.prepare("select event_id from events where patient_id = 2 and status = 'None' limit 1").pluck().get() as number // prettier-ignore
  const status = staff.prepare('update events set status = ? where event_id = ?')
  await site.backup.begin(5)
  status.run('Checked In', event)
  status.run('None', event)
  status.run('Checked In', event)
  status.run('None', event)
  await site.backup.end()
  await expect.poll(() => kinds().slice(3)).toEqual(['ADTA04', 'ADTA04'])
  expect(got.slice(3).map((message) => textAt(segmentOf(message, 'PV1'), 19))).toEqual([String(event), String(event)])
  await site.sync()
  await expect.poll(done).toBe(5)
})

it('a payment that was posted is told as DFT P03: the payment, who pays, and what insures the patient, as InSched has them', async () => {
  const { site, staff, portal } = office
  staff.exec("update patients set guarantor_id = 3 where patient_id = 1; delete from insurances where patient_id = 1; insert into insurances(patient_id, rank, company, member_id, group_number, holder_name) values (1, 2, 'Second & Co', 'M2', null, null), (1, 1, 'First Health', 'M1', 'G1', 'Sam Payer')") // prettier-ignore
  const guarantor = staff.prepare('select last_name, first_name from patients where patient_id = 3').get() as { last_name: string; first_name: string } // prettier-ignore
  const patient = (await site.bridge.documentOf('patients', 1))!
  const { at: _, ...facts } = (await portal.head('patients', patient))!.facts
  const [payment, by, amount] = [ulid(), { role: 'portal' as const, id: portal.id }, { minor: 12_050, currency: 'usd' }]
  await portal.change([
    { collection: 'payments', key: patient, facts, add: { [payment]: { kind: 'started', at: clock.now(), by, amount }, [`paid:${payment}`]: { kind: 'paid', at: clock.now(), by, payment, amount, transaction: 'pi_7', brand: 'visa', last4: '4242', authorization: 'A7' } } }, // prettier-ignore
  ])
  await expect.poll(() => kinds().at(-1), { timeout: 10_000 }).toBe('DFTP03')
  const message = got.at(-1)!
  const at = (name: string, field: number, component = 1, subcomponent = 1) => textAt(segmentOf(message, name), field, { component, subcomponent }) // prettier-ignore
  expect([at('FT1', 2), at('FT1', 6), at('FT1', 11), at('FT1', 11, 1, 2)]).toEqual(['pi_7', 'PY', '120.50', 'USD'])
  expect([at('GT1', 2), at('GT1', 3), at('GT1', 3, 2)]).toEqual(['3', guarantor.last_name, guarantor.first_name])
  const insurances = segmentsOf(message, 'IN1').map((one) => [1, 4, 8, 16, 36].map((field) => textAt(one, field)))
  expect(insurances).toEqual([
    ['1', 'First Health', 'G1', 'Sam Payer', 'M1'],
    ['2', 'Second & Co', '', '', 'M2'],
  ])
  const deposit = staff.prepare("select deposit_id from deposits where transaction_id = 'pi_7'").pluck().get() as number
  expect(at('FT1', 9)).toBe(`Deposit ${deposit}`)
})

it('a channel that speaks v2.xml is told the same in XML', async () => {
  const { site, staff, dir } = office
  const path = join(dir, 'to archive')
  await site.hl7.add({ name: 'archive', direction: 'out', to: { by: 'folder', path }, form: 'xml', sends: ['patient changed'] }) // prettier-ignore
  staff.exec("update patients set cell_phone = '+1 480 555 0177' where patient_id = 1")
  const files = (): string[] => (existsSync(path) ? readdirSync(path) : [])
  await expect.poll(() => files().length).toBe(1)
  const bytes = readFileSync(join(path, files()[0]!))
  expect(bytes.toString()).toContain('urn:hl7-org:v2xml')
  const message = readMessage(bytes, 'UNICODE UTF-8')
  expect([textAt(segmentOf(message, 'MSH'), 9), textAt(segmentOf(message, 'PID'), 3)]).toEqual(['ADT', '1'])
})
