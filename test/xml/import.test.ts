/** An upload of the exchange XML at a site that runs an agent: into InSched once, through its bridge, by the rules of a channel. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { rootStart } from '../../src/bridges/xml/exchange-form.ts'
import { openHl7Office, type Hl7Office } from '../hl7/hl7-office.ts'
import { folder } from '../replica/world.ts'
import { wrongBySchema } from './exchange-schema.ts'

let office: Hl7Office
const dir = folder()
beforeAll(async () => {
  office = await openHl7Office({ name: 'tempe', locations: { 4: '1' }, mayOverwrite: ['cellPhone'] })
})
afterAll(() => office.close())

const trail = (): number => office.staff.prepare('select count(*) from audit_trail').pluck().get() as number
const rowOf = (sql: string, ...given: unknown[]): unknown => office.staff.prepare(sql).get(...given)
const exported = async (): Promise<string> => {
  const file = join(dir, 'records.xml')
  await office.site.exchange.exportRecords(file)
  return readFileSync(file, 'utf8')
}
/** A file with these records, valid by the schema. */
const fileOf = (xml: string): string => {
  const file = join(dir, 'import.xml')
  expect(wrongBySchema(xml)).toBeNull()
  writeFileSync(file, xml)
  return file
}
const upload = (...records: string[]): string => fileOf(`${rootStart('upload')}${records.join('\n')}\n</upload>\n`)
const imports = (file: string, by: { channel?: string; from?: string } = {}) => office.site.exchange.importRecords(file, by) // prettier-ignore

it('what the site itself exports changes nothing when it is imported', async () => {
  const [before, xml] = [trail(), await exported()]
  const [patients, events, others] = ['patient', 'event', '(?:practice|location|plan)'].map((what) => xml.match(new RegExp(`^<${what}[ >]`, 'gm'))?.length ?? 0) // prettier-ignore
  expect(await imports(fileOf(xml))).toEqual({ patients, events, removed: 0, refused: 0, left: others })
  await office.site.sync()
  expect(trail()).toBe(before)
  expect(await office.reviews()).toEqual([])
})

it('a patient’s empty field is filled and an event is moved in InSched, once; what the office has is kept and is a review', async () => {
  const event = rowOf("select event_id, patient_id, starts_at, minutes from events where patient_id is not null and status = 'None' and starts_at > ? order by starts_at", new Date().toISOString()) as { event_id: number; patient_id: number; starts_at: string; minutes: number } // prettier-ignore
  const { patient_id: patient } = event
  office.staff.prepare("update patients set middle_name = null, cell_phone = '+1 480 555 0100' where patient_id = ?").run(patient) // prettier-ignore
  await office.site.sync()
  const named = rowOf('select first_name, last_name from patients where patient_id = ?', patient) as { first_name: string; last_name: string } // prettier-ignore
  const moved = `${event.starts_at.slice(0, 11)}07:05`
  const file = upload(
    `<patient id="${patient}"><firstName>${named.first_name}</firstName><middleName>Quill</middleName><lastName>${named.last_name}</lastName><cellPhone>+1 480 555 0999</cellPhone></patient>`,
    `<event id="${event.event_id}" patient="${patient}"><startsAt>${moved}</startsAt><minutes>${event.minutes}</minutes></event>`,
  )
  expect(await imports(file)).toEqual({ patients: 1, events: 1, removed: 0, refused: 0, left: 0 })
  await expect.poll(() => rowOf('select starts_at from events where event_id = ?', event.event_id)).toEqual({ starts_at: moved }) // prettier-ignore
  await expect.poll(() => rowOf('select middle_name, cell_phone from patients where patient_id = ?', patient)).toEqual({ middle_name: 'Quill', cell_phone: '+1 480 555 0100' }) // prettier-ignore
  expect((await office.reviews()).map((one) => [one.kind, one.patient])).toEqual([['hl7 to do', patient]])
  const before = trail()
  await imports(file)
  await office.site.sync()
  expect(trail()).toBe(before)
  // By a channel that may, the field is overwritten.
  await imports(file, { channel: 'tempe' })
  await expect.poll(() => rowOf('select cell_phone from patients where patient_id = ?', patient)).toEqual({ cell_phone: '+1 480 555 0999' }) // prettier-ignore
})

it('records of another system become one patient and one event in InSched, known again by its numbers', async () => {
  const file = upload(
    '<patient id="9001"><firstName>Zoe</firstName><lastName>Quillfeather</lastName><birthDate>1990-02-03</birthDate></patient>',
    '<event id="7001" patient="9001"><startsAt>2031-05-06T09:30</startsAt><minutes>45</minutes><location>4</location></event>',
    '<event id="7002" patient="9001"><startsAt>2031-05-07T09:30</startsAt><minutes>45</minutes><status>Canceled</status></event>',
  )
  const by = { channel: 'tempe', from: 'TEMPE' }
  expect(await imports(file, by)).toEqual({ patients: 1, events: 2, removed: 0, refused: 0, left: 0 })
  const rows = (): unknown[] => office.staff.prepare("select e.starts_at, e.minutes, e.status, e.location_id from events e join patients p using (patient_id) where p.last_name = 'Quillfeather' order by 1").all() // prettier-ignore
  const [first, second] = [{ starts_at: '2031-05-06T09:30', minutes: 45, status: 'None', location_id: 1 }, { starts_at: '2031-05-07T09:30', minutes: 45, status: 'Canceled', location_id: null }] // prettier-ignore
  await expect.poll(rows).toEqual([first, second])
  expect(await imports(file, by)).toMatchObject({ patients: 1, events: 2, refused: 0 })
  await office.site.sync()
  expect(rows()).toEqual([first, second])
  expect(rowOf("select count(*) as patients from patients where last_name = 'Quillfeather'")).toEqual({ patients: 1 })
  // Deleting is staff's.
  expect(await imports(upload('<removed record="event" id="7001"/>', '<removed record="patient" id="9001"/>'), by)).toEqual({ patients: 0, events: 0, removed: 1, refused: 0, left: 1 }) // prettier-ignore
  expect((await office.reviews()).some((one) => one.why.includes('2031-05-06 09:30'))).toBe(true)
  expect(rows()).toEqual([first, second])
})

it('a file that is wrong anywhere is refused with a sentence, and nothing of it is taken', async () => {
  const before = trail()
  const known = '<patient id="1"><firstName>Other</firstName><lastName>Name</lastName></patient>'
  await expect(imports(upload(known, '<patient id="999999"><lastName>Nobody</lastName></patient>'))).rejects.toThrow(/patient 999999: is not known here.*--from NAME/) // prettier-ignore
  await expect(imports(upload('<event id="1" patient="9009"><startsAt>2031-05-06T09:30</startsAt><minutes>45</minutes></event>'), { from: 'TEMPE' })).rejects.toThrow(/patient 9009: is not known here/) // prettier-ignore
  await expect(imports(fileOf(`${rootStart('upload', { whole: true })}${known}</upload>`))).rejects.toThrow(/whole/)
  await expect(imports(join(dir, 'none.xml'))).rejects.toThrow(/There is no file/)
  await expect(imports(upload(known), { channel: 'nobody' })).rejects.toThrow(/There is no channel nobody/)
  await office.site.sync()
  expect(trail()).toBe(before)
})
