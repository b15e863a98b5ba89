/**
 * Who a message is about: the patient behind its ids, Survivors after Combine (DOM-10), and whether somebody of the same
 * name and birth date is here already. Names are compared by keyed digests, which `adoption.ts` keeps.
 */
import type { Replica } from '../../replica/replica-face.ts'
import { BadMessage, type Place } from './bad-message.ts'
import { authorityOf } from './channels.ts'
import type { Handling } from './handling.ts'
import { repetitions, textAt, type Segment } from './message.ts'
import type { MessageQueue } from './queue-sqlite.ts'

export interface PeerId {
  readonly authority: string
  readonly id: string
}

/** The ids in a field of CX, each repetition one. */
export function idsIn(segment: Segment | undefined, field: number, channel: { authority: string; name: string }): PeerId[] {
  return Array.from({ length: repetitions(segment, field) }, (_, place) => {
    const at = { repetition: place + 1 }
    return { id: textAt(segment, field, at), authority: textAt(segment, field, { ...at, component: 4 }) || authorityOf(channel) }
  }).filter(({ id }) => id !== '')
} // prettier-ignore

/** The ids by which a PID names its patient: PID-3, in old versions PID-2. Throws where it names none. */
export function patientIds(pid: Segment | undefined, channel: { authority: string; name: string }): PeerId[] {
  const ids = idsIn(pid, 3, channel)
  const found = ids.length > 0 ? ids : idsIn(pid, 2, channel)
  if (found.length === 0) throw new BadMessage('The message names no patient.', { code: '101', at: { segment: 'PID', field: 3 } }) // prettier-ignore
  return found
}

type Known = Pick<Handling, 'queue' | 'replica' | 'numbers' | 'channel'>

/** The document that an id stands for: one of InSched's own numbers, or one that was met before. */
export async function documentOf({ queue, numbers, channel }: Known, kind: 'patient' | 'event', { authority, id }: PeerId): Promise<string | undefined> {
  if (authority === channel.ownAuthority && /^\d{1,15}$/.test(id)) return numbers.documentOf(kind === 'patient' ? 'patients' : 'events', Number(id))
  return queue.identity(kind, authority, id)?.document
} // prettier-ignore

/** The patient of these ids; undefined where none is known. Throws where they are of several patients. */
export async function patientOfIds(known: Known, ids: readonly PeerId[], at: Place): Promise<string | undefined> {
  const found = new Set<string>()
  for (const id of ids) {
    const document = await documentOf(known, 'patient', id)
    if (document !== undefined) found.add(await survivorOf(known.replica, document))
  }
  if (found.size > 1) throw new BadMessage('The ids of this message are of several patients here. Combine them first, or send one id.', { code: '204', at }) // prettier-ignore
  const [only] = found
  return only
}

/** A patient that is known; throws what is answered AE where none is. */
export async function knownPatient(known: Known, ids: readonly PeerId[], at: Place): Promise<string> {
  const patient = await patientOfIds(known, ids, at)
  if (patient === undefined) throw new BadMessage('This patient is not known here. Register the patient first.', { code: '204', at }) // prettier-ignore
  return patient
}

/** Where what is addressed to a patient goes after Combine: chains are followed, a cycle ends where it began (DOM-10). */
export async function survivorOf(replica: Pick<Replica, 'record'>, patient: string): Promise<string> {
  const seen = new Set<string>()
  for (let key = patient; ;) {
    seen.add(key)
    const next = (await replica.record('patients', key))?.fields['survivor']
    if (typeof next !== 'string') return key
    if (seen.has(next)) return patient
    key = next
  }
}

/** The digest of name and birth date by which a person is found again; null where one of them is missing. */
export function personDigest(
  queue: Pick<MessageQueue, 'digest'>,
  { firstName, lastName, birthDate }: Readonly<Record<string, unknown>>,
): Buffer | null {
  if (typeof firstName !== 'string' || typeof lastName !== 'string' || typeof birthDate !== 'string') return null
  if (lastName === '' || birthDate === '') return null
  const plain = (text: string): string =>
    text
      .normalize('NFD')
      .replaceAll(/[^\p{L}\p{N}]/gu, '')
      .toLowerCase()
  return queue.digest('person', plain(firstName), plain(lastName), birthDate)
}
