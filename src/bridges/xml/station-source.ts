/**
 * What a station uploads, as its records: read as it comes, checked as a whole, and only then taken. An upload that is
 * refused has changed nothing; one that was taken is done to its end, also after a crash, and doing it again changes nothing
 * more. Documents and facts are made as of InSched's own rows. A number whose name and birth date both changed may be
 * another person's, so such an upload is refused (DOM-17).
 */
import { instantOf } from '../../mirror/wall-clock.ts'
import { derivedUlid } from '../../replica/ids.ts'
import { foldAccess } from '../../replica/kinds/access.ts'
import type { LeavingPatient, LocationValue } from '../../replica/kinds/fields.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { DocumentHead, Edit, FactsChange, Replica } from '../../replica/replica-face.ts'
import { standsFor } from '../insched/combined.ts'
import { eventEdit, factsOf, goneEdit, patientEdit, planEdit, practiceEdit, zoneOf, type Context } from '../insched/documents.ts' // prettier-ignore
import { anotherPerson } from '../insched/held.ts'
import type { LocationRow, PatientRow } from '../insched/rows.ts'
import { assertRoot } from './exchange-form.ts'
import { isWhole, readRecord, type RecordOf, type UploadRecord } from './exchange-records.ts'
import { tableOf, type Identity, type StationStore } from './station-sqlite.ts'
import { XmlRefused } from './xml-reader.ts'
import { readXmlStream } from './xml-stream.ts'

export interface StationSourceParts {
  readonly store: StationStore
  /** That takes only fields that may leave. */
  readonly replica: Replica
  readonly site: { readonly key: string; readonly name: string }
  /** What the practice is called, and its zone, before the station says. */
  readonly practice: { readonly name: string; readonly zone: string }
}
/** What an upload came to, by number of records. */
export interface Receipt {
  readonly patients: number
  readonly plans: number
  readonly stages: number
  readonly events: number
  readonly removed: number
}
const atOnce = 300

