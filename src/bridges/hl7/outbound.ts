/**
 * What the practice tells a peer: a follower for each channel that goes out, over what its triggers are about. A message is
 * queued durably under a control id that follows from what it is about, so that a crash queues it once. What stood when the
 * channel was added is not told. A check-in is told by the record: one that is cleared before the record had it is not.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../../replica/clock.ts'
import { derivedUlid } from '../../replica/ids.ts'
import { foldConfirmations } from '../../replica/kinds/confirmations.ts'
import type { EventFields, LocationValue } from '../../replica/kinds/fields.ts'
import type { Collection } from '../../replica/collections.ts'
import type { DocumentHead, FollowerOptions, Replica } from '../../replica/replica-face.ts'
import { overwritable, type OutboundChannel } from './channels.ts'
import { standardDelimiters } from './delimiters.ts'
import { writeMessageBytes } from './encodings.ts'
import type { Numbers } from './handling.ts'
import { makeSegment, parseMessage, segmentOf, type Message } from './message.ts'
import { patientSegment } from './patient-segment.ts'
import { profileFor, segmentsFrom, type Trigger } from './profiles.ts'
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

const followed: Readonly<Record<Trigger, Collection>> = { 'patient changed': 'patients', 'checked in': 'events', confirmed: 'confirmations' } // prettier-ignore

/** The follower of a channel; undefined where it has no triggers. */
export function outboundFollower(
  channel: OutboundChannel,
  parts: OutboundParts,
  enqueue: Enqueue,
): FollowerOptions | undefined {
  const { queue, replica, numbers, site, clock } = parts
  const collections = [...new Set(channel.sends.map((trigger) => followed[trigger]))]
  if (collections.length === 0) return undefined
  const since = channel.since ?? 0

  const tell = async (trigger: Trigger, about: { patient: string; event?: string; id: string; values?: Readonly<Record<string, string>> }): Promise<void> => {
    const record = await replica.record('patients', about.patient)
    if (!record) return
    const control = derivedUlid('hl7 out', channel.name, trigger, about.id).slice(-20)
    const message = await messageOf(trigger, about, record.fields, control)
    await enqueue(writeMessageBytes(message, channel.characterSet), control)
  } // prettier-ignore

  const messageOf = async (trigger: Trigger, about: { patient: string; event?: string; values?: Readonly<Record<string, string>> }, fields: Readonly<Record<string, unknown>>, control: string): Promise<Message> => {
    const number = await numberOf(about.patient)
    const ids = [...(number === undefined ? [] : [{ authority: channel.ownAuthority, id: number }]), ...queue.idsOf(about.patient)]
    const profile = profileFor(trigger, channel.profiles[trigger])
    const now = timeOf(clock.now())
    const values = { now, own: channel.ownAuthority, ...(about.event === undefined ? {} : await eventValues(about.event)), ...about.values }
    const kind = parseMessage(`MSH|^~\\&|||||||${profile.kind}\r`)
    return {
      delimiters: standardDelimiters,
      segments: [
        makeSegment('MSH', {
          3: channel.application, 4: channel.facility, 5: channel.receivingApplication, 6: channel.receivingFacility, 7: now,
          9: segmentOf(kind, 'MSH')!.fields[6]!, 10: control, 11: channel.testing ? 'T' : 'P', 12: channel.version,
          18: channel.characterSet === 'UNICODE UTF-8' ? 'UNICODE UTF-8' : channel.characterSet,
        }),
        ...segmentsFrom(profile, values, patientSegment(fields, ids)),
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
    const practice = (await replica.record('practice', site))?.fields ?? {}
    const place = practice[`location/${fields.location}`] as unknown as LocationValue | undefined
    const end = new Date(Date.parse(`${fields.startsAt}Z`) + fields.minutes * 60_000).toISOString()
    const plain = (wall: string): string => wall.slice(0, 16).replaceAll(/[-T:]/g, '')
    return {
      'event.number': (await numberOf(event)) ?? event,
      'event.start': plain(fields.startsAt),
      'event.end': plain(end),
      'event.minutes': String(fields.minutes),
      'event.location': place?.name ?? '',
    }
  }

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
  const eventMet = async (head: DocumentHead): Promise<void> => {
    const record = await replica.record('events', head.key)
    const { patient } = head.facts
    if (!record || patient === null || record.fields['deleted'] === true) return
    const at = record.times.get('status') ?? 0
    // The time of the check-in is what tells it from another of the same event.
    if (record.fields['status'] === 'Checked In' && at > since) await tell('checked in', { patient, event: head.key, id: `${head.key} ${at}` }) // prettier-ignore
  }
  const confirmationMet = async (head: DocumentHead): Promise<void> => {
    for (const answer of foldConfirmations(await replica.entries('confirmations', head.key))) {
      if (answer.state !== 'written' || answer.at <= since) continue
      const values = { 'confirmed.at': timeOf(answer.at), 'confirmed.by': answer.channel }
      await tell('confirmed', { patient: answer.patient, event: head.key, id: answer.id, values })
    }
  }

  return {
    name: `hl7 out ${channel.name}`,
    collections,
    async handle(heads) {
      // Thousands are met at the first start: they share commits.
      const kept: Promise<void>[] = []
      for (const head of heads) {
        if (head.facts.site !== site) continue
        if (head.collection === 'patients') await patientMet(head, kept)
        else if (head.collection === 'events') await eventMet(head)
        else await confirmationMet(head)
      }
      await Promise.all(kept)
      return []
    },
  }
}
