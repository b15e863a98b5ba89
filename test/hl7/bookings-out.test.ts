/** What the office books, moves, cancels and deletes is told to other systems as SIU: here to servers of a second implementation. */
import { Client, Message } from 'node-hl7-client'
import { Server } from 'node-hl7-server'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bookingsIn } from '../../src/bridges/insched/bookings.ts'
import type { Kept } from '../../src/bridges/insched/rows.ts'
import { freePort } from '../cli/office.ts'
import { openHl7Office, type Hl7Office } from './hl7-office.ts'

let office: Hl7Office
const closing: (() => unknown)[] = []
/** What came to each peer, as it came, but for the time and the control id of each message. */
const came = { lab: [] as string[], hospital: [] as string[], quiet: [] as string[] }

async function peer(name: keyof typeof came, settings: object): Promise<void> {
  const port = await freePort()
  const inbound = new Server({ bindAddress: '127.0.0.1' }).createInbound({ port }, (request, response) => {
    const text = request.getMessage().toString()
    came[name].push(text.replace(/^((?:[^|]*\|){6})\d{14}(?:\.\d+)?\+0000\|\|([^|]*)\|[^|]+\|/, '$1NOW||$2|ID|'))
    void response.sendResponse('AA')
  })
  inbound.on('client.error', () => {})
  closing.push(() => inbound.close())
  await office.site.hl7.add({ name, direction: 'out', to: { by: 'mllp', host: '127.0.0.1', port }, keepsConnection: false, ...settings }) // prettier-ignore
}
const bookings = ['event booked', 'event moved', 'event cancelled', 'event deleted']

beforeAll(async () => {
  office = await openHl7Office({ authority: 'HOSP' }, (staff) => {
    staff.exec("update patients set last_name = 'Moss', first_name = 'Ann', middle_name = null, birth_date = '1980-02-03', home_phone = null, cell_phone = null, email = null, language = null where patient_id in (1, 2)") // prettier-ignore
    staff.exec("update locations set name = 'Mesa' where location_id = 1")
  })
  await peer('lab', { receivingApplication: 'LAB', receivingFacility: 'NORTH', sends: bookings, profiles: { 'event cancelled': { 'SCH-6': 'C^^LAB' } } }) // prettier-ignore
  await peer('hospital', { authority: 'HOSP', sends: bookings })
  await peer('quiet', { sends: ['patient changed'] })
})
afterAll(async () => {
  await office.close()
  for (const close of closing) await close()
})

const book = (
  more: { patient?: number | null; starts?: string; status?: string; recurrence?: number } = {},
): number => {
  const { patient = 1, starts = '2027-02-01T09:00', status = 'None', recurrence = null } = more
  return office.staff.prepare("insert into events(patient_id, location_id, event_type, starts_at, minutes, status, recurrence_id) values (?, 1, 'CONS', ?, 30, ?, ?) returning event_id").pluck().get(patient, starts, status, recurrence) as number // prettier-ignore
}
/** Waits until so many messages came to the peer, and not for the next look at the trail. */
const count = async (wanted: number, name: keyof typeof came = 'lab'): Promise<void> => {
  await office.site.sync()
  await expect.poll(() => came[name].length).toBe(wanted)
}
const set = (event: number, values: string): unknown =>
  office.staff.prepare(`update events set ${values} where event_id = ?`).run(event)
const remove = (event: number): unknown => office.staff.prepare('delete from events where event_id = ?').run(event)
/** Event, SCH-1 and the patient of each message, such as `S12  57 1`. */
const inShort = (messages: readonly string[]): string[] => messages.map((text) => [/SIU\^(S\d\d)/.exec(text)![1], ...(/\rSCH\|([^|]*)\|(\d+)/.exec(text)!.slice(1)), /\rPID\|1\|\|(\d+)/.exec(text)![1]].join(' ')) // prettier-ignore

