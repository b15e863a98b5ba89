/**
 * The upload of the exchange: practice, locations, patients, plans with their stages, events, and what was removed. Each
 * record is whole: what it leaves out, the station does not have. Only what may leave a practice has a name here.
 */
import * as v from 'valibot'
import { eventStatuses } from '../../replica/kinds/fields.ts'
import { date, elementOf, id, needed, orNull, readElement, text, wallClock, whole, yesNo } from './exchange-form.ts' // prettier-ignore
import { XmlRefused, type XmlElement } from './xml-reader.ts'

const zone = v.pipe(needed(60), v.check((name) => isZone(name), 'is no IANA time zone, such as America/Phoenix')) // prettier-ignore
const no = v.optional(yesNo, 'false')
const orUnknown = orNull(yesNo)
const cents = orNull(whole(-1e11, 1e11))

const practice = v.strictObject({ name: needed(200), phone: orNull(text(40)), address: orNull(text(300)), zone })
const location = v.strictObject({ id, name: needed(200), zone, address: orNull(text(300)), phone: orNull(text(40)) })
const patient = v.strictObject({
  id,
  firstName: v.optional(text(100), ''),
  middleName: orNull(text(100)),
  lastName: needed(100),
  birthDate: orNull(date),
  homePhone: orNull(text(40)),
  cellPhone: orNull(text(40)),
  email: orNull(text(200)),
  language: orNull(text(35)),
  /** Of the address the state alone: no text goes out where it is night there. */
  state: orNull(text(60)),
  /** Left out: it is not known, which counts as no (DOM-20). */
  textConsent: orUnknown,
  emailConsent: orUnknown,
  portalEnabled: no,
  balanceDueCents: cents,
  /** The patient whom this one was combined into. */
  survivor: orNull(id),
})
const stage = v.strictObject({ id, position: whole(0, 10_000), words: orNull(text(200)), completed: no, completedOn: orNull(date) }) // prettier-ignore
const plan = v.strictObject({
  id,
  patient: id,
  words: orNull(text(200)),
  status: orNull(text(60)),
  startsOn: orNull(date),
  endsOn: orNull(date),
  stage: v.optional(v.pipe(v.array(stage), v.maxLength(200, 'is there more than 200 times')), []),
})
/** Of one event of a series the day on which the pattern has it. */
const occurrence = v.optional(date)
const event = v.strictObject({
  id,
  patient: id,
  occurrence,
  words: orNull(text(200)),
  startsAt: wallClock,
  minutes: whole(1, 1_440),
  location: orNull(id),
  status: v.optional(v.picklist(eventStatuses, 'is no status of InSched'), 'None'),
  lastConfirmedDate: orNull(wallClock),
  confirmationType: orNull(text(40)),
})
const removed = v.strictObject({
  record: v.picklist(['patient', 'plan', 'event'], 'is patient, plan or event'),
  id,
  occurrence,
})
const schemas = { practice, location, patient, plan, event, removed }

/** A record of an upload, by what it is. */
export type UploadRecord = { [K in keyof typeof schemas]: { readonly what: K } & Readonly<v.InferOutput<(typeof schemas)[K]>> }[keyof typeof schemas] // prettier-ignore
export type RecordOf<K extends UploadRecord['what']> = Extract<UploadRecord, { readonly what: K }>

/** Whether an upload is of all records: what it does not name is removed. */
export function isWhole(root: XmlElement): boolean {
  const said = v.safeParse(no, root.attributes['whole'])
  if (!said.success) throw new XmlRefused('upload: whole is neither true nor false.')
  return said.output
}

/** A record; throws XmlRefused with a sentence that names it and the field. */
export function readRecord(element: XmlElement): UploadRecord {
  if (!Object.hasOwn(schemas, element.name)) throw new XmlRefused('An upload holds practice, location, patient, plan, event and removed, and nothing else.') // prettier-ignore
  const what = element.name as UploadRecord['what']
  return { what, ...readElement(schemas[what] as typeof patient, element, ['stage']) } as UploadRecord
}

/** A record as its element. */
export function writeRecord(record: UploadRecord): string {
  switch (record.what) {
    case 'practice': {
      const { what, ...values } = record
      return elementOf(what, {}, values)
    }
    case 'plan': {
      const { what, id, patient, stage, ...values } = record
      const stages = stage.map(({ id, ...values }) => elementOf('stage', { id }, values)).join('')
      return elementOf(what, { id, patient }, values, stages)
    }
    case 'event': {
      const { what, id, patient, occurrence, ...values } = record
      return elementOf(what, { id, patient, occurrence }, values)
    }
    case 'removed':
      return elementOf('removed', { record: record.record, id: record.id, occurrence: record.occurrence })
    default: {
      const { what, id, ...values } = record
      return elementOf(what, { id }, values)
    }
  }
}

function isZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
