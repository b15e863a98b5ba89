/**
 * The circle with a second implementation as the peer, over TLS: a patient is admitted, an appointment booked, moved and
 * canceled, two patients merged. InSched's rows follow, and the portal.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, Message, type Connection } from 'node-hl7-client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { EventFields } from '../../src/replica/kinds/fields.ts'
import { authority, certificate } from '../server/certificates.ts'
import { folder } from '../replica/world.ts'
import { openHl7Office, type Hl7Office } from './hl7-office.ts'

let office: Hl7Office
let connection: Connection
const answers: string[] = []
beforeAll(async () => {
  const dir = folder()
  const by = await authority('Bloom')
  const { cert, key } = await certificate(by, ['localhost'])
  const tls = { cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') }
  writeFileSync(tls.cert, cert)
  writeFileSync(tls.key, key)
  office = await openHl7Office({
    to: { by: 'mllp', host: '127.0.0.1', port: 0, tls },
    authority: 'HOSP',
  })
  const client = new Client({ host: 'localhost', tls: { ca: by.cert } })
  connection = client.createConnection({ port: await office.port('ehr') }, async (response) => {
    const answer = response.getMessage()
    answers.push(`${answer.get('MSA.1').toString()} ${answer.get('MSA.2').toString()}`)
  })
})
afterAll(async () => {
  await connection.close()
  await office.close()
})

let number = 0
/** Sends a message of these segments and resolves with the code of its answer. */
async function send(type: string, event: string, segments: readonly string[]): Promise<string> {
  const control = `X${++number}`
  const at = `2027030108${String(number).padStart(4, '0')}`
  const text = [`MSH|^~\\&|EHR|HOSP|PC|BLOOM|${at}||${type}^${event}^${type}_${event}|${control}|P|2.7`, ...segments]
  await connection.sendMessage(new Message({ text: text.join('\r') }))
  await expect.poll(() => answers.find((answer) => answer.endsWith(` ${control}`))).toBeDefined()
  return answers.at(-1)!.slice(0, 2)
}
const patient = (id: string, name: string, born = '19840312'): string => `PID|1||${id}||${name}||${born}`
const sch = (id: string, start: string, end: string): string => `SCH||${id}|||||OFFICE|OFFICE|||^^^${start}^${end}`

it('an appointment of a patient of the office is booked, moved and canceled, and the portal follows', async () => {
  const own = 'PID|1||1^^^INSCHED'
  const event = async () => {
    const [row] = await office.portal.index({ view: 'event', patient: (await office.site.bridge.documentOf('patients', 1))!, from: Date.parse('2026-12-20') }) // prettier-ignore
    const fields = row && ((await office.portal.record('events', row.id))?.fields as Partial<EventFields> | undefined)
    return fields && `${fields.startsAt} ${fields.status} ${fields.words}`
  }
  expect(await send('SIU', 'S12', [sch('A1', '20270105090000', '20270105093000'), own])).toBe('AA')
  await expect.poll(event).toBe('2027-01-05T09:00 None Consultation')
  expect(await send('SIU', 'S13', [sch('A1', '20270106100000', '20270106103000'), own])).toBe('AA')
  await expect.poll(event).toBe('2027-01-06T10:00 None Consultation')
  expect(await send('SIU', 'S15', [sch('A1', '20270106100000', '20270106103000'), own])).toBe('AA')
  await expect.poll(event).toBe('2027-01-06T10:00 Canceled Consultation')
})