it('what the office books, moves, cancels and deletes is told to the peer, each by its own message, byte for byte', async () => {
  const event = book()
  await count(1)
  set(event, "starts_at = '2027-02-02T10:30', minutes = 45")
  await count(2)
  set(event, "status = 'Canceled'")
  await count(3)
  remove(event)
  await count(4)
  const message = (kind: string, reason: string, slot: readonly [minutes: number, start: string, end: string], status: string, note = ''): string => [
    `MSH|^~\\&|PatientConnection||LAB|NORTH|NOW||SIU^${kind}^SIU_S12|ID|P|2.7||||||UNICODE UTF-8`,
    `SCH||${event}^INSCHED||||${reason}|||${slot[0]}|min|^^${slot.join('^')}||||||||||||||${status}^${status}^HL70278`,
    `TQ1|1||||||${slot[1]}|${slot[2]}`,
    ...(note ? [`NTE|1||${note}`] : []),
    'PID|1||1^^^INSCHED||Moss^Ann^||19800203||||||||',
    'RGS|1',
    'AIL|1||Mesa',
  ].join('\r') // prettier-ignore
  const [first, then] = [[30, '202702010900', '202702010930'], [45, '202702021030', '202702021115']] as const // prettier-ignore
  expect(came.lab).toEqual([
    message('S12', 'BOOKED^Booked^99PC', first, 'Booked'),
    message('S13', 'MOVED^Moved^99PC', then, 'Booked', 'Moved from 202702010900 to 202702021030'),
    // What this peer wants otherwise is data.
    message('S15', 'C^^LAB', then, 'Cancelled'),
    message('S17', 'DELETED^Deleted^99PC', then, 'Deleted'),
  ])
})

it('a booking that is canceled, or deleted, a second later is told as both, in order, each as it stood, and once', async () => {
  const from = came.lab.length
  await office.site.backup.begin(5)
  const canceled = book()
  set(canceled, "starts_at = '2027-02-03T11:00'")
  set(canceled, "status = 'Canceled'")
  const deleted = book({ starts: '2027-02-04T08:00' })
  remove(deleted)
  const again = book({ starts: '2027-02-05T08:00' })
  set(again, "status = 'Canceled'")
  set(again, "status = 'None'")
  await office.site.backup.end()
  const told = [`S12  ${canceled} 1`, `S13  ${canceled} 1`, `S15  ${canceled} 1`, `S12  ${deleted} 1`, `S17  ${deleted} 1`, `S12  ${again} 1`, `S15  ${again} 1`, `S12  ${again} 1`] // prettier-ignore
  await expect.poll(() => inShort(came.lab.slice(from))).toEqual(told)
  const starts = came.lab.slice(from).map((text) => /\rTQ1\|1\|{6}(\d+)/.exec(text)![1])
  expect(starts.slice(0, 3)).toEqual(['202702010900', '202702031100', '202702031100'])
  await office.site.sync()
  expect(came.lab.length - from).toBe(told.length)
})

it('an event that goes to another patient is deleted there before it is booked here; to the Survivor of Combine it goes untold', async () => {
  const from = came.lab.length
  const event = book({ patient: 3 })
  set(event, 'patient_id = 1')
  await office.site.sync()
  await expect.poll(() => inShort(came.lab.slice(from))).toEqual([`S12  ${event} 3`, `S17  ${event} 3`, `S12  ${event} 1`]) // prettier-ignore
  const donated = book({ patient: 2 })
  await count(from + 4)
  await office.site.backup.begin(5)
  office.staff.exec('update patients set survivor_id = 1 where patient_id = 2')
  set(donated, 'patient_id = 1')
  await office.site.backup.end()
  set(event, "status = 'Canceled'")
  await office.site.sync()
  await expect.poll(() => inShort(came.lab.slice(from + 4))).toEqual([`S15  ${event} 1`])
})

it('blocks, series and changes that leave the appointment where it is are not told', async () => {
  const from = came.lab.length
  const recurrence = office.staff.prepare("insert into recurrences(pattern, starts_on) values ('FREQ=WEEKLY;COUNT=3', '2027-02-01') returning recurrence_id").pluck().get() as number // prettier-ignore
  book({ patient: null })
  const series = book({ recurrence })
  set(series, "status = 'Canceled'")
  const event = book({ starts: '2027-02-08T09:00' })
  set(event, "status = 'Checked In'")
  set(event, "event_type = 'CONS', last_confirmed_date = '2027-01-01T09:00'")
  set(event, "status = 'No Show'")
  remove(event)
  await expect.poll(() => inShort(came.lab.slice(from))).toEqual([`S12  ${event} 1`, `S17  ${event} 1`])
})

