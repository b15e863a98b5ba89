/**
 * An upload of the exchange XML at a site that runs an agent: its patients and events are taken as if another system had
 * sent them by HL7, by the rules of a channel, so that what the office has is kept unless the channel may overwrite it,
 * each goes into InSched once through its bridge, and what cannot be is a review. Numbers are InSched's own, or those of the
 * system that is named. The file is checked as a whole before anything of it is taken.
 */
import { createReadStream } from 'node:fs'
import type { Hl7Bridge } from '../bridges/hl7/hl7-bridge.ts'
import { standardDelimiters } from '../bridges/hl7/delimiters.ts'
import { writeMessageBytes } from '../bridges/hl7/encodings.ts'
import { components, makeSegment, type Segment } from '../bridges/hl7/message.ts'
import { patientSegment } from '../bridges/hl7/patient-segment.ts'
import { timeOf } from '../bridges/hl7/times.ts'
import { assertRoot } from '../bridges/xml/exchange-form.ts'
import { rootOfFile } from '../bridges/xml/exchange-file.ts'
import { isWhole, readRecord, type RecordOf, type UploadRecord } from '../bridges/xml/exchange-records.ts'
import { assertTime } from '../bridges/xml/station-source.ts'
import { XmlRefused } from '../bridges/xml/xml-reader.ts'
import { readXmlStream } from '../bridges/xml/xml-stream.ts'
import { instantOf } from '../mirror/wall-clock.ts'
import type { Clock } from '../replica/clock.ts'
import { mintUlid } from '../replica/ids.ts'
import type { LocationValue } from '../replica/kinds/fields.ts'
import type { Replica } from '../replica/replica-face.ts'

/** By number of records. `refused`: each is a review; `left`: what only InSched itself has, such as plans and places. */
export interface Imported {
  readonly patients: number
  readonly events: number
  readonly removed: number
  readonly refused: number
  readonly left: number
}

/** SCH-25 by InSched's status; one that has a message of its own is not among them. */
const statusWords: Readonly<Partial<Record<RecordOf<'event'>['status'], string>>> = { None: 'BOOKED', 'Checked In': 'STARTED', 'Checked Out': 'COMPLETE' } // prettier-ignore

