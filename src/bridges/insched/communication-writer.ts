/**
 * Every portal message, request, text and email as a row of Communications, once for ever by the id of what was said; and
 * a review for what a patient wishes of an event, which stays as it is (DOM-6).
 */
import { derivedUlid } from '../../replica/ids.ts'
import { foldCommunications } from '../../replica/kinds/communications.ts'
import type { Entry } from '../../replica/kinds/kind.ts'
import type { RequestEntry } from '../../replica/kinds/requests.ts'
import type { DocumentHead } from '../../replica/replica-face.ts'
import type { WriterParts } from './writer-parts.ts'

/** Writes what a document of messages, requests or communications says. */
export function communicationWriter(parts: WriterParts) {
  const { replica, insched, upToDate, apply, isDone, patientRow, eventRow, review, may } = parts

  const messages = async (head: DocumentHead): Promise<void> => {
    for (const entry of await replica.entries('messages', head.key)) {
      if (entry.kind !== 'message') continue
      const fromPractice = entry.by.role === 'staff' || entry.by.role === 'site'
      await communicate(head, {
        id: entry.id,
        at: entry.at,
        event: entry.event ?? null,
        direction: fromPractice ? 'out' : 'in',
        subject: entry.subject,
        body: entry.text,
        initials: fromPractice ? (entry.by.initials ?? 'PC') : 'PC',
      })
    }
  }

  const wishes = async (head: DocumentHead, entries: readonly Entry<RequestEntry>[]): Promise<void> => {
    for (const entry of entries) {
      if (entry.kind !== 'declined' && entry.kind !== 'wants to move') continue
      const declined = entry.kind === 'declined'
      const subject = declined ? "Can't make it" : 'Asks to move'
      const outcome = await communicate(head, {
        id: entry.id,
        at: entry.at,
        event: entry.event,
        direction: 'in',
        subject,
        body: `${subject}: ${entry.startsAt.replace('T', ' ')}${entry.note ? `. ${entry.note}` : ''}`,
        initials: 'PC',
      })
      if (outcome === 'held') continue
      await replica.change([
        review(declined ? 'patient declined' : 'patient wants to move', {
          key: derivedUlid('request', entry.id),
          patient: head.key,
          event: entry.event,
          why: `The patient ${declined ? 'can’t make' : 'asks to move'} the event of ${entry.startsAt.replace('T', ' ')}.${entry.note ? ` “${entry.note}”` : ''}`,
          todo: 'Nothing was changed in the schedule. Call or write to the patient, then change the event in InSched.',
        }),
      ])
    }
  }

  /** Texts and emails, in and out, once they left or came; what became of one that left is told as it goes on. */
  const texts = async (head: DocumentHead): Promise<void> => {
    const { out, received } = foldCommunications(await replica.entries('communications', head.key))
    for (const { id, at, kind, what, body, event = null, state } of out) {
      if (state === 'queued' || state === 'dropped') continue
      const subject = `${what[0]!.toUpperCase()}${what.slice(1)}`
      const outcome = await communicate(head, { id, at, channel: kind, event, direction: 'out', subject, body, state, initials: 'PC' }) // prettier-ignore
      if (outcome === 'written') await tellState(id, state)
    }
    for (const { id, at, body, event = null } of received)
      await communicate(head, {
        id,
        at,
        channel: 'text',
        event,
        direction: 'in',
        subject: 'Reply',
        body,
        initials: 'PC',
      })
  }
  const tellState = async (message: string, state: string): Promise<void> => {
    const effect = `communication:${message}:${state}`
    if (await isDone(insched, effect)) return
    await upToDate(async (change) => {
      if (!(await isDone(change, effect)))
        await apply(change, effect, async () => {
          if (may.communications) await change.setCommunicationState(message, state)
        })
    })
  }

  interface Item {
    readonly id: string
    /** By default portal. */
    readonly channel?: string
    /** By default what its direction says. */
    readonly state?: string
    readonly at: number
    readonly event: string | null
    readonly direction: 'in' | 'out'
    readonly subject: string
    readonly body: string
    readonly initials: string
  }
  const communicate = async (head: DocumentHead, item: Item): Promise<'written' | 'held' | 'not written'> => {
    const effect = `communication:${item.id}`
    if (await isDone(insched, effect)) return 'written'
    const outcome = await upToDate(async (change) => {
      // Another walk of the same document may have written it while this one read the trail.
      if (await isDone(change, effect)) return 'written'
      const patient = await patientRow(change, head.facts.patient)
      if (patient === 'held') return 'held'
      if (!patient) return 'not written'
      const found = item.event === null ? undefined : await eventRow(change, item.event)
      const { at, direction, subject, body, initials, channel = 'portal', state = direction === 'in' ? 'received' : 'sent' } = item // prettier-ignore
      await apply(change, effect, async () => {
        // Where the practice keeps none in InSched, Recent Communications have it.
        if (!may.communications) return
        await change.addCommunication({
          patient_id: patient.patient_id,
          event_id: found && 'row' in found ? found.row.event_id : null,
          channel,
          direction,
          at_utc: new Date(at).toISOString(),
          subject,
          body,
          state,
          initials,
          external_id: item.id,
        })
      })
      return 'written'
    })
    if (outcome !== 'not written') return outcome
    await replica.change([
      review('message not written', {
        key: derivedUlid('message not written', item.id),
        patient: head.facts.patient,
        event: item.event,
        why: 'A portal message is for a patient who is not, or no longer, in this InSched database.',
        todo: 'Find the patient in InSched and file the message by hand; it stands in Recent Communications.',
      }),
    ])
    return outcome
  }

  return { messages, wishes, texts }
}