it('what a peer booked itself is told to the others and not back to it; what the office then does to it is, under the peer’s own id', async () => {
  const { staff } = office
  const from = came.lab.length
  await expect.poll(() => came.hospital.length).toBe(from)
  const answers: string[] = []
  const connection = new Client({ host: '127.0.0.1' }).createConnection({ port: await office.port('ehr') }, async (response) => void answers.push(response.getMessage().get('MSA.1').toString())) // prettier-ignore
  closing.push(() => connection.close())
  let number = 0
  const take = async (kind: string, start: string): Promise<void> => {
    const text = `MSH|^~\\&|EHR|HOSP|PC|BLOOM|2027010108000${++number}||SIU^${kind}^SIU_S12|E${number}|P|2.7\rSCH||A1^HOSP|||||OFFICE|OFFICE|||^^^${start}\rPID|1||1^^^INSCHED` // prettier-ignore
    await connection.sendMessage(new Message({ text }))
    await expect.poll(() => answers.length).toBe(number)
    expect(answers.at(-1)).toBe('AA')
  }
  const row = () => staff.prepare("select event_id, starts_at, status from events where starts_at >= '2027-03-01'").get() as { event_id: number } // prettier-ignore
  await take('S12', '20270301090000')
  await expect.poll(row).toMatchObject({ starts_at: '2027-03-01T09:00', status: 'None' })
  await take('S13', '20270302090000')
  await expect.poll(row).toMatchObject({ starts_at: '2027-03-02T09:00' })
  await take('S15', '20270302090000')
  const { event_id: event } = row()
  await expect.poll(() => inShort(came.lab.slice(from))).toEqual([`S12  ${event} 1`, `S13  ${event} 1`, `S15  ${event} 1`]) // prettier-ignore
  set(event, "status = 'None'")
  await expect.poll(() => inShort(came.hospital.slice(from))).toEqual([`S12 A1 ${event} 1`])
  await expect.poll(() => came.lab.length - from).toBe(4)
})

it('a channel that is not told to tells none of it', async () => {
  const waits = await office.site.hl7.messages({ channel: 'quiet' })
  expect(waits.items.filter(({ kind }) => kind.startsWith('SIU'))).toEqual([])
  expect(came.quiet.filter((text) => text.includes('SIU'))).toEqual([])
  expect(came.hospital.length).toBeGreaterThan(0)
})

it('a row that somebody gave no start is no message, and holds up nothing: staff are told', async () => {
  const from = came.lab.length
  book({ starts: 'soon' })
  const event = book({ starts: '2027-04-01T09:00' })
  await expect.poll(() => inShort(came.lab.slice(from))).toEqual([`S12  ${event} 1`])
  const whys = (await office.reviews()).map(({ why }) => why)
  expect(whys).toContain('A booking was not told to lab: The event has no start and duration that can be told.')
})

it('what the trail does not say of an event is not made up; another place or length is a move', () => {
  const row = { patient_id: 1, recurrence_id: null, starts_at: '2027-02-01T09:00', minutes: 30, location_id: 1, status: 'None' } // prettier-ignore
  const audit = { audit_id: 1, checkpoint: '', at_utc: '', table_name: 'events', row_id: '7', change: 'modified' as const } // prettier-ignore
  const changes = (before: Kept, after: Kept) => bookingsIn({ ...audit, before, after }, 1)
  expect(changes({ starts_at: '2027-02-01T08:00', status: 'None' }, row)).toEqual([])
  expect(changes(row, row)).toEqual([])
  expect(changes(row, { ...row, location_id: 2 })).toMatchObject([{ what: 'moved', number: 7, former: null }])
  expect(changes({ ...row, starts_at: '2027-02-01T08:00' }, row)).toMatchObject([{ what: 'moved', former: '2027-02-01T08:00', row }]) // prettier-ignore
})
