/**
 * Patients that other systems register and change (ADT A01, A04, A05, A28; A08, A31). What InSched has is not overwritten
 * unless the channel allows that field; what is empty there is filled. A record that would become another person’s is
 * left alone (DOM-17). Staff see what was kept, and what InSched has not yet.
 */
import type { Json } from '../../replica/json.ts'
import type { PatientFields } from '../../replica/kinds/fields.ts'
import type { Complaint } from './acknowledgements.ts'
import { BadMessage } from './bad-message.ts'
import { overwritable, type Overwritable } from './channels.ts'
import type { Change, Handler, Handling } from './handling.ts'
import { repetitions, segmentOf, textAt, value, type Segment } from './message.ts'
import { knownPatient, patientIds, patientOfIds, personDigest, type PeerId } from './people.ts'
import { dateOf, parseTime } from './times.ts'

/** What a message says of a patient: left out changes nothing, null deletes. */
type Said = Partial<Record<Overwritable, string | null>>

const fieldNames: Readonly<Record<Overwritable, string>> = { firstName: 'First name', middleName: 'Middle name', lastName: 'Last name', birthDate: 'Birth date', homePhone: 'Home phone', cellPhone: 'Mobile phone', email: 'Email', language: 'Language' } // prettier-ignore
const places: Readonly<Record<Overwritable, number>> = { firstName: 5, middleName: 5, lastName: 5, birthDate: 7, homePhone: 13, cellPhone: 13, email: 13, language: 15 } // prettier-ignore
/** What a patient cannot be without. */
const needed: ReadonlySet<Overwritable> = new Set(['firstName', 'lastName'])

export function patientOf(how: 'register' | 'update'): Handler {
  return async (handling) => {
    const { message, channel } = handling
    const pid = segmentOf(message, 'PID')
    const ids = patientIds(pid, channel)
    const at = { segment: 'PID', field: 3 }
    const known = how === 'update' ? await knownPatient(handling, ids, at) : await patientOfIds(handling, ids, at)
    const said = saidIn(pid)
    return known === undefined ? registered(handling, ids, said) : changed(handling, known, ids, said)
  }
}

/** PID-5, PID-7, PID-13 with PID-14, and PID-15. */
export function saidIn(pid: Segment | undefined): Said {
  const born = value(pid, 7)
  const date = typeof born === 'string' ? dateOf(parseTime(born) ?? { year: 0 }) : born
  if (typeof born === 'string' && date === undefined) throw new BadMessage('The birth date is no date.', { code: '102', at: { segment: 'PID', field: 7 } }) // prettier-ignore
  const language = value(pid, 15)
  const said: { [F in Overwritable]?: string | null | undefined } = {
    firstName: value(pid, 5, { component: 2 }),
    middleName: value(pid, 5, { component: 3 }),
    lastName: value(pid, 5),
    birthDate: date,
    ...reachedBy(pid),
    language: typeof language === 'string' ? languageOf(language) : language,
  }
  return Object.fromEntries(Object.entries(said).filter(([, one]) => one !== undefined))
}

/** XTN: what a number is for stands in its equipment type (.3) or use (.2); since 2.7 its parts alone make the number. */
function reachedBy(pid: Segment | undefined): Pick<Said, 'homePhone' | 'cellPhone' | 'email'> {
  const said: { homePhone?: string | null; cellPhone?: string | null; email?: string | null } = {}
  for (const field of [13, 14])
    for (let repetition = 1; repetition <= repetitions(pid, field); repetition++) {
      const part = (component: number): string => textAt(pid, field, { repetition, component })
      const [use, equipment, address] = [part(2).toUpperCase(), part(3).toUpperCase(), part(4)]
      if (address !== '') said.email ??= address
      else if ((equipment === 'INTERNET' || use === 'NET') && part(1).includes('@')) said.email ??= part(1)
      const given = value(pid, field, { repetition })
      const number = given === undefined ? (part(12) || [part(5) && `+${part(5)}`, part(6), part(7)].filter(Boolean).join(' ')) : given // prettier-ignore
      if (number === '' || (typeof number === 'string' && number.includes('@'))) continue
      if (equipment === 'CP' || use === 'PRS') said.cellPhone ??= number
      else if (field === 13 && use !== 'WPN' && equipment !== 'FX' && said.homePhone === undefined) said.homePhone = number // prettier-ignore
    }
  return said
}

const languages = new Map(Object.entries({ eng: 'en', english: 'en', spa: 'es', spanish: 'es', español: 'es' }))
/** ISO 639: two letters where they are known, else as it was given. */
function languageOf(text: string): string {
  const plain = text.toLowerCase()
  return languages.get(plain) ?? (/^[a-z]{2}(-[a-z]{2})?$/.test(plain) ? plain : text)
}

