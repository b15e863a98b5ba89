/**
 * What the practice tells a peer: a follower for each channel that goes out, over what its triggers are about. A message is
 * queued durably under a control id that follows from what it is about, so that a crash queues it once. What stood when the
 * channel was added is not told. A check-in, a booking, and what staff post, is told by what made it, so that one that is cleared at once
 * is told all the same.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../../replica/clock.ts'
import { derivedUlid } from '../../replica/ids.ts'
import { foldConfirmations } from '../../replica/kinds/confirmations.ts'
import { foldPayments } from '../../replica/kinds/payments.ts'
import type { EventFields, LocationValue } from '../../replica/kinds/fields.ts'
import type { Collection } from '../../replica/collections.ts'
import type { DocumentHead, FollowerOptions, Replica } from '../../replica/replica-face.ts'
import type { Booking } from '../insched/bookings.ts'
import type { CheckIn } from '../insched/check-ins.ts'
import type { Posting } from '../insched/postings.ts'
import type { PatientRow } from '../insched/rows.ts'
import { BadMessage } from './bad-message.ts'
import { overwritable, type OutboundChannel } from './channels.ts'
import { standardDelimiters } from './delimiters.ts'
import { writeMessageBytes } from './encodings.ts'
import type { Numbers } from './handling.ts'
import { makeSegment, parseMessage, segmentOf, type Message } from './message.ts'
import { paymentsTold, postingTold, type MoneyTold } from './money-out.ts'
import { patientSegment } from './patient-segment.ts'
import { profileFor, segmentsFrom, type Said, type Trigger } from './profiles.ts'
import type { MessageQueue } from './queue-sqlite.ts'
import { timeOf } from './times.ts'

export interface OutboundParts {
  readonly queue: MessageQueue
  readonly replica: Replica
  readonly numbers: Numbers
  readonly site: string
  readonly clock: Clock
}
/** Queues bytes for the channel; nothing where one under this control id is there. */
export type Enqueue = (bytes: Uint8Array, control: string) => Promise<void>

/** What is to be told is no message that this channel can send: a person has to look. */
export class NoMessage extends Error {
  override readonly name = 'NoMessage'
}

export interface Outbound {
  /** What the channel tells by records and entries; undefined where it tells nothing of these. */
  readonly follower: FollowerOptions | undefined
  /** Tells a check-in where the channel tells check-ins; the same again changes nothing. Rejects with NoMessage where it cannot be told, and otherwise where it is to be tried again. */
  checkedIn(checkIn: CheckIn): Promise<void>
  /** The same of an event that was booked, moved, canceled or deleted. */
  booked(booking: Booking): Promise<void>
  /** The same of what staff posted in InSched. */
  posted(posting: Posting): Promise<void>
}

const followed: Readonly<Partial<Record<Trigger, Collection>>> = { 'patient changed': 'patients', confirmed: 'confirmations', 'payment posted': 'payments', 'payment reversed': 'payments' } // prettier-ignore