it('[DOM-15] [DOM-17] a patient who is admitted and booked is in InSched, once and stamped PC, and at the portal as soon as staff let the patient in', async () => {
  const { site, staff } = office
  const pid = patient('5001', 'Nuñez^Élodie')
  expect(await send('ADT', 'A04', [pid])).toBe('AA')
  expect(await send('SIU', 'S12', [sch('A2', '20270107090000', '20270107093000'), pid])).toBe('AA')
  const events = () => staff.prepare("select e.patient_id, e.event_id, starts_at, minutes, status, event_type from events e join patients p using (patient_id) where p.last_name = 'Nuñez'").all() as { patient_id: number; event_id: number }[] // prettier-ignore
  await expect.poll(events).toMatchObject([{ starts_at: '2027-01-07T09:00', minutes: 30, status: 'None', event_type: 'CONS' }]) // prettier-ignore
  const { patient_id: id, event_id: event } = events()[0]!
  expect(staff.prepare("select count(distinct checkpoint) from audit_trail where initials = 'PC' and ((table_name = 'patients' and row_id = ?) or (table_name = 'events' and row_id = ?))").pluck().get(String(id), String(event))).toBe(2) // prettier-ignore
  staff.prepare('update patients set portal_enabled = 1 where patient_id = ?').run(id)
  const key = (await site.bridge.documentOf('patients', id))!
  const shown = async () => {
    const rows = await office.portal.index({ view: 'event', patient: key })
    return Promise.all(rows.map(async (row) => (await office.portal.record('events', row.id))!.fields))
  }
  await expect.poll(shown).toMatchObject([{ startsAt: '2027-01-07T09:00', status: 'None' }])
  expect(await send('SIU', 'S15', [sch('A2', '20270107090000', '20270107093000'), patient('5001', '')])).toBe('AA')
  await expect.poll(events).toMatchObject([{ status: 'Canceled' }])
  await expect.poll(shown).toMatchObject([{ status: 'Canceled' }])
  expect(staff.prepare("select count(*) from patients where last_name = 'Nuñez'").pluck().get()).toBe(1)
})

it('[DOM-8] [DOM-16] what staff changed meanwhile is not overwritten: it is a review, and InSched keeps its own', async () => {
  const { site, staff } = office
  const event = (await site.bridge.documentOf('events', Number(staff.prepare('select max(event_id) from events').pluck().get())))! // prettier-ignore
  const local = await site.bridge.localOf(event)
  await site.backup.begin(5)
  // InSched is away, and peers are served all the same.
  staff.prepare("update events set starts_at = '2027-02-01T08:00' where event_id = ?").run(local)
  expect(await send('SIU', 'S13', [sch('A2', '20270109090000', '20270109093000'), patient('5001', '')])).toBe('AA')
  await site.backup.end()
  await expect.poll(async () => (await office.reviews()).map(({ why }) => why).join()).toMatch(/It was not written: InSched has other values now \(starts_at\)/) // prettier-ignore
  expect(staff.prepare('select starts_at from events where event_id = ?').pluck().get(local)).toBe('2027-02-01T08:00')
})

it('[DOM-10] two patients of the office are merged by staff, who are told whom; from then on the Donor’s id is the Survivor’s', async () => {
  const { site, staff } = office
  const donor = (await site.bridge.documentOf('patients', 4))!
  expect(await send('ADT', 'A40', ['PID|1||5^^^INSCHED', 'MRG|4^^^INSCHED'])).toBe('AA')
  expect((await office.reviews()).map(({ why }) => why)).toContainEqual('ehr says that two patients are one: patient 4 into patient 5.') // prettier-ignore
  staff.exec('update patients set survivor_id = 5 where patient_id = 4')
  await expect.poll(async () => (await site.replica.record('patients', donor))!.fields['survivor']).toBe(await site.bridge.documentOf('patients', 5)) // prettier-ignore
  expect(await send('SIU', 'S12', [sch('A3', '20270108090000', '20270108093000'), 'PID|1||4^^^INSCHED'])).toBe('AA')
  const starts = async () => {
    const rows = await site.replica.index({ view: 'event', patient: (await site.bridge.documentOf('patients', 5))! })
    return Promise.all(rows.map(async ({ id }) => (await site.replica.record('events', id))!.fields['startsAt']))
  }
  await expect.poll(starts).toContain('2027-01-08T09:00')
})