export function importingOf(parts: {
  readonly hl7: Pick<Hl7Bridge, 'queue' | 'take' | 'inbound'>
  readonly replica: Replica
  /** The key of the site, and its zone. */
  readonly site: string
  readonly zone: () => Promise<string>
  /** InSched's number of a document. */
  readonly localOf: (document: string) => Promise<number | undefined>
  readonly documentOf: (table: 'patients' | 'events', localId: number) => Promise<string | undefined>
  readonly clock: Clock
}) {
  const { hl7, replica, documentOf, clock } = parts

  return async (file: string, { channel: name = 'xml', from }: { readonly channel?: string | undefined; readonly from?: string | undefined } = {}): Promise<Imported> => {
    const channel = hl7.inbound(name)
    const authority = from ?? channel.ownAuthority
    const known = (kind: 'patient' | 'event', id: number): Promise<string | undefined> =>
      from === undefined ? documentOf(kind === 'patient' ? 'patients' : 'events', id) : Promise.resolve(hl7.queue.identity(kind, authority, String(id))?.document)
    const records = async function* (): AsyncGenerator<UploadRecord> {
      for await (const one of readXmlStream(createReadStream(file))) {
        if ('child' in one) yield readRecord(one.child)
        else {
          assertRoot(one.root, 'upload')
          if (isWhole(one.root)) throw new XmlRefused('upload: whole="true" removes what it does not name, and is for stations. Here InSched says what is removed.')
        }
      }
    }
    const check = async (): Promise<void> => {
      const named = new Set<number>()
      const assertKnown = async (kind: 'patient' | 'event', id: number): Promise<void> => {
        if ((await known(kind, id)) === undefined) throw new XmlRefused(`${kind} ${id}: is not known here.${from === undefined ? ' Numbers are those of this InSched; name the system whose they are with --from NAME.' : ''} Nothing was imported.`)
      }
      for await (const record of records()) {
        if (record.what === 'patient') named.add(record.id)
        if (record.what === 'patient' && from === undefined) await assertKnown('patient', record.id)
        if (record.what !== 'event' || record.occurrence !== undefined) continue
        assertTime(record)
        if (!named.has(record.patient)) await assertKnown('patient', record.patient)
        if (from === undefined) await assertKnown('event', record.id)
      }
    }

    const send = async (kind: [string, string, string], segments: readonly Segment[]): Promise<boolean> => {
      const msh = makeSegment('MSH', { 3: 'PatientConnection', 4: 'XML', 7: timeOf(clock.now()), 9: components(...kind), 10: mintUlid(clock).slice(-20), 11: 'P', 12: '2.7', 18: 'UNICODE UTF-8' })
      const code = await hl7.take(name, writeMessageBytes({ delimiters: standardDelimiters, segments: [msh, ...segments] }, 'UNICODE UTF-8'))
      return code === 'AA'
    }
    const pid = (id: number, fields: object = {}): Segment => patientSegment({ ...fields }, [{ authority, id: String(id) }])
    /** The place of an event as a message names it, and its zone: times of the file are of the place, those of messages have an offset. */
    const placeOf = async ({ location }: RecordOf<'event'>, document: string | undefined): Promise<{ name: string; zone: string }> => {
      const practice = (await replica.record('practice', parts.site))?.fields ?? {}
      const place = (id: string): LocationValue | undefined => practice[`location/${id}`] as unknown as LocationValue | undefined
      const own = location === null || from === undefined ? location : (channel.locations[String(location)] ?? null)
      const former = document === undefined ? undefined : ((await replica.record('events', document))?.fields['location'] as string | null | undefined)
      const name = location === null ? '' : from === undefined ? (place(String(location))?.name ?? '') : String(location)
      return { name, zone: place(String(own ?? former ?? ''))?.zone ?? (await parts.zone()) }
    }
    const event = async (record: RecordOf<'event'>): Promise<boolean> => {
      const document = await known('event', record.id)
      const { name: place, zone } = await placeOf(record, document)
      const said = [
        makeSegment('SCH', { 2: components(String(record.id), authority), 9: String(record.minutes), 10: 'min', 25: statusWords[record.status] ?? '' }),
        makeSegment('TQ1', { 1: '1', 7: timeOf(instantOf(record.startsAt, zone)) }),
        pid(record.patient),
        makeSegment('RGS', { 1: '1' }),
        ...(place === '' ? [] : [makeSegment('AIL', { 1: '1', 3: components(place) })]),
      ]
      const isTaken = await send(['SIU', document === undefined ? 'S12' : 'S14', 'SIU_S12'], said)
      const end = record.status === 'Canceled' ? 'S15' : record.status === 'No Show' ? 'S26' : undefined
      return isTaken && (end === undefined || send(['SIU', end, 'SIU_S12'], said))
    }
    /** Only an event: deleting it is staff's, as a review. */
    const removed = async ({ record, id, occurrence }: RecordOf<'removed'>): Promise<boolean | undefined> => {
      const document = record === 'event' && occurrence === undefined ? await known('event', id) : undefined
      const patient = document && (await replica.head('events', document))?.facts.patient
      if (!patient) return undefined
      const ids = [...hl7.queue.idsOf(patient), ...(await ownNumber(patient))]
      const schedule = makeSegment('SCH', { 2: components(String(id), authority) })
      return ids.length === 0 ? undefined : send(['SIU', 'S17', 'SIU_S12'], [schedule, patientSegment({}, ids)])
    }
    const ownNumber = async (patient: string) => {
      const number = await parts.localOf(patient)
      return number === undefined ? [] : [{ authority: channel.ownAuthority, id: String(number) }]
    }

    const root = await rootOfFile(file)
    if (root === 'acknowledgement') throw new XmlRefused('An acknowledgement is for a station. What this site did is in InSched, and the portal knows it.')
    await check()
    const count = { patients: 0, events: 0, removed: 0, refused: 0, left: 0 }
    for await (const record of records()) {
      const isTaken = record.what === 'patient' ? await send(['ADT', 'A28', 'ADT_A05'], [pid(record.id, record)])
        : record.what === 'event' && record.occurrence === undefined ? await event(record)
        : record.what === 'removed' ? await removed(record) : undefined
      if (isTaken === undefined) count.left++
      else if (!isTaken) count.refused++
      else count[record.what === 'patient' ? 'patients' : record.what === 'event' ? 'events' : 'removed']++
    }
    return count
  }
} // prettier-ignore