/** What a channel tells. */
export function outboundOf(channel: OutboundChannel, parts: OutboundParts, enqueue: Enqueue): Outbound {
  const { queue, replica, numbers, site, clock } = parts
  const collections = [...new Set(channel.sends.flatMap((trigger) => followed[trigger] ?? []))]
  const since = channel.since ?? 0
  interface About extends Partial<Said> {
    readonly patient: string
    readonly event?: string
    readonly id: string
  }

  const tell = async (trigger: Trigger, about: About): Promise<void> => {
    const record = await replica.record('patients', about.patient)
    if (!record) return
    const control = derivedUlid('hl7 out', channel.name, trigger, about.id).slice(-20)
    await enqueue(await bytesOf(trigger, about, record.fields, control), control)
  } // prettier-ignore

  const bytesOf = async (...what: Parameters<typeof messageOf>): Promise<Uint8Array> => {
    const message = await messageOf(...what).catch((error: unknown) => {
      throw error instanceof BadMessage ? new NoMessage(error.message, { cause: error }) : error
    })
    try {
      return writeMessageBytes(message, channel.characterSet)
    } catch (cause) {
      throw new NoMessage((cause as Error).message, { cause })
    }
  }
  const messageOf = async (trigger: Trigger, about: About, fields: Readonly<Record<string, unknown>>, control: string): Promise<Message> => {
    const number = await numberOf(about.patient)
    const ids = [...(number === undefined ? [] : [{ authority: channel.ownAuthority, id: number }]), ...queue.idsOf(about.patient)]
    const profile = profileFor(trigger, channel.profiles[trigger])
    const now = timeOf(clock.now())
    const values = { now, own: channel.ownAuthority, ...(about.event === undefined ? {} : await eventValues(about.event)), ...about.values }
    const kind = parseMessage(`MSH|^~\\&|||||||${profile.kind}\r`)
    return {
      ...(channel.form === 'xml' ? { form: 'xml' as const } : {}),
      delimiters: standardDelimiters,
      segments: [
        makeSegment('MSH', {
          3: channel.application, 4: channel.facility, 5: channel.receivingApplication, 6: channel.receivingFacility, 7: now,
          9: segmentOf(kind, 'MSH')!.fields[6]!, 10: control, 11: channel.testing ? 'T' : 'P', 12: channel.version,
          18: channel.characterSet === 'UNICODE UTF-8' ? 'UNICODE UTF-8' : channel.characterSet,
        }),
        ...segmentsFrom(profile, { values, ...(about.several ? { several: about.several } : {}) }, patientSegment(fields, ids)), // prettier-ignore
      ],
    }
  } // prettier-ignore

  /** InSched's number; undefined where InSched does not have it yet. Throws while it cannot be asked. */
  const numberOf = async (document: string): Promise<string | undefined> => {
    const number = await numbers.localOf(document)
    if (number !== undefined) return String(number)
    if (queue.isLanded(document)) return undefined
    throw new Error('InSched cannot be asked for its numbers now.')
  }
  const eventValues = async (event: string): Promise<Record<string, string>> => {
    const fields = (await replica.record('events', event))!.fields as unknown as EventFields
    return { ...(await slotValues(fields, event)), 'event.number': (await numberOf(event)) ?? event }
  }
  /** When and where an event is, and under which id the peer knows it; `event`: its document, where it has one. */
  const slotValues = async ({ startsAt, minutes, location }: Pick<EventFields, 'startsAt' | 'minutes' | 'location'>, event: string | undefined): Promise<Record<string, string>> => {
    const practice = (await replica.record('practice', site))?.fields ?? {}
    const place = practice[`location/${location}`] as unknown as LocationValue | undefined
    const end = Date.parse(`${startsAt}Z`) + minutes * 60_000
    if (Number.isNaN(end)) throw new NoMessage('The event has no start and duration that can be told.')
    return {
      'event.theirs': event === undefined || channel.authority === '' ? '' : (queue.idsOf(event).find(({ authority }) => authority === channel.authority)?.id ?? ''),
      'event.start': plain(startsAt),
      'event.end': plain(new Date(end).toISOString()),
      'event.minutes': String(minutes),
      'event.location': place?.name ?? '',
    }
  } // prettier-ignore

  const patientMet = async (head: DocumentHead, kept: Promise<void>[]): Promise<void> => {
    const record = await replica.record('patients', head.key)
    if (!record || record.fields['deleted'] === true || typeof record.fields['survivor'] === 'string') return
    const told = createHash('sha256').update(JSON.stringify(overwritable.map((field) => record.fields[field] ?? null))).digest() // prettier-ignore
    const isOld = overwritable.every((field) => (record.times.get(field) ?? 0) <= since)
    const id = `${head.key} ${head.seq}`
    if (queue.toldAlready(channel.name, head.key, told)) return
    if (!isOld) await tell('patient changed', { patient: head.key, id })
    kept.push(queue.keepTold(channel.name, head.key, told))
  }
  const confirmationMet = async (head: DocumentHead): Promise<void> => {
    for (const answer of foldConfirmations(await replica.entries('confirmations', head.key))) {
      if (answer.state !== 'written' || answer.at <= since) continue
      const values = { 'confirmed.at': timeOf(answer.at), 'confirmed.by': answer.channel }
      await tell('confirmed', { patient: answer.patient, event: head.key, id: answer.id, values })
    }
  }

  const tellMoney = async ({ trigger, patient, id, at, values, several }: MoneyTold): Promise<void> => {
    if (!channel.sends.includes(trigger) || at <= since) return
    const { guarantor, insurances } = await billingOf(patient)
    await tell(trigger, { patient, id, values, several: { ...several, GT1: guarantor, IN1: insurances } })
  }
  const paymentsMet = async (head: DocumentHead): Promise<void> => {
    if (head.facts.patient === null) return
    for (const told of paymentsTold(head.facts.patient, await replica.entries('payments', head.key)))
      await tellMoney(told)
  }
  /** A deposit that staff entered for a payment at the portal is told with that payment. */
  const isOfPortal = async ({ what, patient, row }: Posting): Promise<boolean> =>
    what === 'payment' && foldPayments(await replica.entries('payments', patient)).payments.some(({ paid }) => paid?.transaction === row['transaction_id']) // prettier-ignore
  /** GT1 and IN1 as far as InSched's data say; neither of a patient whom InSched does not have yet. */
  const billingOf = async (patient: string): Promise<{ guarantor: Record<string, string>[]; insurances: Record<string, string>[] }> => {
    const number = await numberOf(patient)
    if (number === undefined) return { guarantor: [], insurances: [] }
    const billing = await numbers.billingOf(Number(number)).catch((cause: unknown) => {
      throw new Error('InSched cannot be asked now who pays.', { cause })
    })
    const insurances = billing.insurances.map((one, i) => ({
      'insurance.place': String(i + 1),
      'insurance.company': one.company,
      'insurance.group': one.group_number ?? '',
      'insurance.holder': one.holder_name ?? '',
      'insurance.member': one.member_id ?? '',
    }))
    return { guarantor: billing.guarantor ? [guarantorValues(billing.guarantor, number)] : [], insurances }
  } // prettier-ignore

  const follower: FollowerOptions = {
    name: `hl7 out ${channel.name}`,
    collections,
    async handle(heads) {
      // Thousands are met at the first start: they share commits.
      const kept: Promise<void>[] = []
      for (const head of heads) {
        if (head.facts.site !== site) continue
        if (head.collection === 'patients') await patientMet(head, kept)
        else if (head.collection === 'payments') await paymentsMet(head)
        else await confirmationMet(head)
      }
      await Promise.all(kept)
      return []
    },
  }
  return {
    follower: collections.length === 0 ? undefined : follower,
    async checkedIn({ event, patient, id, at }) {
      if (channel.sends.includes('checked in') && at > since) await tell('checked in', { patient, event, id })
    },
    async booked({ what, number, row, former, patient, id, at }) {
      const trigger = `event ${what}` as const
      if (!channel.sends.includes(trigger) || at <= since) return
      const fields = { startsAt: row['starts_at'] as string, minutes: Number(row['minutes']), location: (row['location_id'] ?? null) === null ? null : String(row['location_id'] as number) } // prettier-ignore
      const slot = await slotValues(fields, await numbers.documentOf('events', number))
      const moved =
        former === null ? 'Place or length changed' : `Moved from ${plain(former)} to ${slot['event.start']}`
      const values = { ...slot, 'event.number': String(number), 'event.moved': moved }
      await tell(trigger, { patient, id, values })
    },
    async posted(posting) {
      if (!(await isOfPortal(posting))) await tellMoney(postingTold(posting))
    },
  }
}

/** A wall-clock time as HL7 writes it, to the minute. */
function plain(wall: string): string {
  return wall.slice(0, 16).replaceAll(/[-T:]/g, '')
}

function guarantorValues(row: PatientRow, patient: string): Record<string, string> {
  const isPatient = String(row.patient_id) === patient
  return {
    'guarantor.number': String(row.patient_id),
    'guarantor.lastName': row.last_name ?? '',
    'guarantor.firstName': row.first_name ?? '',
    'guarantor.middleName': row.middle_name ?? '',
    'guarantor.phone': row.home_phone ?? row.cell_phone ?? '',
    'guarantor.birthDate': (row.birth_date ?? '').replaceAll('-', ''),
    'guarantor.relation': isPatient ? 'SEL' : '',
  }
}
