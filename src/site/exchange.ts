/**
 * What a site gives as exchange XML: the records that leave it, as an upload, and what patients and office said to each
 * other, as a download behind any item. Nothing stands there that the mirror holds back from the portal.
 */
import { join } from 'node:path'
import { rootStart } from '../bridges/xml/exchange-form.ts'
import { writeParts } from '../bridges/xml/exchange-file.ts'
import { downloadDocument } from '../bridges/xml/exchange-items.ts'
import { writeRecord, type UploadRecord } from '../bridges/xml/exchange-records.ts'
import { openOutbox, type Outbox } from '../bridges/xml/outbox-sqlite.ts'
import { outgoing } from '../bridges/xml/outgoing.ts'
import type { InSchedBridge } from '../bridges/insched/bridge.ts'
import type { Passes } from '../replica/collections.ts'
import { stagesOf, type Leaving, type LeavingEvent, type LeavingPatient, type LocationValue, type PlanFields, type PracticeFields } from '../replica/kinds/fields.ts' // prettier-ignore
import type { DocumentHead, Follower } from '../replica/replica-face.ts'
import type { OpenReplica } from '../replica/replica.ts'
import type { Sealer } from '../replica/sealing.ts'
import { survivorOf } from '../server/combined.ts'

const most = 100_000
const atOnce = 500

export function exchangeOf(parts: {
  readonly dir: string
  readonly master: Sealer
  readonly replica: OpenReplica
  readonly bridge: InSchedBridge
  /** The key of the site. */
  readonly site: string
  /** What may go to the portal. */
  readonly passesUp: Passes
}) {
  const { replica, bridge, site } = parts
  let outbox: Outbox | undefined
  let follower: Follower | undefined
  let count = 0

  const numberOf = async (document: string): Promise<number | undefined> => bridge.localOf(await survivorOf(replica, document)) // prettier-ignore
  /** What is downloaded is kept from the first time on that somebody asks for it. */
  const filled = async (): Promise<Outbox> => {
    outbox ??= openOutbox(join(parts.dir, 'exchange.sqlite'), parts.master)
    // What becomes of an answer is the writer's into InSched to say.
    follower ??= replica.follow(outgoing('exchange', { replica, outbox, site, numberOf, confirm: async () => undefined })) // prettier-ignore
    await follower.caughtUp()
    return outbox
  }

  /** The records of a collection that leave, in order of document. */
  async function* leaving(collection: 'patients' | 'plans' | 'events'): AsyncGenerator<DocumentHead> {
    for (let heads = await replica.list(collection, undefined, atOnce); heads.length > 0; heads = await replica.list(collection, heads.at(-1)!.key, atOnce)) { // prettier-ignore
      for (const head of heads) if (head.facts.site === site && parts.passesUp(collection, head.facts)) yield head
    }
  }
  async function* records(): AsyncGenerator<UploadRecord> {
    const practice = (await replica.record('practice', site))?.fields ?? {}
    if (practice['zone'] !== undefined) yield practiceRecord(practice as unknown as Leaving<PracticeFields, 'practiceName' | 'zone'>)
    for (const [field, value] of Object.entries(practice)) if (field.startsWith('location/')) yield { what: 'location', id: Number(field.slice('location/'.length)), ...(value as unknown as LocationValue) } // prettier-ignore
    for (const collection of ['patients', 'plans', 'events'] as const)
      for await (const head of leaving(collection)) {
        const fields = (await replica.record(collection, head.key))?.fields
        const id = fields?.['deleted'] === false ? await bridge.localOf(head.key) : undefined
        const patient = head.facts.patient === null ? undefined : await bridge.localOf(head.facts.patient)
        if (!fields || id === undefined || patient === undefined) continue
        if (collection === 'patients') yield await patientRecord(id, fields as unknown as LeavingPatient)
        else if (collection === 'plans') yield planRecord(id, patient, fields as Partial<PlanFields>)
        else yield eventRecord({ id, patient, occurrence: await bridge.occurrenceOf(head.key) }, fields as unknown as LeavingEvent)
      }
  }
  const patientRecord = async (id: number, fields: LeavingPatient): Promise<UploadRecord> => {
    const { firstName, middleName = null, lastName, birthDate, homePhone = null, cellPhone = null, email = null, language = null, textConsent, emailConsent, portalEnabled, balanceDueCents = null } = fields // prettier-ignore
    const survivor = fields.survivor === null ? null : ((await bridge.localOf(fields.survivor)) ?? null)
    return { what: 'patient', id, firstName, middleName, lastName, birthDate, homePhone, cellPhone, email, language, state: null, textConsent, emailConsent, portalEnabled, balanceDueCents, survivor } // prettier-ignore
  }
  async function* document(): AsyncGenerator<string> {
    yield rootStart('upload')
    for await (const record of records()) {
      count++
      yield `${writeRecord(record)}\n`
    }
    yield '</upload>\n'
  }

  return {
    /** Writes the records that leave; resolves with how many. */
    async exportRecords(file: string): Promise<{ readonly file: string; readonly records: number }> {
      count = 0
      await writeParts(file, document())
      return { file, records: count }
    },
    /** Writes the items behind one; resolves with how many, and where they end. */
    async exportItems(file: string, since = 0): Promise<{ readonly file: string; readonly items: number; readonly to: number }> {
      const held = await filled()
      const to = held.endOf(since, most)
      const items = held.between(since, to)
      let number = 0
      const counted = function* () {
        for (const item of items) {
          number++
          yield item
        }
      }
      await writeParts(file, downloadDocument({ since, to, more: held.last() > to, items: counted() }))
      return { file, items: number, to }
    },
    async close(): Promise<void> {
      await follower?.stop()
      outbox?.close()
    },
  }
} // prettier-ignore

function practiceRecord({
  practiceName,
  phone,
  address,
  zone,
}: Leaving<PracticeFields, 'practiceName' | 'zone'>): UploadRecord {
  return { what: 'practice', name: practiceName, phone: phone ?? null, address: address ?? null, zone }
}
function planRecord(id: number, patient: number, fields: Partial<PlanFields>): UploadRecord {
  const { words = null, status = null, startsOn = null, endsOn = null } = fields
  const stages = stagesOf(Object.entries(fields)).map((stage) => ({ id: Number(stage.id), position: stage.position, words: stage.words, completed: stage.completed, completedOn: stage.completedOn })) // prettier-ignore
  return { what: 'plan', id, patient, words, status, startsOn, endsOn, stage: stages }
}
function eventRecord(
  of: { readonly id: number; readonly patient: number; readonly occurrence: string | undefined },
  fields: LeavingEvent,
): UploadRecord {
  const {
    words = null,
    startsAt,
    minutes = 1,
    location,
    status,
    lastConfirmed = null,
    confirmationType = null,
  } = fields
  return { what: 'event', ...of, words, startsAt, minutes, location: location === null ? null : Number(location), status, lastConfirmedDate: lastConfirmed, confirmationType } // prettier-ignore
}
