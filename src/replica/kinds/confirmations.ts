/**
 * Confirmations of one event: what the patient answered, and what the owning site's writer made of each answer.
 * An answer holds for the start time that the patient saw (DOM-3).
 */
import * as v from 'valibot'
import { entryIdSchema, inOrder, instantSchema, saidSchema, ulidSchema, wallClockSchema, type Entry } from './kind.ts'

/** How the patient answered; the bridge turns it into InSched's confirmation type (DOM-5). */
export const confirmationChannels = ['portal', 'text', 'email', 'console'] as const
/** How a patient confirms to staff (DOM-5). */
export const spokenTypes = ['Phone', 'In Person'] as const
export type SpokenType = (typeof spokenTypes)[number]
/** Why an answer confirms nothing (DOM-3, DOM-4). */
export const setAsideReasons = [
  'moved',
  'canceled',
  'no show',
  'checked out',
  'deleted',
  'past',
  'unknown event',
  'another patient',
] as const
export type SetAsideReason = (typeof setAsideReasons)[number]

export const confirmationSchema = v.variant('kind', [
  v.object({
    kind: v.literal('answered'),
    ...saidSchema,
    channel: v.picklist(confirmationChannels),
    patient: ulidSchema,
    /** The start that the patient saw, wall clock of the event's location. */
    startsAt: wallClockSchema,
    /** Of channel console: the confirmation type, as staff chose it or as it stands in InSched. Left out it is by phone. */
    type: v.optional(v.pipe(v.string(), v.maxLength(40))),
  }),
  v.object({
    kind: v.literal('written'),
    ...saidSchema,
    answer: entryIdSchema,
    /** InSched's Last Confirmed Date after writing, wall clock of the event's location. */
    lastConfirmed: wallClockSchema,
    confirmationType: v.pipe(v.string(), v.maxLength(40)),
    /** When it was read in InSched again, after the transaction that wrote it; left out where something else stood there. */
    readBackAt: v.optional(instantSchema),
  }),
  v.object({
    kind: v.literal('set aside'),
    ...saidSchema,
    answer: entryIdSchema,
    why: v.picklist(setAsideReasons),
    /** The review that staff see. */
    review: ulidSchema,
  }),
])
export type ConfirmationEntry = v.InferOutput<typeof confirmationSchema>
type Answered = Entry<Extract<ConfirmationEntry, { kind: 'answered' }>>

/** What became of one answer. */
export type Answer = Answered &
  (
    | { readonly state: 'sent' }
    | {
        readonly state: 'written'
        readonly writtenAt: number
        /** When InSched was seen to have it; null where it was not. */
        readonly readBackAt: number | null
        readonly lastConfirmed: string
        readonly confirmationType: string
      }
    | { readonly state: 'set aside'; readonly why: SetAsideReason; readonly review: string }
  )

/** Each answer with its outcome, oldest first. Once written stays written, whatever else is said of the answer. */
export function foldConfirmations(entries: readonly Entry<ConfirmationEntry>[]): Answer[] {
  const ordered = entries.toSorted(inOrder)
  return ordered.flatMap((answer): Answer[] => {
    if (answer.kind !== 'answered') return []
    const written = ordered.find((entry) => entry.kind === 'written' && entry.answer === answer.id)
    if (written?.kind === 'written')
      return [
        {
          ...answer,
          state: 'written',
          writtenAt: written.at,
          readBackAt: written.readBackAt ?? null,
          lastConfirmed: written.lastConfirmed,
          confirmationType: written.confirmationType,
        },
      ]
    const aside = ordered.find((entry) => entry.kind === 'set aside' && entry.answer === answer.id)
    if (aside?.kind === 'set aside') return [{ ...answer, state: 'set aside', why: aside.why, review: aside.review }]
    return [{ ...answer, state: 'sent' }]
  })
}

/** The newest answer that was given for this start time, if there is one: what a page shows of an event. */
export function answerFor(answers: readonly Answer[], startsAt: string): Answer | undefined {
  const given = answers.filter((answer) => answer.startsAt === startsAt)
  return given.findLast((answer) => answer.state === 'written') ?? given.at(-1)
}