export function stationSource(parts: StationSourceParts) {
  const { store, replica, site } = parts
  const by: By = { role: 'site', id: site.key, initials: 'PC' }

  const context = async (): Promise<Context> => {
    const fields = (await replica.record('practice', site.key))?.fields ?? {}
    const zones = Object.entries(fields).flatMap(([field, value]) => (field.startsWith('location/') ? [[Number(field.slice('location/'.length)), (value as unknown as LocationValue).zone] as const] : [])) // prettier-ignore
    return { site: site.key, zone: (fields['zone'] as string | undefined) ?? parts.practice.zone, zones: new Map(zones) } // prettier-ignore
  }
  /** A patient's row as the upload has it, or as it was said before: for what hangs on it, the state of the address is nothing. */
  const patientRow = async (id: number): Promise<PatientRow | undefined> => {
    const said = store.named('patient', id)
    if (said) return rowOf(said)
    const identity = store.identity('patients', id)
    const record = identity && (await replica.record('patients', identity.document))
    return record && rowOfFields(id, record.fields as unknown as LeavingPatient, identity.patient)
  }
  const patientRows = { patients: async (ids: readonly number[]) => (await Promise.all(ids.map(patientRow))).filter((row) => row !== undefined) } // prettier-ignore

  /** All records of a kind, some at a time, as edits that are committed together. */
  const each = async <K extends UploadRecord['what']>(what: K, edits: (record: RecordOf<K>, document: string, at: number) => Promise<readonly (Edit | FactsChange)[]>): Promise<void> => {
    const { at } = store.taken()!
    for (let after = 0, some = store.next(what, after, atOnce); some.length > 0; some = store.next(what, after, atOnce)) {
      const all: (Edit | FactsChange)[] = []
      for (const { record, document } of some) all.push(...(await edits(record as RecordOf<K>, document, at)))
      if (all.length > 0) await replica.change(all)
      after = some.at(-1)!.number
    }
  } // prettier-ignore

  const practice = async (): Promise<void> => {
    const { at } = store.taken()!
    const [said] = store.next('practice', 0, 1)
    const fields = (await replica.record('practice', site.key))?.fields ?? {}
    const row = said
      ? { practice_name: said.record.name, time_zone: said.record.zone, phone: said.record.phone, address: said.record.address } // prettier-ignore
      : { practice_name: (fields['practiceName'] ?? parts.practice.name) as string, time_zone: (fields['zone'] ?? parts.practice.zone) as string, phone: (fields['phone'] ?? null) as string | null, address: (fields['address'] ?? null) as string | null } // prettier-ignore
    const locations: LocationRow[] = []
    for (let after = 0, some = store.next('location', after, atOnce); some.length > 0; some = store.next('location', after, atOnce)) {
      for (const { record } of some) locations.push({ location_id: record.id, name: record.name, time_zone: record.zone, address: record.address, phone: record.phone })
      after = some.at(-1)!.number
    } // prettier-ignore
    await replica.change([practiceEdit(site, row, locations, at)])
  }
  const patients = async (): Promise<void> => {
    const now = await context()
    await each('patient', async (record, document, at) => {
      const row = rowOf(record)
      const survivor = record.survivor === null ? null : store.identity('patients', record.survivor)!.document
      const edit = patientEdit(
        now,
        row,
        { key: document, survivor, guarantor: null, relatives: [], stands: await standsFor(patientRows, row) },
        at,
      )
      const former = (await replica.head('patients', document))?.facts
      const isSame = former && former.shown === edit.facts!.shown && former.reachable === edit.facts!.reachable
      return [edit, ...(former && !isSame ? await reached(row, document, now, at) : [])]
    })
  }
  /** What hangs on a patient follows when who may see it changes; without the portal, access ends. */
  const reached = async (row: PatientRow, key: string, now: Context, at: number): Promise<(Edit | FactsChange)[]> => {
    const changes: (Edit | FactsChange)[] = []
    const become = (head: DocumentHead | undefined, shown: boolean, by = row): void => {
      if (head) changes.push({ collection: head.collection, key: head.key, become: factsOf(now, by, key, shown, head.facts.startsAt) }) // prettier-ignore
    }
    // What a Donor said is seen where the Survivor's is; who may see it is not handed on, nor is money.
    const stands = (await standsFor(patientRows, row)) ?? row
    for (const collection of ['payments', 'access'] as const) become(await replica.head(collection, key), true)
    for (const collection of ['messages', 'requests', 'communications'] as const) become(await replica.head(collection, key), true, stands) // prettier-ignore
    for (const { document, table } of store.hanging(row.patient_id)) {
      const words = (await replica.record(table as 'events', document))?.fields['words'] ?? null
      become(await replica.head(table, document), words !== null)
      if (table === 'events') become(await replica.head('confirmations', document), true)
    }
    if (row.portal_enabled !== 1) changes.push(...(await accessEnds(key, at)))
    return changes
  }
  const accessEnds = async (key: string, at: number): Promise<Edit[]> => {
    const { standing } = foldAccess(await replica.entries('access', key))
    const revoked = { kind: 'revoked' as const, at, by, revokes: [...standing], why: 'portal access ended' as const }
    return standing.length === 0 ? [] : [{ collection: 'access', key, add: { [derivedUlid('portal access ended', ...standing)]: revoked } }] // prettier-ignore
  }
  const plans = async (): Promise<void> => {
    const now = await context()
    await each('plan', async (record, document, at) => {
      const { id, patient: owner, words, status, startsOn, endsOn } = record
      const patient = (await patientRow(owner))!
      const row = { plan_id: id, patient_id: owner, patient_words: words, plan_status: status, starts_on: startsOn, ends_on: endsOn } // prettier-ignore
      const stages = record.stage.map((stage) => ({ stage_id: stage.id, plan_id: id, position: stage.position, patient_words: stage.words, completed: stage.completed ? 1 : 0, completed_on: stage.completedOn })) // prettier-ignore
      const held = (await replica.record('plans', document))?.fields ?? {}
      return [planEdit(now, row, stages, held, { patient, patientKey: store.identity('patients', owner)!.document, key: document }, at)] // prettier-ignore
    })
  }
  const events = async (): Promise<void> => {
    const now = await context()
    await each('event', async (record, document, at) => {
      const { id, patient: owner, words, startsAt, minutes, location, status, lastConfirmedDate, confirmationType } = record // prettier-ignore
      const patient = (await patientRow(owner))!
      const row = { event_id: id, event_type: null, patient_id: owner, location_id: location, starts_at: startsAt, minutes, status, last_confirmed_date: lastConfirmedDate, confirmation_type: confirmationType, patient_words: words, recurrence_id: null, original_on: record.occurrence ?? '' } // prettier-ignore
      return [eventEdit(now, row, { patient, patientKey: store.identity('patients', owner)!.document, key: document }, at)] // prettier-ignore
    })
  }
  const gone = async (identities: readonly Identity[], at: number): Promise<void> => {
    const all = identities.flatMap((one) => (one.table === 'patients' ? [...store.hanging(one.id), one] : [one]))
    const ends = await Promise.all(identities.filter((one) => one.table === 'patients').map((one) => accessEnds(one.document, at))) // prettier-ignore
    await replica.change([...all.map((one) => goneEdit(one.table, one.document, at)), ...ends.flat()])
    store.markGone(all.map((one) => one.document))
  }
  const removals = async (): Promise<void> => {
    const { at, whole } = store.taken()!
    for (let after = 0, some = store.next('removed', after, atOnce); some.length > 0; some = store.next('removed', after, atOnce)) {
      // What is not here is removed already.
      const here = some.map(({ record }) => store.identity(tableOf[record.record], record.id, record.occurrence)).filter((one) => one !== undefined)
      if (here.length > 0) await gone(here, at)
      after = some.at(-1)!.number
    } // prettier-ignore
    if (!whole) return
    for (const table of ['events', 'plans', 'patients'] as const)
      for (let some = store.unnamed(table, '', atOnce); some.length > 0; some = store.unnamed(table, '', atOnce)) await gone(some, at) // prettier-ignore
  }
  const apply = async (): Promise<void> => {
    if (!store.taken()) return
    await practice()
    await patients()
    await plans()
    await events()
    await removals()
    store.done()
  }
  /** A sentence for a patient who may be another person than before; undefined where there is none. */
  const another = async (): Promise<string | undefined> => {
    for (let after = 0, some = store.next('patient', after, atOnce); some.length > 0; some = store.next('patient', after, atOnce)) {
      for (const { record } of some) {
        const known = store.identity('patients', record.id)
        if (known && (await anotherPerson(replica, rowOf(record), known.document)) !== undefined)
          return `patient ${record.id}: has another name and another birth date than before, so this may be another person. If the number was used again, first send an upload with <removed record="patient" id="${record.id}"/>.`
      }
      after = some.at(-1)!.number
    }
    return undefined
  } // prettier-ignore

  const taken = async (bytes: AsyncIterable<Uint8Array>): Promise<Receipt> => {
    await apply()
    let stages = 0
    let some: UploadRecord[] = []
    try {
      for await (const streamed of readXmlStream(bytes)) {
        if ('root' in streamed) {
          assertRoot(streamed.root, 'upload')
          store.begin(isWhole(streamed.root))
          continue
        }
        const record = readRecord(streamed.child)
        if (record.what === 'plan') stages += record.stage.length
        if (record.what === 'event') assertTime(record)
        some.push(record)
        if (some.length === atOnce) {
          store.keep(some)
          some = []
        }
      }
      store.keep(some)
      const wrong = store.loose() ?? (await another())
      if (wrong !== undefined) throw new XmlRefused(wrong)
      store.take()
    } catch (error) {
      store.done()
      throw error
    }
    const receipt = { patients: store.count('patient'), plans: store.count('plan'), stages, events: store.count('event'), removed: store.count('removed patient') + store.count('removed plan') + store.count('removed event') } // prettier-ignore
    await apply()
    return receipt
  }

  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = turn.then(work, work)
    turn = next.catch(() => {})
    return next
  }
  return {
    /** Goes on with an upload that was taken before a crash; resolves when nothing is left of one. */
    goOn: () => inTurn(apply),
    /** Takes an upload, or throws XmlRefused and nothing of it was done. One after the other. */
    upload: (bytes: AsyncIterable<Uint8Array>) => inTurn(() => taken(bytes)),
    /** The zone of an event's place. */
    zoneOf: async (location: string | null): Promise<string> => zoneOf(await context(), location === null ? null : Number(location)), // prettier-ignore
    /** Ends when what is under way is done. */
    stop: (): Promise<unknown> => turn,
  }
}
export type StationSource = ReturnType<typeof stationSource>

