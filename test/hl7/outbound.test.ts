/** What the practice tells a peer, here a server of a second implementation: by triggers and profiles, each thing once. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Server } from 'node-hl7-server'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readMessage } from '../../src/bridges/hl7/encodings.ts'
import { parseMessage, segmentOf, segmentsOf, textAt, type Message } from '../../src/bridges/hl7/message.ts'
import { foldPayments, type PaymentEntry } from '../../src/replica/kinds/payments.ts'
import { freePort } from '../cli/office.ts'
import { clock, ulid } from '../replica/world.ts'
import { openHl7Office, type Hl7Office } from './hl7-office.ts'

let office: Hl7Office
let close: () => unknown
const got: Message[] = []
const raw: string[] = []
beforeAll(async () => {
  const port = await freePort()
  const inbound = new Server({ bindAddress: '127.0.0.1' }).createInbound({ port }, (request, response) => {
    raw.push(request.getMessage().toString())
    got.push(parseMessage(raw.at(-1)!))
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
    sends: ['patient changed', 'checked in', 'confirmed', 'charge posted', 'payment posted', 'payment reversed'],
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

/** FT1 and DG1 of the messages of money since `from`, as they came to the peer, but for the times. */
const money = (from: number): string[] => raw.slice(from).flatMap((text) => text.split('\r').filter((line) => /^(FT1|DG1)\|/.test(line)).map((line) => line.replaceAll(/\d{14}(\+0000)?/g, 'NOW'))) // prettier-ignore

it('a refund and a held dispute of a payment are told apart from it and refer to it, each once, also where staff changed it in InSched', async () => {
  const { staff, portal, site } = office
  const from = got.length
  const patient = (await site.bridge.documentOf('patients', 1))!
  const { payments } = foldPayments(await portal.entries('payments', patient))
  const [{ id: payment }, by] = [payments[0]!, { role: 'portal' as const, id: portal.id }]
  const deposit = staff.prepare("select deposit_id from deposits where transaction_id = 'pi_7'").pluck().get() as number
  const say = (add: Record<string, PaymentEntry>): Promise<void> => portal.change([{ collection: 'payments', key: patient, add }]) // prettier-ignore
  await say({ 'refunded:re_1:done': { kind: 'refunded', at: clock.now(), by, payment, refund: 're_1', amount: { minor: 2_000, currency: 'usd' }, state: 'done' } }) // prettier-ignore
  await expect.poll(() => money(from).length).toBe(1)
  await say({ m1: { kind: 'dispute money', at: clock.now(), by, payment, dispute: 'dp_1', movement: 'txn_1', amount: { minor: 10_050, currency: 'usd' }, moved: 'withdrawn' } }) // prettier-ignore
  await expect.poll(() => money(from).length).toBe(2)
  await say({ m2: { kind: 'dispute money', at: clock.now(), by, payment, dispute: 'dp_1', movement: 'txn_2', amount: { minor: 10_050, currency: 'usd' }, moved: 'reinstated' } }) // prettier-ignore
  await expect.poll(() => money(from).length).toBe(3)
  staff.prepare('update deposits set refunded_cents = 2100 where deposit_id = ?').run(deposit)
  await expect.poll(() => money(from).length).toBe(4)
  const told = (words: string, amount: string): string => `FT1|1|${deposit}-N-${words.split('^')[0]!}||NOW|NOW|AJ|${words}^99PC||Deposit ${deposit}|1|${amount}&USD|${amount}&USD||||||||||||||||||pi_7` // prettier-ignore
  expect(money(from).map((line) => line.replace(/-\d+-/, '-N-'))).toEqual([
    told('REFUND^Refunded', '-20.00'),
    told('VOID^Voided', '-100.50'),
    told('VOID^Void taken back', '100.50'),
    told('REFUND^Refunded', '-1.00'),
  ])
  const numbers = got.slice(from).map((message) => textAt(segmentOf(message, 'FT1'), 2))
  expect(new Set(numbers).size).toBe(4)
})

it('a charge is told as CG by the row that made it, and taken back as CR where it is deleted or changed a moment later', async () => {
  const { staff, site } = office
  const from = got.length
  await site.backup.begin(5)
  const add = staff.prepare("insert into charges(patient_id, procedure_code, served_on, amount_cents, units, diagnosis_codes, provider) values (2, ?, '2026-11-20', ?, 1, 'L30.9, Z41.1', 'Dr. O''Hara & Co') returning charge_id").pluck() // prettier-ignore
  const [kept, gone] = [add.get('17110', 12_500) as number, add.get('99213', 8_000) as number]
  staff.prepare('delete from charges where charge_id = ?').run(gone)
  staff.prepare('update charges set amount_cents = 13000 where charge_id = ?').run(kept)
  // What moves no money is not told.
  staff.prepare('update charges set event_id = 1 where charge_id = ?').run(kept)
  await site.backup.end()
  const charge = (number: number, type: string, code: string, amount: string): string[] => [
    `FT1|1|${number}||20261120|NOW|${type}|${code}|||1|${amount}&USD|||||||||^Dr. O'Hara \\T\\ Co|||||${code}`,
    'DG1|1||L30.9|||F',
    'DG1|2||Z41.1|||F',
  ]
  await expect
    .poll(() => money(from))
    .toEqual([
      ...charge(kept, 'CG', '17110', '125.00'),
      ...charge(gone, 'CG', '99213', '80.00'),
      ...charge(gone, 'CR', '99213', '80.00'),
      ...charge(kept, 'CR', '17110', '125.00'),
      ...charge(kept, 'CG', '17110', '130.00'),
    ])
  expect(got.slice(from).map((message) => textAt(segmentOf(message, 'PID'), 3))).toEqual(['2', '2', '2', '2', '2'])
  await site.sync()
  await expect.poll(() => money(from).length).toBe(15)
})

it('a deposit that staff enter is a payment too, and what they refund, void or delete of it refers to it', async () => {
  const { staff } = office
  const from = got.length
  const deposit = staff.prepare("insert into deposits(patient_id, deposited_on, amount_cents, refunded_cents, voided_cents, payment_method) values (2, '2026-11-21', 5000, 0, 0, 'Check') returning deposit_id").pluck().get() as number // prettier-ignore
  await expect.poll(() => money(from).length).toBe(1)
  staff.prepare('update deposits set refunded_cents = 1500 where deposit_id = ?').run(deposit)
  await expect.poll(() => money(from).length).toBe(2)
  staff.prepare('delete from deposits where deposit_id = ?').run(deposit)
  await expect.poll(() => money(from).length).toBe(3)
  const reversed = (code: string, words: string, amount: string): string => `FT1|1|${deposit}-N-${code}||NOW|NOW|AJ|${code}^${words}^99PC||Deposit ${deposit}|1|${amount}&USD|${amount}&USD||||||||||||||||||D${deposit}` // prettier-ignore
  expect(money(from).map((line) => line.replace(/-\d+-/, '-N-'))).toEqual([
    `FT1|1|D${deposit}||20261121|NOW|PY|OFFICE^Check^99PC||Deposit ${deposit}|1|50.00&USD|50.00&USD`,
    reversed('REFUND', 'Refunded', '-15.00'),
    reversed('VOID', 'Voided', '-35.00'),
  ])
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
