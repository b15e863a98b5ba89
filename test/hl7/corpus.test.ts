/** The corpus: each file of `corpus` is sent as it stands, and answered, applied and reviewed as its row of `table.json` says, one after the other in one office. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { messagesIn } from '../../src/bridges/hl7/batches.ts'
import { mllpFrame } from '../../src/bridges/hl7/mllp.ts'
import { buildMessage, segmentOf, textAt, type Message } from '../../src/bridges/hl7/message.ts'
import { openQueue, type MessageQueue } from '../../src/bridges/hl7/queue-sqlite.ts'
import { clock, master } from '../replica/world.ts'
import { openHl7Office, type Hl7Office } from './hl7-office.ts'
import { rawPeer } from './hl7-world.ts'

interface Named { readonly id: string; readonly authority?: string; readonly fields: Readonly<Record<string, unknown>> } // prettier-ignore
interface Row {
  readonly file: string
  /** MSA-1 of each answer, and the code of its first ERR. */
  readonly codes: readonly string[]
  /** The kinds of the reviews that it opens; null: none. */
  readonly review: string | null
  readonly patient?: Named
  readonly event?: Named
  readonly noEvent?: string
  /** What the answer holds. */
  readonly answer?: string
  /** As what the message list keeps it. */
  readonly kept?: { readonly kind: string; readonly state: string }
}
const folderOf = new URL('corpus/', import.meta.url).pathname
const table = JSON.parse(readFileSync(join(folderOf, 'table.json'), 'utf8')) as Row[]

let office: Hl7Office
let queue: MessageQueue
let reviewed: number
beforeAll(async () => {
  office = await openHl7Office({ mayOverwrite: ['firstName', 'middleName', 'homePhone', 'email'] }, (staff) => {
    staff.exec(
      "update patients set first_name = 'Jonas', last_name = 'Keller', birth_date = '1970-05-05' where patient_id = 3",
    )
    staff.exec("update patients set language = 'en' where patient_id = 1")
    staff.exec("update locations set name = 'Mesa' where location_id = 1")
  })
  // A second look into the same file: what the peer's ids stand for.
  queue = openQueue(join(office.dir, 'site', 'hl7.sqlite'), master, clock)
  reviewed = (await office.site.replica.list('reviews', undefined, 10_000)).length
})
afterAll(async () => {
  queue.close()
  await office.close()
})

const codesOf = (message: Message): string => {
  const err = segmentOf(message, 'ERR')
  const code = textAt(err, 3) || textAt(err, 1, { component: 4 })
  return [textAt(segmentOf(message, 'MSA'), 1), code].filter((one) => one !== '').join(' ')
}

const columns = {
  patient: { firstName: 'first_name', lastName: 'last_name', middleName: 'middle_name', birthDate: 'birth_date', homePhone: 'home_phone', cellPhone: 'cell_phone', email: 'email', language: 'language' },
  event: { startsAt: 'starts_at', minutes: 'minutes', lastConfirmed: 'last_confirmed_date' },
} as const satisfies Record<string, Record<string, string>> // prettier-ignore
const rowOf = (kind: 'patient' | 'event', id: number): unknown => office.staff.prepare(`select * from ${kind}s where ${kind}_id = ?`).get(id) // prettier-ignore
const inColumns = (kind: 'patient' | 'event', fields: Named['fields']) =>
  Object.fromEntries(Object.entries(columns[kind]).flatMap(([field, column]) => (fields[field] === undefined ? [] : [[column, fields[field]]]))) // prettier-ignore

it('every file of the corpus has a row, and every row a file', () => {
  const files = readdirSync(folderOf).filter((name) => /\.(hl7|xml)$/.test(name))
  expect(table.map(({ file }) => file)).toEqual(files.toSorted())
})

it.each(table)('$file', async (row) => {
  const { replica, bridge } = office.site
  const bytes = readFileSync(join(folderOf, row.file))
  const peer = await rawPeer(await office.port('ehr'))
  peer.socket.write(mllpFrame(bytes))
  const answers: Message[] = []
  for (let i = 0; i < messagesIn(bytes).messages.length; i++) answers.push(await peer.answer())
  peer.socket.destroy()
  expect(answers.map(codesOf)).toEqual(row.codes)
  if (row.answer !== undefined) expect(answers.map(buildMessage).join('')).toContain(row.answer)
  if (row.kept) expect((await office.site.hl7.messages({ channel: 'ehr', state: row.kept.state as 'filtered' })).items).toContainEqual(expect.objectContaining(row.kept)) // prettier-ignore
  const documentOf = async (kind: 'patient' | 'event', { id, authority = kind === 'patient' ? 'HOSP' : 'channel ehr' }: Omit<Named, 'fields'>): Promise<string | undefined> =>
    authority === 'INSCHED' ? bridge.documentOf('patients', Number(id)) : queue.identity(kind, authority, id)?.document // prettier-ignore
  // Until what the message changes is written into InSched.
  const isWritten = async (): Promise<void> => {
    await expect.poll(() => queue.recordsToWrite()).toEqual([])
  }
  await isWritten()
  for (const kind of ['patient', 'event'] as const) {
    const named = row[kind]
    if (!named) continue
    const document = await documentOf(kind, named)
    expect(document).toBeDefined()
    // What waited for this message follows it.
    if (kind === 'event') await expect.poll(async () => (await replica.record('events', document!))?.fields).toMatchObject(named.fields) // prettier-ignore
    await isWritten()
    let record = await replica.record(kind === 'patient' ? 'patients' : 'events', document!)
    if (named.fields['survivor'] === null && typeof record!.fields['survivor'] === 'string') record = await replica.record('patients', record!.fields['survivor'])
    expect(record!.fields).toMatchObject(named.fields)
    // InSched's row says the same.
    expect(rowOf(kind, (await bridge.localOf(document!))!)).toMatchObject(inColumns(kind, named.fields))
  } // prettier-ignore
  if (row.noEvent !== undefined) expect(await documentOf('event', { id: row.noEvent })).toBeUndefined()
  const heads = await replica.list('reviews', undefined, 10_000)
  const opened = await Promise.all(heads.map(async ({ key }) => (await replica.entries('reviews', key))[0]!))
  const news = opened.toSorted((a, b) => a.at - b.at).slice(reviewed)
  reviewed = heads.length
  const kinds = new Set(news.map((one) => (one.kind === 'opened' ? one.about : one.kind)))
  expect([...kinds].toSorted().join(', ')).toBe(row.review ?? '')
})
