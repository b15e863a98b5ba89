/**
 * The answers of patients, written into InSched: each is judged by the event as it stands in the transaction that writes it
 * (DOM-3, DOM-4), the greatest time of confirming stands (DOM-2), and what was written is read back before it is said.
 * What confirms nothing is set aside, with a review that says why.
 */
import { derivedUlid } from '../../replica/ids.ts'
import { foldConfirmations, type Answer, type SetAsideReason } from '../../replica/kinds/confirmations.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { DocumentHead, Edit } from '../../replica/replica-face.ts'
import { zoneOf, type Context } from './documents.ts'
import type { Changes, Reads } from './insched.ts'
import { eventsOf } from './occurrences.ts'
import { setAsideEdits, typeOf } from './set-aside.ts'
import type { EventRow } from './rows.ts'
import type { WriterParts } from './writer-parts.ts'
import { instantOf, wallClockOf } from '../../mirror/wall-clock.ts'

/** What stands in InSched's row after an answer was written, and what is said of the answer. */
interface Stands {
  readonly row: EventRow | undefined
  readonly stands: { readonly lastConfirmed: string | null; readonly confirmationType: string | null }
  readonly written: { readonly lastConfirmed: string; readonly confirmationType: string }
}
type Judged = Stands | { readonly edits: Edit[] }

export interface ConfirmationParts extends WriterParts {
  readonly by: By
  /** The key of the site. */
  readonly site: string
  readonly context: (now: Reads) => Promise<Context>
  readonly hasOccurrences: boolean
}

/** Writes the answers of a confirmations document, and one answer for itself. */
export function confirmationWriter(parts: ConfirmationParts) {
  const { replica, insched, clock, by, context, upToDate, apply, isDone, patientRow, survivorOf, eventRow, review } =
    parts

  const confirmations = async (head: DocumentHead): Promise<void> => {
    const answers = foldConfirmations(await replica.entries('confirmations', head.key))
    const why = await closed(head.key)
    if (why !== undefined) {
      const waiting = answers.filter((answer) => answer.state === 'sent')
      if (waiting.length > 0) await replica.change(waiting.map((answer) => byHand(head.key, answer, why)))
      return
    }
    for (const answer of answers) if (answer.state === 'sent') await confirm(head, answer)
  }

  /** Why the agent can write no confirmation of this event; undefined where it can. */
  const closed = async (event: string): Promise<string | undefined> => {
    if (!parts.may.confirmations) return 'The mapping of this InSched database does not let the agent write confirmations.' // prettier-ignore
    const isSingle = ((await insched.identity(event))?.original_on ?? '') !== ''
    return isSingle && !parts.hasOccurrences
      ? 'It is one occurrence of a series, and this InSched database has no place for the confirmation of one occurrence.'
      : undefined
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
    const confirmed = wallClockOf(answer.at, zoneOf(await context(change), row?.location_id ?? null))
    // DOM-2: the greatest time stands, with its type; an older answer or a repeat changes nothing.
    const newer = !done && row && (row.last_confirmed_date === null || confirmed > row.last_confirmed_date)
    if (!done) await apply(change, effect, async () => void (newer && (await change.confirm(row, confirmed, type)))) // prettier-ignore
    const stands = newer
      ? { lastConfirmed: confirmed, confirmationType: type }
      : { lastConfirmed: row?.last_confirmed_date ?? null, confirmationType: row?.confirmation_type ?? null }
    // It was written before a crash, and staff have cleared or deleted it since.
    const written = { lastConfirmed: stands.lastConfirmed ?? confirmed, confirmationType: stands.confirmationType ?? type } // prettier-ignore
    return { row, stands, written }
  }

  /** What is said of an answer once it is committed in InSched: that it is written, and whether it was read back there. */
  const saidOf = async (event: string, answer: Answer, { row, stands, written }: Stands): Promise<Edit[]> => {
    const seen = row && (await eventsOf(insched, [{ local_id: row.event_id, original_on: row.original_on }], () => context(insched)))[0] // prettier-ignore
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
    return answer.at >= instantOf(row.starts_at, zoneOf(await context(now), row.location_id)) ? 'past' : undefined
  }

  /** The practice writes confirmations itself: the answer waits, and somebody is told. */
  const byHand = (event: string, answer: Answer, why: string): Edit =>
    review('confirmation set aside', {
      key: derivedUlid('confirmation by hand', event, answer.id),
      patient: answer.patient,
      event,
      why: `A patient confirmed ${answer.startsAt.replace('T', ' ')}. ${why}`,
      todo: 'Write it into the schedule by hand, or let the agent write it by the mapping.',
    })

  const setAside = (event: string, answer: Answer, why: SetAsideReason): Edit[] => setAsideEdits({ event, answer, why }, { by, site: parts.site, now: clock.now() }) // prettier-ignore

  return { handle: confirmations, confirm }
}
