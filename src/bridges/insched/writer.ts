/**
 * The follower that writes into InSched: confirmations, deposits, and every portal message, request, text and email into
 * Communications. One inbound item is one transaction, one checkpoint with the agent's initials, one row of `pc_effects`,
 * once for ever (DOM-15). Level-triggered: it asks what of a document is not done yet. What cannot be applied becomes a review item.
 * An unknown patient or event is unknown for good, whatever the link has still to bring: an identity is committed in
 * InSched before anything of its row leaves. What is for a held patient waits (DOM-17).
 */
import type { Clock } from '../../replica/clock.ts'
import { derivedUlid } from '../../replica/ids.ts'
import { foldCommunications } from '../../replica/kinds/communications.ts'
import { foldConfirmations, type Answer, type SetAsideReason } from '../../replica/kinds/confirmations.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { ReviewKind } from '../../replica/kinds/reviews.ts'
import type { DocumentHead, Edit, Projection, Replica } from '../../replica/replica-face.ts'
import { consentChanges, type Numbers } from './consent-changes.ts'
import { contactChanges, type WriterParts } from './contact-changes.ts'
import { recordWrites } from './record-writes.ts'
import { depositWriter } from './deposits.ts'
import { zoneOf } from './documents.ts'
import type { Changes, InSched, Reads } from './insched.ts'
import type { EventRow, PatientRow } from './rows.ts'
import type { Reader } from './reader.ts'
import { instantOf, wallClockOf } from '../../mirror/wall-clock.ts'

export interface WriterOptions {
  readonly insched: InSched
  readonly replica: Replica
  readonly reader: Reader
  readonly site: string
  /** The computer's name as InSched stamps it. */
  readonly station: string
  readonly clock: Clock
  /** How numbers are known; without it consent is not written. */
  readonly numbers?: Numbers | undefined
}

/** DOM-5; the reference database uses the words as they are. */
const confirmationTypes = { portal: 'Portal', text: 'Text', email: 'Email', console: 'Phone' } as const
/** Only staff say of which type an answer is; of every other the channel decides. */
const typeOf = ({ channel, type }: Answer): string =>
  (channel === 'console' ? type : undefined) ?? confirmationTypes[channel]

const whySetAside: Readonly<Record<SetAsideReason, string>> = {
  moved: 'The event was moved after the patient saw it, so the answer is for another time.',
  canceled: 'The event is canceled.',
  'no show': 'The event is marked No Show.',
  'checked out': 'The event is checked out.',
  deleted: 'The event was deleted in InSched.',
  past: 'The event had begun before the patient answered.',
  'unknown event': 'The event is not in this InSched database.',
  'another patient': 'The event is now another patient’s.',
}

/** What stands in InSched's row after an answer was written, and what is said of the answer. */
interface Stands {
  readonly row: EventRow | undefined
  readonly stands: { readonly lastConfirmed: string | null; readonly confirmationType: string | null }
  readonly written: { readonly lastConfirmed: string; readonly confirmationType: string }
}
type Judged = Stands | { readonly edits: Edit[] }

/** What the writer follows. */
export const writtenCollections = ['confirmations', 'messages', 'requests', 'communications', 'payments'] as const