async function registered(handling: Handling, ids: readonly PeerId[], said: Said): Promise<Change> {
  const { queue, mint, queued } = handling
  if (!said.lastName) throw new BadMessage('A patient without a name cannot be registered.', { code: '101', at: { segment: 'PID', field: 5 } }) // prettier-ignore
  const person = personDigest(queue, { ...said, firstName: said.firstName ?? '' })
  if (person && queue.peopleLike(person).length > 0)
    throw new BadMessage('A patient of this name and birth date is here already under another id. Say which one it is, with: patientconnection hl7 link', { code: '205', at: { segment: 'PID', field: 3 } }) // prettier-ignore
  const patient = mint()
  // Which document it is stands before the document does: applied again after a crash, it is the same one (DOM-17).
  await queue.identify('patient', ids, patient, { isNew: true })
  if (person) queue.keepPerson(patient, person)
  return created(handling, patient, said, queued.at)
}

function created({ channel, site }: Handling, patient: string, said: Said, at: number): Change {
  const fields: PatientFields = {
    firstName: said.firstName ?? '',
    middleName: said.middleName ?? null,
    lastName: said.lastName ?? '',
    birthDate: said.birthDate ?? null,
    homePhone: said.homePhone ?? null,
    cellPhone: said.cellPhone ?? null,
    email: said.email ?? null,
    language: said.language ?? null,
    zones: null,
    // DOM-20: nobody has said yes.
    textConsent: null,
    emailConsent: null,
    portalEnabled: false,
    balanceDueCents: null,
    survivor: null,
    guarantor: null,
    relatives: [],
    deleted: false,
  }
  const facts = { patient, site, shown: false, reachable: false, startsAt: null }
  const name = [fields.firstName, fields.lastName].filter(Boolean).join(' ')
  return {
    patient,
    edits: [{ collection: 'patients', key: patient, facts, set: { ...fields }, at }],
    records: [
      {
        record: {
          table: 'patients',
          document: patient,
          patient,
          set: { ...rowOf(fields), portal_enabled: 0 },
          was: {},
        },
        todo: {
          why: `${channel.name} registered ${name}${fields.birthDate ? `, born ${fields.birthDate}` : ''}, who is not in InSched yet.`,
          todo: 'Enter the patient in InSched by this name and birth date. Both are one patient here from then on, and this item ends by itself.',
        },
      },
    ],
  }
}

const columnOf: Readonly<Record<Overwritable, string>> = { firstName: 'first_name', middleName: 'middle_name', lastName: 'last_name', birthDate: 'birth_date', homePhone: 'home_phone', cellPhone: 'cell_phone', email: 'email', language: 'language' } // prettier-ignore
/** InSched's columns of these fields. */
function rowOf(fields: Said): Record<string, string | null> {
  return Object.fromEntries(overwritable.flatMap((field) => (fields[field] === undefined ? [] : [[columnOf[field], fields[field]]]))) // prettier-ignore
}

async function changed(handling: Handling, patient: string, ids: readonly PeerId[], said: Said): Promise<Change> {
  const { replica, queue, channel, queued } = handling
  const record = await replica.record('patients', patient)
  await queue.identify('patient', ids.filter(({ authority }) => authority !== channel.ownAuthority), patient) // prettier-ignore
  if (!record) return created(handling, patient, said, queued.at)
  const stands = record.fields as Partial<Record<Overwritable, string | null>>
  const differs = (field: Overwritable): boolean => said[field] !== undefined && (said[field] ?? '') !== (stands[field] ?? '') // prettier-ignore
  const renamed = differs('firstName') || differs('lastName')
  if (renamed && differs('birthDate') && stands['birthDate'] && said.birthDate)
    throw new BadMessage('Name and birth date are both others than here, so this may be another person. Nothing was changed.', { code: '204', at: { segment: 'PID', field: 5 } }) // prettier-ignore
  const isInSched = !queue.isLanded(patient)
  const may = (field: Overwritable): boolean => !isInSched || (stands[field] ?? '') === '' || channel.mayOverwrite.includes(field) // prettier-ignore
  const fields = overwritable.filter((field) => differs(field) && !(needed.has(field) && !said[field]))
  const [taken, kept] = [fields.filter(may), fields.filter((field) => !may(field))]
  const set: Record<string, Json> = Object.fromEntries(taken.map((field) => [field, said[field] ?? null]))
  const lines = (list: readonly Overwritable[]): string => list.map((field) => `${fieldNames[field]}: ${stands[field] || 'nothing'} -> ${said[field] ?? 'nothing'}`).join('; ') // prettier-ignore
  const check = 'Check with the patient, and enter in InSched what is right.'
  const was = Object.fromEntries(taken.map((field) => [field, stands[field] ?? null]))
  const change = { table: 'patients' as const, document: patient, patient, set: rowOf(set as Said), was: rowOf(was) }
  return {
    patient,
    edits: taken.length > 0 ? [{ collection: 'patients', key: patient, set, at: queued.at }] : [],
    warnings: kept.map((field): Complaint => ({ message: 'This field is the office’s own and was kept.', code: '103', at: { segment: 'PID', field: places[field] }, severity: 'W' })), // prettier-ignore
    todo:
      kept.length === 0
        ? undefined
        : { why: `${channel.name} has other values, which were not taken: ${lines(kept)}.`, todo: check },
    records:
      taken.length === 0
        ? []
        : [{ record: change, todo: { why: `${channel.name} changed: ${lines(taken)}.`, todo: check } }],
  }
}
