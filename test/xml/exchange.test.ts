/** The exchange XML against its schema, judged by libxml2: what we write is valid, what is valid we read, and what is not we refuse too. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { assertRoot, rootStart } from '../../src/bridges/xml/exchange-form.ts'
import { readAcknowledgement, writeItem } from '../../src/bridges/xml/exchange-items.ts'
import { isWhole, readRecord, writeRecord, type UploadRecord } from '../../src/bridges/xml/exchange-records.ts'
import { readXmlStream } from '../../src/bridges/xml/xml-stream.ts'
import { anyItem, anyRecord } from './any-record.ts'
import { wrongBySchema } from './exchange-schema.ts'

async function* inPieces(xml: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(xml)
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000)
}
async function readUpload(xml: string): Promise<UploadRecord[]> {
  const records: UploadRecord[] = []
  for await (const one of readXmlStream(inPieces(xml)))
    if ('root' in one) {
      assertRoot(one.root, 'upload')
      isWhole(one.root)
    } else records.push(readRecord(one.child))
  return records
}
const upload = (inner: string, attributes = ''): string => `${rootStart('upload').trimEnd().slice(0, -1)}${attributes}>${inner}</upload>` // prettier-ignore

it('every upload that we write is valid, and is read as it was written', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyRecord, { maxLength: 6 }), async (records) => {
      const xml = upload(records.map(writeRecord).join('\n'))
      expect(wrongBySchema(xml)).toBeNull()
      expect(await readUpload(xml)).toEqual(records)
    }),
    { numRuns: 300 },
  )
})

it('every download that we write is valid, whatever people wrote', () => {
  fc.assert(
    fc.property(fc.array(anyItem, { maxLength: 6 }), (items) => {
      const xml = `${rootStart('download', { since: 0, to: 9, more: false })}${items.map((item, i) => writeItem(i + 1, item)).join('\n')}</download>`
      expect(wrongBySchema(xml)).toBeNull()
    }),
    { numRuns: 300 },
  )
})

it('an element that is empty says the same as one that is left out', async () => {
  const long =
    '<patient id="1"><lastName>Lee</lastName><birthDate/><email></email><textConsent/><balanceDueCents/><survivor/></patient>'
  const xml = upload(long)
  expect(wrongBySchema(xml)).toBeNull()
  expect(await readUpload(xml)).toEqual(await readUpload(upload('<patient id="1"><lastName>Lee</lastName></patient>')))
})

it('a station may use a prefix, another minor version and spaces', async () => {
  const xml =
    '<x:upload xmlns:x="urn:patientconnection:exchange:1" version="1.7">\n <x:removed record="plan" id="7" />\n</x:upload>\n'
  expect(wrongBySchema(xml)).toBeNull()
  expect(await readUpload(xml)).toEqual([{ what: 'removed', record: 'plan', id: 7 }])
})

const event = (inner: string): string => `<event id="5" patient="1">${inner}</event>`
it.each([
  ['another version', upload('').replace('version="1.0">', 'version="2.0">'), 'version'],
  ['another namespace', upload('').replace('exchange:1', 'exchange:9'), 'root element'],
  ['whole that is neither', upload('', ' whole="maybe"'), 'whole is neither'],
  ['a record that nobody knows', upload('<alert id="1">pain</alert>'), 'nothing else'],
  ['Special Issues', upload('<patient id="1"><lastName>Lee</lastName><specialIssues>x</specialIssues></patient>'), 'patient 1: specialIssues'],
  ['a patient without a number', upload('<patient><lastName>Lee</lastName></patient>'), 'patient: id is missing'],
  ['a number that is none', upload('<patient id="A-1"><lastName>Lee</lastName></patient>'), 'id is no number'],
  ['a patient without a name', upload('<patient id="1"><firstName>Ann</firstName></patient>'), 'lastName is missing'],
  ['a birth date that is none', upload('<patient id="1"><lastName>Lee</lastName><birthDate>1990-02-30</birthDate></patient>'), 'birthDate is no date'],
  ['consent that is neither', upload('<patient id="1"><lastName>Lee</lastName><textConsent>maybe</textConsent></patient>'), 'textConsent is neither'],
  ['money that is no number of cents', upload('<patient id="1"><lastName>Lee</lastName><balanceDueCents>12.50</balanceDueCents></patient>'), 'balanceDueCents is no whole number'],
  ['a name twice', upload('<patient id="1"><lastName>Lee</lastName><lastName>Ray</lastName></patient>'), 'lastName stands there twice'],
  ['an event without a start', upload(event('<minutes>30</minutes>')), 'startsAt is missing'],
  ['a start with an hour that is none', upload(event('<startsAt>2026-12-01T24:00</startsAt><minutes>30</minutes>')), 'startsAt is no time'],
  ['no minutes at all', upload(event('<startsAt>2026-12-01T09:00</startsAt><minutes>0</minutes>')), 'minutes is less than 1'],
  ['a status Confirmed', upload(event('<startsAt>2026-12-01T09:00</startsAt><minutes>30</minutes><status>Confirmed</status>')), 'status is no status'],
  ['a stage without a place', upload('<plan id="2" patient="1"><stage id="3"><words>x</words></stage></plan>'), 'stage.0.position is missing'],
  ['a name that is too long', upload(`<patient id="1"><lastName>${'x'.repeat(101)}</lastName></patient>`), 'lastName has more than 100'],
  ['an attribute of a value', upload('<patient id="1"><lastName kind="x">Lee</lastName></patient>'), 'takes no attributes'],
  ['elements in a value', upload('<patient id="1"><lastName><b>Lee</b></lastName></patient>'), 'takes text alone'],
  ['text in no element', upload('<patient id="1">Lee<lastName>Lee</lastName></patient>'), 'text that is in no element'],
])('%s is refused by the schema and by us, with a sentence that repeats no value', async (_, xml, sentence) => {
  expect(wrongBySchema(xml)).not.toBeNull()
  const refused = await readUpload(xml).then(() => '', (error: Error) => error.message) // prettier-ignore
  expect(refused).toContain(sentence)
  expect(refused).not.toMatch(/1990-02-30|12\.50|maybe|Lee|pain/)
}) // prettier-ignore

const acknowledgement = (inner: string, to = '9'): string => `${rootStart('acknowledgement', { to })}${inner}</acknowledgement>` // prettier-ignore
it('an acknowledgement is read as the schema has it', () => {
  const xml = acknowledgement(
    '<deposit item="3" id="881"/><notWritten item="4" why="moved"/><answered item="5" as="refused"/>',
  )
  expect(wrongBySchema(xml)).toBeNull()
  const { to, deposits, notWritten, answered } = readAcknowledgement(Buffer.from(xml))
  expect([to, [...deposits], [...notWritten], [...answered]]).toEqual([9, [[3, 881]], [[4, 'moved']], [[5, 'refused']]])
})
it.each([
  ['no number', acknowledgement('', 'x'), 'to is no number'],
  ['a reason of its own', acknowledgement('<notWritten item="4" why="no wish"/>'), 'why is no reason'],
  ['something else', acknowledgement('<paid item="4"/>'), 'nothing else'],
])('an acknowledgement with %s is refused by both', (_, xml, sentence) => {
  expect(wrongBySchema(xml)).not.toBeNull()
  expect(() => readAcknowledgement(Buffer.from(xml))).toThrow(sentence)
})
it('an acknowledgement speaks of no item behind its end', () => {
  expect(() => readAcknowledgement(Buffer.from(acknowledgement('<deposit item="10" id="1"/>')))).toThrow('behind its end') // prettier-ignore
})