/** The handler of the follower. */
export function inSchedWriter(options: WriterOptions) {
  const { insched, replica, reader, clock } = options
  const by: By = { role: 'site', id: options.site, initials: 'PC' }

  /** Runs `work` in one write transaction that begins with nothing unread: what staff changed comes first. */
  const upToDate = async <T>(work: (change: Changes) => Promise<T>): Promise<T> => {
    for (;;) {
      await reader.readAllUnread()
      const outcome = await insched.write(async (change) => ((await reader.hasUnread(change)) ? undefined : { done: await work(change) })) // prettier-ignore
      if (outcome) return outcome.done
    }
  }
  /** One inbound item: its statements, its checkpoint and its effect, within the transaction of `upToDate`. */
  const apply = async (change: Changes, effect: string, statements: () => Promise<void>): Promise<void> => {
    await change.own({ checkpoint: effect, station: options.station }, statements)
    await change.addEffect(effect, new Date(clock.now()).toISOString())
    await reader.passOwn(change)
  }
  const isDone = async (now: Reads, effect: string): Promise<boolean> => (await now.effects([effect])).size > 0

  /** The row that a patient's items go to: after Combine the Survivor's, cycles refused (DOM-10). */
  const patientRow = async (now: Reads, key: string | null): Promise<PatientRow | 'held' | undefined> => {
    const identity = key === null ? undefined : await now.identity(key)
    return identity && identity.gone === 0 ? survivorOf(now, identity.local_id) : undefined
  }
  const survivorOf = async (now: Reads, patient: number | null): Promise<PatientRow | 'held' | undefined> => {
    const seen = new Set<number>()
    for (let id = patient; id !== null;) {
      const row = (await now.patients([id]))[0]
      if (!row || seen.has(id)) return undefined
      if ((await now.identities('patients', [id])).some((identity) => identity.held !== null)) return 'held'
      if (row.survivor_id === null) return row
      seen.add(id)
      id = row.survivor_id
    }
    return undefined
  }
  const eventRow = async (now: Reads, key: string): Promise<{ row: EventRow } | { why: SetAsideReason }> => {
    const identity = await now.identity(key)
    if (!identity) return { why: 'unknown event' }
    const row = identity.gone === 0 ? (await now.events([identity.local_id]))[0] : undefined
    return row ? { row } : { why: 'deleted' }
  }

  const review = (
    about: ReviewKind,
    what: { key: string; patient: string | null; event: string | null; why: string; todo: string },
  ): Edit => ({
    collection: 'reviews',
    key: what.key,
    facts: { patient: what.patient, site: options.site, shown: false, reachable: false, startsAt: null },
    add: {
      opened: {
        kind: 'opened',
        at: clock.now(),
        by,
        about,
        why: what.why,
        todo: what.todo,
        patient: what.patient,
        event: what.event,
      },
    },
  })

  const confirmations = async (head: DocumentHead): Promise<void> => {
    const answers = foldConfirmations(await replica.entries('confirmations', head.key))
    if (!insched.mayWrite.confirmations) {
      const waiting = answers.filter((answer) => answer.state === 'sent')
      if (waiting.length > 0) await replica.change(waiting.map((answer) => byHand(head.key, answer)))
      return
    }
    for (const answer of answers) if (answer.state === 'sent') await confirm(head, answer)
  }

  const confirm = async (head: DocumentHead, answer: Answer): Promise<void> => {
    const judged = await upToDate((change) => judge(change, head.key, answer))
    const edits = 'stands' in judged ? await saidOf(head.key, answer, judged) : judged.edits
    if (edits.length > 0) await replica.change(edits)
  }

  const judge = async (change: Changes, event: string, answer: Answer): Promise<Judged> => {
    const effect = `confirmation:${answer.id}`
    const found = await eventRow(change, event)
    const row = 'row' in found ? found.row : undefined
    const done = await isDone(change, effect)
    if (!done) {
      const objection = row ? await objectionTo(change, row, answer) : 'why' in found ? found.why : 'deleted'
      if (objection === 'held') return { edits: [] }
      if (objection !== undefined) return { edits: setAside(event, answer, objection) }
    }
    const type = typeOf(answer)
    const confirmed = wallClockOf(answer.at, zoneOf(await reader.context(change), row?.location_id ?? null))
    // DOM-2: the greatest time stands, with its type; an older answer or a repeat changes nothing.
    const newer = !done && row && (row.last_confirmed_date === null || confirmed > row.last_confirmed_date)
    if (!done) await apply(change, effect, async () => void (newer && (await change.confirm(row.event_id, confirmed, type)))) // prettier-ignore
    const stands = newer
      ? { lastConfirmed: confirmed, confirmationType: type }
      : { lastConfirmed: row?.last_confirmed_date ?? null, confirmationType: row?.confirmation_type ?? null }
    // It was written before a crash, and staff have cleared or deleted it since.
    const written = { lastConfirmed: stands.lastConfirmed ?? confirmed, confirmationType: stands.confirmationType ?? type } // prettier-ignore
    return { row, stands, written }
  }

  /** What is said of an answer once it is committed in InSched: that it is written, and whether it was read back there. */
  const saidOf = async (event: string, answer: Answer, { row, stands, written }: Stands): Promise<Edit[]> => {
    const seen = row && (await insched.events([row.event_id]))[0]
    const isThere = seen?.last_confirmed_date === written.lastConfirmed && seen.confirmation_type === written.confirmationType // prettier-ignore
    const at = clock.now()
    return [
      {
        collection: 'confirmations',
        key: event,
        add: {
          [`written:${answer.id}`]: {
            kind: 'written',
            at,
            by,
            answer: answer.id,
            ...written,
            ...(isThere ? { readBackAt: clock.now() } : {}),
          },
        },
      },
      // The agent does not read its own change back as news: the record is told here, by what stands in the row.
      ...(row ? [{ collection: 'events' as const, key: event, set: stands, at }] : []),
    ]
  }

  /** DOM-3 and DOM-4; 'held' where it cannot be said before a person has (DOM-17). */
  const objectionTo = async (
    now: Reads,
    row: EventRow,
    answer: Answer,
  ): Promise<SetAsideReason | 'held' | undefined> => {
    // prettier-ignore
    const [answered, owner] = [await patientRow(now, answer.patient), await survivorOf(now, row.patient_id)]
    if (answered === 'held' || owner === 'held') return 'held'
    if (!answered || owner?.patient_id !== answered.patient_id) return 'another patient'
    if (row.starts_at !== answer.startsAt) return 'moved'
    if (row.status === 'Canceled') return 'canceled'
    if (row.status === 'No Show') return 'no show'
    if (row.status === 'Checked Out') return 'checked out'
    return answer.at >= instantOf(row.starts_at, zoneOf(await reader.context(now), row.location_id))
      ? 'past'
      : undefined
  }

  /** The practice writes confirmations itself: the answer waits, and somebody is told. */
  const byHand = (event: string, answer: Answer): Edit =>
    review('confirmation set aside', {
      key: derivedUlid('confirmation by hand', event, answer.id),
      patient: answer.patient,
      event,
      why: `A patient confirmed ${answer.startsAt.replace('T', ' ')}. The mapping of this InSched database does not let the agent write confirmations.`,
      todo: 'Write it into the schedule by hand, or let the agent write confirmations in the mapping.',
    })

  const setAside = (event: string, answer: Answer, why: SetAsideReason): Edit[] => {
    const key = derivedUlid('confirmation set aside', event, answer.id)
    return [
      {
        collection: 'confirmations',
        key: event,
        add: {
          [`aside:${answer.id}`]: { kind: 'set aside', at: clock.now(), by, answer: answer.id, why, review: key },
        },
      },
      review('confirmation set aside', {
        key,
        patient: answer.patient,
        event,
        why: `A patient confirmed ${answer.startsAt.replace('T', ' ')}. ${whySetAside[why]} Nothing was written into the schedule.`,
        todo:
          why === 'moved'
            ? 'The portal asks the patient again for the new time. Call if it is soon.'
            : 'Check with the patient whether they are coming.',
      }),
    ]
  }

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

  const requests = async (head: DocumentHead): Promise<void> => {
    const entries = await replica.entries('requests', head.key)
    await changeContact(head, entries)
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

  const parts: WriterParts = { replica, insched, clock, upToDate, apply, isDone, patientRow, review, mayWrite: insched.mayWrite.contact } // prettier-ignore
  const changeContact = contactChanges(parts)
  const followConsent =
    options.numbers && insched.mayWrite.consent
      ? consentChanges({ ...parts, numbers: options.numbers, sayPatient: reader.wouldSay })
      : undefined
  const deposits = depositWriter({ ...parts, by, may: insched.mayWrite.deposits === true, zone: async (now) => (await reader.context(now)).zone }) // prettier-ignore

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
          if (insched.mayWrite.communications) await change.setCommunicationState(message, state)
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
        if (!insched.mayWrite.communications) return
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

  return {
    /** Writes an answer that InSched's database has lost, with its checks (DOM-19). */
    confirm,
    /** The handler of the follower of consents. */
    async followConsent(documents: readonly DocumentHead[]): Promise<readonly Projection[]> {
      await followConsent?.(documents)
      return []
    },
    /** Writes a record that another system made or changed. */
    writeRecord: recordWrites({ replica, insched, clock, upToDate, apply, isDone, patientRow, reader }),
    async handle(documents: readonly DocumentHead[]): Promise<readonly Projection[]> {
      for (const head of documents) {
        // What another site's patients say is for that site's database.
        if (head.facts.site !== null && head.facts.site !== options.site) continue
        if (head.collection === 'confirmations') await confirmations(head)
        else if (head.collection === 'messages') await messages(head)
        else if (head.collection === 'communications') await texts(head)
        else if (head.collection === 'payments') await deposits(head)
        else await requests(head)
      }
      return []
    },
  }
}