/** Years that no calendar of ours reaches are refused before anything is taken. */
export function assertTime(record: RecordOf<'event'>): void {
  try {
    instantOf(record.startsAt, 'UTC')
  } catch (error) {
    if (error instanceof RangeError) throw new XmlRefused(`event ${record.id}: startsAt is no time, such as 2026-12-01T09:30.`) // prettier-ignore
    throw error
  }
}

const flag = (value: boolean | null): number | null => (value === null ? null : value ? 1 : 0)

function rowOf(record: RecordOf<'patient'>): PatientRow {
  const { id, firstName, middleName, lastName, birthDate, homePhone, cellPhone, email, language, state, textConsent, emailConsent, portalEnabled, balanceDueCents, survivor } = record // prettier-ignore
  return { patient_id: id, first_name: firstName, middle_name: middleName, last_name: lastName, birth_date: birthDate, home_phone: homePhone, cell_phone: cellPhone, email, language, state, text_consent: flag(textConsent), email_consent: flag(emailConsent), portal_enabled: flag(portalEnabled), balance_due_cents: balanceDueCents, survivor_id: survivor, guarantor_id: null } // prettier-ignore
}

function rowOfFields(id: number, fields: LeavingPatient, survivor: number | null): PatientRow {
  const { firstName, middleName = null, lastName, birthDate, homePhone = null, cellPhone = null, email = null, language = null, textConsent, emailConsent, portalEnabled, balanceDueCents = null } = fields // prettier-ignore
  return { patient_id: id, first_name: firstName, middle_name: middleName, last_name: lastName, birth_date: birthDate, home_phone: homePhone, cell_phone: cellPhone, email, language, state: null, text_consent: flag(textConsent), email_consent: flag(emailConsent), portal_enabled: flag(portalEnabled), balance_due_cents: balanceDueCents, survivor_id: survivor, guarantor_id: null } // prettier-ignore
}
