/**
 * The follower that writes into InSched: confirmations, deposits, and every portal message, request, text and email into
 * Communications. One inbound item is one transaction, one checkpoint with the agent's initials, one row of `pc_effects`,
 * once for ever (DOM-15). Level-triggered: it asks what of a document is not done yet. What cannot be applied becomes a review item.
 * An unknown patient or event is unknown for good, whatever the link has still to bring: an identity is committed in
 * InSched before anything of its row leaves. What is for a held patient waits (DOM-17).
 */
import type { Clock } from '../../replica/clock.ts'
import type { SetAsideReason } from '../../replica/kinds/confirmations.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { ReviewKind } from '../../replica/kinds/reviews.ts'
import type { DocumentHead, Edit, Projection, Replica } from '../../replica/replica-face.ts'
import { consentChanges, type Numbers } from './consent-changes.ts'
import { communicationWriter } from './communication-writer.ts'
import { confirmationWriter } from './confirmation-writer.ts'
import { contactChanges } from './contact-changes.ts'
import { recordWrites } from './record-writes.ts'
import { depositWriter } from './deposits.ts'
import type { Changes, InSched, Reads } from './insched.ts'
import { eventsOf } from './occurrences.ts'
import type { EventRow, PatientRow } from './rows.ts'
import type { Reader } from './reader.ts'
import type { WriterParts } from './writer-parts.ts'

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
    const row = identity.gone === 0 ? (await eventsOf(now, [identity], () => reader.context(now)))[0] : undefined
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

  const parts: WriterParts = { replica, insched, clock, may: insched.mayWrite, upToDate, apply, isDone, patientRow, survivorOf, eventRow, review } // prettier-ignore
  const confirmations = confirmationWriter({
    ...parts,
    by,
    site: options.site,
    context: reader.context,
    hasOccurrences: insched.hasOccurrences,
  })
  const communications = communicationWriter(parts)
  const changeContact = contactChanges(parts)
  const followConsent =
    options.numbers && insched.mayWrite.consent
      ? consentChanges({ ...parts, numbers: options.numbers, sayPatient: (patient) => reader.sayPatients([patient]) })
      : undefined
  const requests = async (head: DocumentHead): Promise<void> => {
    const entries = await replica.entries('requests', head.key)
    await changeContact(head, entries)
    await communications.wishes(head, entries)
  }
  const deposits = depositWriter({ ...parts, by, zone: async (now) => (await reader.context(now)).zone }) // prettier-ignore

  return {
    /** Writes an answer that InSched's database has lost, with its checks (DOM-19). */
    confirm: confirmations.confirm,
    /** The handler of the follower of consents. */
    async followConsent(documents: readonly DocumentHead[]): Promise<readonly Projection[]> {
      await followConsent?.(documents)
      return []
    },
    /** Writes a record that another system made or changed. */
    writeRecord: recordWrites({ ...parts, reader }),
    async handle(documents: readonly DocumentHead[]): Promise<readonly Projection[]> {
      for (const head of documents) {
        // What another site's patients say is for that site's database.
        if (head.facts.site !== null && head.facts.site !== options.site) continue
        if (head.collection === 'confirmations') await confirmations.handle(head)
        else if (head.collection === 'messages') await communications.messages(head)
        else if (head.collection === 'communications') await communications.texts(head)
        else if (head.collection === 'payments') await deposits(head)
        else await requests(head)
      }
      return []
    },
  }
}
